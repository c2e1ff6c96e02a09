import type { Pool } from "pg";

/** `seq` is one sequence for all rooms: rooms have no gapless order of their own here. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS messages (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    topic text NOT NULL,
    sender text NOT NULL,
    body jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
  );
  CREATE INDEX IF NOT EXISTS messages_by_topic ON messages (topic, seq);
`;

/** Any fixed number; it keeps instances that start together from creating the table twice. */
const SCHEMA_LOCK = 4_802_001;

/** Creates the table, and refuses a database that would acknowledge what is not on disk. */
export async function prepareSchema(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    for (const setting of ["fsync", "synchronous_commit"]) {
      const { rows } = await client.query(`SELECT current_setting($1) AS value`, [setting]);
      if (rows[0]?.value !== "on") throw new Error(`Postgres runs with ${setting} off`);
    }
    await client.query("BEGIN");
    await client.query("SELECT pg_advisory_xact_lock($1)", [SCHEMA_LOCK]);
    await client.query(SCHEMA);
    await client.query("COMMIT");
  } finally {
    client.release();
  }
}
