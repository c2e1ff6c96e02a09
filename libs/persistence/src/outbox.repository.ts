import type pg from "pg";
import type { OutboxKind } from "@tellwire/contract";

/** Names an outbox row. */
export interface OutboxRef {
  tenant: string;
  id: string;
}

export interface OutboxRow extends OutboxRef {
  kind: OutboxKind;
  payload: unknown;
  /** Milliseconds until it is due, by the database's clock; negative once it is overdue. */
  dueIn: number;
  /** How often it was offered, this time included. */
  attempts: number;
}

/** How much of the outbox is looked at to tell its depth. */
const DEPTH_LIMIT = 10_000;

/**
 * Offers rows again after 5 s, then 10, 20 … 320 s: a row goes only when what it
 * asks for is done, and whoever took it up may have been lost on the way.
 */
const CLAIM = `
update outbox o
   set attempts = o.attempts + 1,
       next_at = now() + interval '5 seconds' * power(2, least(o.attempts, 6))
  from (select tenant_id, id from outbox where next_at <= now()
         order by next_at limit $1 for update skip locked) c
 where o.tenant_id = c.tenant_id and o.id = c.id
returning o.tenant_id as tenant, o.id, o.kind, o.payload, o.attempts,
          (extract(epoch from o.due_at - now()) * 1000)::float8 as "dueIn"`;

const REFS = "unnest($1::text[], $2::uuid[]) as r(tenant_id, id)";

/** The work that was born in the log's transactions. Several relays may share it. */
export class OutboxRepository {
  constructor(private readonly pool: pg.Pool) {}

  /** Takes up to `limit` rows whose turn it is; nobody else is offered them for some seconds. */
  async claim(limit: number): Promise<OutboxRow[]> {
    const { rows } = await this.pool.query<OutboxRow>(CLAIM, [limit]);
    return rows;
  }

  /** Deletes rows whose work is done, or has become pointless. */
  async done(refs: readonly OutboxRef[]): Promise<void> {
    await this.pool.query(
      `delete from outbox o using ${REFS} where o.tenant_id = r.tenant_id and o.id = r.id`,
      columns(refs),
    );
  }

  /** Has rows offered again after `ms`, because this attempt did not get through. */
  async postpone(refs: readonly OutboxRef[], ms: number): Promise<void> {
    await this.pool.query(
      `update outbox o set next_at = now() + $3 * interval '1 ms' from ${REFS}
        where o.tenant_id = r.tenant_id and o.id = r.id`,
      [...columns(refs), ms],
    );
  }

  /** Has every row that was offered before offered again at once: what it became has been lost. */
  async rouse(): Promise<number> {
    const { rowCount } = await this.pool.query(
      "update outbox set next_at = now(), attempts = 0 where attempts > 0",
    );
    return rowCount ?? 0;
  }

  /** Rows that are due and not done (at most 10,000 are counted), and how late the latest is. */
  async depth(): Promise<{ due: number; oldestMs: number }> {
    const { rows } = await this.pool.query<{ due: number; oldestMs: number }>(
      `select count(*)::int as due,
              coalesce(max(extract(epoch from now() - due_at) * 1000), 0)::float8 as "oldestMs"
         from (select due_at from outbox where next_at <= now() + interval '320 seconds'
                 and due_at <= now() limit ${DEPTH_LIMIT}) x`,
    );
    return rows[0]!;
  }
}

const columns = (refs: readonly OutboxRef[]): [string[], string[]] => [
  refs.map((ref) => ref.tenant),
  refs.map((ref) => ref.id),
];
