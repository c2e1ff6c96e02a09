import { Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import type { DatabaseConfig } from "@tellwire/config";
import type { ConsumerTables } from "./consumer-tables.js";
import type { IntermudTables } from "./intermud-tables.js";
import type { LogTables } from "./log-tables.js";
import type { TenancyTables } from "./tenancy-tables.js";
import type { UplinkTables } from "./uplink-tables.js";

export interface Database
  extends LogTables, TenancyTables, ConsumerTables, UplinkTables, IntermudTables {}

/** Milliseconds after which a call counts as lost; longer than the server's own statement timeout. */
const QUERY_TIMEOUT = 20_000;

/** A pool of connections to Postgres, through PgBouncer, for repositories to share. */
export class DatabaseConnection {
  readonly db: Kysely<Database>;

  constructor(readonly pool: pg.Pool) {
    this.db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  }

  /**
   * Refuses a database that could lose what it has acknowledged.
   * @throws Error naming the setting
   */
  async assertDurable(): Promise<void> {
    for (const setting of ["fsync", "synchronous_commit", "full_page_writes"]) {
      const { rows } = await this.pool.query<{ value: string }>(
        "select current_setting($1) as value",
        [setting],
      );
      if (rows[0]?.value === "off") throw new Error(`Postgres runs with ${setting} = off`);
    }
  }

  async close(): Promise<void> {
    await this.db.destroy();
    // Kysely leaves a pool open that it has never used itself.
    if (!this.pool.ending) await this.pool.end();
  }
}

/**
 * Opens no connection yet: Postgres may come up later. Whole numbers of 64 bits
 * (seqs) are read as numbers.
 */
export function connectDatabase(config: DatabaseConfig & { name?: string }): DatabaseConnection {
  const pool = new pg.Pool({
    connectionString: config.databaseUrl,
    max: config.databasePool,
    connectionTimeoutMillis: 5_000,
    query_timeout: QUERY_TIMEOUT,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: config.name ?? "tellwire",
    types: { getTypeParser },
  });
  // A broken connection is replaced at the next use, and the query under way rejects by itself:
  // without listeners, one that breaks while idle or between two statements would end the process.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return new DatabaseConnection(pool);
}

const getTypeParser = ((oid: number, format?: "text" | "binary") =>
  oid === pg.types.builtins.INT8
    ? Number
    : pg.types.getTypeParser(oid, format as "text")) as typeof pg.types.getTypeParser;
