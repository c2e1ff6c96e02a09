import type pg from "pg";
import { tenantOf, type StoredMessage } from "@tellwire/contract";
import { storedMessage, type MessageRow } from "./message-row.js";

/** The payload of a `message.copy` row: which message is to be copied. */
export interface CopySource {
  topic: string;
  seq: number;
  /** Milliseconds since 1970. */
  at: number;
}

/** The bounds of the times let the planner leave out every partition but one or two. */
const ORIGINALS = `
select w.ord::int as ord, m.seq, m.at, m.id, m.sender, m.kind, m.body, m.priority, m.headers,
       m.correlation_id, m.expires_at, m.recipient,
       coalesce((s.settings->>'shared_inbox')::boolean, false) as shares_inbox
  from unnest($1::text[], $2::text[], $3::bigint[]) with ordinality as w(tenant_id, topic, seq, ord)
  join topics t on t.tenant_id = w.tenant_id and t.topic = w.topic
  join messages m on m.tenant_id = t.tenant_id and m.topic_id = t.topic_id and m.seq = w.seq
  left join tenants s on s.tenant_id = split_part(m.sender, '@', 2)
 where m.at between $4 and $5 and not m.erased`;

export interface CopyOriginal {
  message: StoredMessage;
  /** Whether its sender's inbox is part of a shared one. */
  sharesInbox: boolean;
}

/** The messages of which a sender's own inbox gets a copy. */
export class CopyRepository {
  constructor(private readonly pool: pg.Pool) {}

  /** In the order of the sources; null for what has been erased or dropped since. */
  async originals(sources: readonly CopySource[]): Promise<(CopyOriginal | null)[]> {
    const found: (CopyOriginal | null)[] = sources.map(() => null);
    if (sources.length === 0) return found;
    const times = sources.map((source) => source.at);
    const { rows } = await this.pool.query<MessageRow & { ord: number; shares_inbox: boolean }>(
      ORIGINALS,
      [
        sources.map((source) => tenantOf(source.topic)),
        sources.map((source) => source.topic),
        sources.map((source) => source.seq),
        new Date(Math.min(...times)),
        new Date(Math.max(...times)),
      ],
    );
    for (const row of rows) {
      const message = storedMessage(sources[row.ord - 1]!.topic, row);
      found[row.ord - 1] = { message, sharesInbox: row.shares_inbox };
    }
    return found;
  }
}
