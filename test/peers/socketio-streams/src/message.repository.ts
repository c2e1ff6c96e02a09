import type { Pool } from "pg";

const INSERT = `INSERT INTO messages (topic, sender, body) VALUES ($1, $2, $3) RETURNING id, seq, at`;

export interface Stored {
  id: string;
  seq: number;
  at: string;
}

export class MessageRepository {
  constructor(private readonly pool: Pool) {}

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
