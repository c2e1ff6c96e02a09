import pg from "pg";

/** SQLSTATE classes that blame the data: bad values, broken constraints, limits of an index or row. */
const REFUSING_CLASSES = new Set(["22", "23", "54"]);
/** A parameter that Postgres could not read; from PgBouncer the same code is a broken connection. */
const PROTOCOL_VIOLATION = "08P01";

/**
 * Whether the database refused the data itself, so that the same call can never
 * succeed. Whoever sent a batch halves it until the culprit is found.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof RangeError) return true; // No parameter could be made of it.
  if (!(error instanceof pg.DatabaseError) || error.code === undefined) return false;
  if (error.code === PROTOCOL_VIOLATION) return error.severity === "ERROR";
  return REFUSING_CLASSES.has(error.code.slice(0, 2));
}

const QUERY_CANCELED = "57014";

/** Whether a statement took longer than the server allows: in smaller parts it may fit. */
export const isTimeout = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.code === QUERY_CANCELED;

/** What passes by itself: full disk or memory, shutdown, lost locks and deadlocks, a standby. */
const TEMPORARY_CLASSES = new Set(["08", "40", "53", "55", "57", "58"]);
const READ_ONLY = "25006";

/**
 * Whether the same call may succeed later, unchanged: the database is away,
 * busy, read-only or full. Anything that is not an answer of the database is a
 * connection that broke.
 */
export function isTemporary(error: unknown): boolean {
  if (isRefusal(error)) return false;
  if (!(error instanceof pg.DatabaseError)) return isConnectionError(error);
  const code = error.code ?? "08000";
  return code === READ_ONLY || TEMPORARY_CLASSES.has(code.slice(0, 2));
}

const CONNECTION_MESSAGES =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|client has encountered a connection error/i;

function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.every(isConnectionError);
  const code = (error as NodeJS.ErrnoException).code;
  return (code !== undefined && /^E[A-Z_]+$/.test(code)) || CONNECTION_MESSAGES.test(error.message);
}
