import type pg from "pg";
import { tenantOf, TOMBSTONE, type JobPayload } from "@tellwire/contract";
import type { OutboxRef } from "./outbox.repository.js";

/** The given time prunes the search to one partition. */
const ERASE = `
with target as (
  select m.tenant_id, m.topic_id, m.seq, m.at, m.expires_at
    from topics t
    join messages m on m.tenant_id = t.tenant_id and m.topic_id = t.topic_id
   where t.tenant_id = $1 and t.topic = $2 and m.seq = $3 and m.at = $4
), erased as (
  update messages m
     set erased = true, kind = '${TOMBSTONE}', body = 'null', headers = null, correlation_id = null,
         expires_at = null
    from target x
   where m.tenant_id = x.tenant_id and m.topic_id = x.topic_id and m.seq = x.seq and m.at = $4
     and x.expires_at <= now()
), done as (
  delete from outbox where tenant_id = $5 and id = $6
     and not exists (select from target where expires_at > now())
)
select greatest(extract(epoch from expires_at - now()) * 1000, 0)::float8 as "earlyMs" from target`;

/** Erases messages whose time is over; their place in the order stays, as a tombstone. */
export class ExpiryRepository {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Erases the message of a `message.expire` job and completes its outbox row, in one transaction.
   * @returns milliseconds that are left until then by the database's clock; 0 if it is done
   */
  async expire(row: OutboxRef, { topic, seq, at }: JobPayload<"message.expire">): Promise<number> {
    const { rows } = await this.pool.query<{ earlyMs: number | null }>(ERASE, [
      tenantOf(topic),
      topic,
      seq,
      new Date(at),
      row.tenant,
      row.id,
    ]);
    return rows[0]?.earlyMs ?? 0;
  }
}
