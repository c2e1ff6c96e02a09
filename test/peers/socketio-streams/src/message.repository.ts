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
const SCHEMA_LOCK = 4_802_002;

const INSERT = `INSERT INTO messages (topic, sender, body) VALUES ($1, $2, $3) RETURNING id, seq, at`;

export interface Stored {
  id: string;
  seq: number;
  at: string;
}

export class MessageRepository {
  constructor(private readonly pool: Pool) {}

  /** Creates the table, and refuses a database that would acknowledge what is not on disk. */
  async prepare(): Promise<void> {
    const client = await this.pool.connect();
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

  /** Resolves once the row is committed and flushed. */
  async insert(topic: string, sender: string, body: unknown): Promise<Stored> {
    const { rows } = await this.pool.query<{ id: string; seq: string; at: Date }>(INSERT, [
      topic,
      sender,
      JSON.stringify(body),
    ]);
    const { id, seq, at } = rows[0]!;
    return { id, seq: Number(seq), at: at.toISOString() };
  }
}
