import type pg from "pg";
import type { PublishItem, TopicHead } from "@tellwire/contract";
import {
  decodeHeads,
  decodeResults,
  encodeBatch,
  type AppendOutcome,
  type AppendResult,
} from "./append-batch.js";

export interface AppendBatch {
  publishes: readonly PublishItem[];
  /** Canonical topics whose heads are wanted, as they are after this append. */
  heads: readonly string[];
}

export interface Appended {
  /** In the order of the publishes. */
  results: AppendResult[];
  /** In the order in which they were wanted. Topics without messages have head 0. */
  heads: TopicHead[];
}

const CALL = `select tellwire_append($1::text[], $2::int[], $3::uuid[], $4::text[], $5::text[],
  $6::smallint[], $7::bytea[], $8::bytea[], $9::text[], $10::timestamptz[], $11::timestamptz[],
  $12::uuid[], $13::boolean, $14::text[], $15::text[]) as outcome`;

/** The one place where messages enter the log. */
export class AppendRepository {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Appends a batch: one call, one transaction. When it resolves, all of it is
   * committed and synced; when it rejects, the caller does not know, and appends
   * the same batch again: what was committed comes back as duplicates.
   * @throws what the database said: `isRefusal` tells whether some publish of the batch is the cause
   */
  async append({ publishes, heads }: AppendBatch): Promise<Appended> {
    const { parameters, firsts } = encodeBatch(publishes, heads);
    const { rows } = await this.pool.query<{ outcome: AppendOutcome }>(CALL, parameters);
    const { outcome } = rows[0]!;
    return {
      results: decodeResults(publishes, firsts, outcome),
      heads: decodeHeads(heads, outcome),
    };
  }
}
