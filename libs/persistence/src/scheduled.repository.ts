import type pg from "pg";
import { PRIORITIES, tenantOf, type JobPayload, type PublishItem } from "@tellwire/contract";

export type ScheduledStatus = "scheduled" | "sent" | "cancelled" | "failed";

export interface DueMessage {
  /** As it is to be appended now; the append turns it to `sent`, once. */
  item: PublishItem;
  /** Milliseconds until its time, by the database's clock. */
  earlyMs: number;
}

interface DueRow {
  id: string;
  topic: string;
  sender: string;
  role: PublishItem["role"];
  kind: string;
  body: Buffer;
  priority: number;
  headers: Buffer | null;
  correlation_id: string | null;
  expires_at: Date | null;
  recipient: string | null;
  outbox_id: string;
  early_ms: number;
}

const CANCEL = `
with cancelled as (
  update scheduled set status = 'cancelled', changed_at = now()
   where tenant_id = $1 and sender = $2 and id = $3 and status = 'scheduled'
  returning tenant_id, outbox_id
), gone as (
  delete from outbox o using cancelled c where o.tenant_id = c.tenant_id and o.id = c.outbox_id
)
select 1 from cancelled`;

/** Messages that wait for their time. */
export class ScheduledRepository {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Cancels a scheduled message, which only its sender may. Against the append
   * that sends it, exactly one of the two wins.
   * @returns what the message is now; null if the sender has scheduled no such message
   */
  async cancel(tenant: string, sender: string, id: string): Promise<ScheduledStatus | null> {
    const { rowCount } = await this.pool.query(CANCEL, [tenant, sender, id]);
    if (rowCount) return "cancelled";
    const { rows } = await this.pool.query<{ status: ScheduledStatus }>(
      "select status from scheduled where tenant_id = $1 and sender = $2 and id = $3",
      [tenant, sender, id],
    );
    return rows[0]?.status ?? null;
  }

  /** The message of a `schedule.send` job; null once it is no longer scheduled. */
  async load({ topic, sender, id }: JobPayload<"schedule.send">): Promise<DueMessage | null> {
    const { rows } = await this.pool.query<DueRow>(
      `select id, topic, sender, role, kind, body, priority, headers, correlation_id, expires_at,
              recipient, outbox_id, (extract(epoch from send_at - now()) * 1000)::float8 as early_ms
         from scheduled
        where tenant_id = $1 and topic = $2 and sender = $3 and id = $4 and status = 'scheduled'`,
      [tenantOf(topic), topic, sender, id],
    );
    const row = rows[0];
    return row === undefined ? null : { item: itemOf(row), earlyMs: row.early_ms };
  }

  /** How many messages are more than `ms` past their time. */
  async overdue(ms: number): Promise<number> {
    const { rows } = await this.pool.query<{ count: number }>(
      `select count(*)::int as count from scheduled
        where status = 'scheduled' and send_at < now() - $1 * interval '1 ms'`,
      [ms],
    );
    return rows[0]!.count;
  }
}

const itemOf = (row: DueRow): PublishItem => ({
  type: "publish",
  req: 0,
  id: row.id,
  topic: row.topic,
  from: row.sender,
  role: row.role,
  kind: row.kind,
  priority: PRIORITIES[row.priority]!,
  body: row.body,
  headers: row.headers,
  correlationId: row.correlation_id,
  expiresAt: row.expires_at?.getTime() ?? null,
  sendAt: null,
  ...(row.recipient !== null && { to: row.recipient }),
  outboxId: row.outbox_id,
  scheduled: true,
});
