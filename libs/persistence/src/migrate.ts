import pg from "pg";
import { MIGRATIONS } from "./migrations/index.js";

/**
 * What every connection of this database starts with. Set on the database,
 * because behind a transaction pool a session cannot keep settings of its own.
 */
const DATABASE_SETTINGS = {
  statement_timeout: "15s",
  lock_timeout: "10s",
  idle_in_transaction_session_timeout: "30s",
  // Compiling costs more than the short statements here take.
  jit: "off",
};

/**
 * Brings the schema up to date, in one transaction: it is wholly there or not
 * at all. Safe to run again and by several at once; the second waits. Works
 * directly and through a transaction pool.
 * @returns the names of the migrations that were applied now
 */
export async function migrate(url: string): Promise<string[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  client.on("error", () => {}); // The query under way rejects as well.
  await client.connect();
  try {
    await client.query("begin");
    await client.query(
      "set local statement_timeout = 0; set local lock_timeout = 0; " +
        "select pg_advisory_xact_lock(hashtext('tellwire migrate'))",
    );
    await client.query(
      "create table if not exists schema_migrations (version int not null, name text not null, " +
        "applied_at timestamptz not null default now())",
    );
    const { rows } = await client.query<{ version: number }>(
      "select version from schema_migrations",
    );
    const done = new Set(rows.map((row) => row.version));
    const due = MIGRATIONS.filter((migration) => !done.has(migration.version));
    for (const { version, name, sql } of due) {
      await client.query(sql);
      await client.query("insert into schema_migrations (version, name) values ($1, $2)", [
        version,
        name,
      ]);
    }
    if (due.length > 0) await client.query(settingsStatement());
    await client.query("commit");
    return due.map((migration) => migration.name);
  } finally {
    await client.end().catch(() => {});
  }
}

/** Only the owner of a database may set these: without them it works, less well guarded. */
function settingsStatement(): string {
  const lines = Object.entries(DATABASE_SETTINGS).map(
    ([name, value]) =>
      `execute format('alter database %I set ${name} = %L', current_database(), '${value}');`,
  );
  return `do $$ begin ${lines.join(" ")} exception when insufficient_privilege then
    raise notice 'not the owner of the database: timeouts stay as they are'; end $$`;
}
