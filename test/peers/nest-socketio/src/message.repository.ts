import { Inject, Injectable } from "@nestjs/common";
import { Pool } from "pg";

export interface NewMessage {
  topic: string;
  from: string;
  body: unknown;
}

interface InsertedRow {
  id: string;
  seq: string;
  at: Date;
}

@Injectable()
export class MessageRepository {
  constructor(@Inject(Pool) private readonly pool: Pool) {}

  /** Resolves once the row is committed and flushed: synchronous_commit is on. */
  async insert(message: NewMessage): Promise<{ id: string; seq: number; at: Date }> {
    const { rows } = await this.pool.query<InsertedRow>(
      `INSERT INTO messages (topic, sender, body) VALUES ($1, $2, $3) RETURNING id, seq, at`,
      [message.topic, message.from, JSON.stringify(message.body)],
    );
    const row = rows[0];
    if (!row) throw new Error("INSERT returned no row");
    return { id: row.id, seq: Number(row.seq), at: row.at };
  }
}
