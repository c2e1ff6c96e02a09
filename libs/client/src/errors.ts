import type { WireError } from "./types.js";

/** The server's definite or temporary refusal of one request. */
export class RequestError extends Error {
  constructor(readonly wire: WireError) {
    super(wire.message);
    this.name = "RequestError";
  }

  /** The error's name in the catalogue: `not_permitted`, `overloaded`, … */
  get reason(): string {
    return this.wire.name;
  }

  get code(): number {
    return this.wire.code;
  }

  /** Whether the same request may succeed later, unchanged. */
  get temporary(): boolean {
    return this.wire.temporary;
  }

  /** Milliseconds the server asks to wait; 0 if it says nothing. */
  get retryAfterMs(): number {
    return (this.wire.retry_after ?? 0) * 1000;
  }

  get data(): unknown {
    return this.wire.data;
  }
}

/** The connection went before the answer came: the request may or may not have been done. */
export class ConnectionLostError extends Error {
  constructor(message = "The connection was lost before the answer came") {
    super(message);
    this.name = "ConnectionLostError";
  }
}

/** No answer in time on a living connection: the request may or may not have been done. */
export class RequestTimeoutError extends Error {
  constructor(operation: string) {
    super(`No answer to ${operation} in time`);
    this.name = "RequestTimeoutError";
  }
}

/** The client was closed, by its owner or because the server told it not to come back. */
export class ClientClosedError extends Error {
  constructor(message = "The client is closed", options?: ErrorOptions) {
    super(message, options);
    this.name = "ClientClosedError";
  }
}

const TEMPORARY_CODES: ReadonlySet<unknown> = new Set([-32603, -32001, -32004, -32005]);

/**
 * An error object from the wire. JSON-RPC keeps everything but code and message
 * in `data`; a peer that leaves the rest out is judged by its code.
 */
export function requestErrorFrom(raw: unknown): RequestError {
  const given = isObject(raw) ? raw : {};
  const inner = isObject(given["data"]) && "temporary" in given["data"] ? given["data"] : given;
  const code = typeof given["code"] === "number" ? given["code"] : -32603;
  const wire: WireError = {
    code,
    name: typeof inner["name"] === "string" ? inner["name"] : "internal",
    message: typeof given["message"] === "string" ? given["message"] : "Internal error",
    temporary:
      typeof inner["temporary"] === "boolean" ? inner["temporary"] : TEMPORARY_CODES.has(code),
  };
  if (typeof inner["retry_after"] === "number") wire.retry_after = inner["retry_after"];
  if (inner["data"] !== undefined) wire.data = inner["data"];
  return new RequestError(wire);
}

/** Whether trying the same again, unchanged, may bring a definite answer. */
export function worthRetrying(error: unknown): boolean {
  return error instanceof RequestError
    ? error.temporary
    : error instanceof ConnectionLostError || error instanceof RequestTimeoutError;
}

/** Whether the error is about the session, so that a new one may do what this one could not. */
export function isSessionError(error: unknown): boolean {
  return (
    error instanceof RequestError &&
    (error.reason === "session_expired" || error.reason === "not_authenticated")
  );
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
