import type pg from "pg";
import type { OutboxKind } from "@tellwire/contract";
import type { OutboxRef } from "./outbox.repository.js";

/** Work that failed for good, until an operator has it done again. */
export interface DeadLetter extends OutboxRef {
  kind: OutboxKind;
  payload: unknown;
  error: string;
  attempts: number;
  failedAt: Date;
  replayedAt: Date | null;
}

const MAX_ERROR = 2000;
const COUNTED = 10_000;

const PARK = `
with gone as (
  delete from outbox o using unnest($1::text[], $2::uuid[]) as r(tenant_id, id)
   where o.tenant_id = r.tenant_id and o.id = r.id
  returning o.*
), failed as (
  update scheduled s set status = 'failed', changed_at = now()
    from gone g
   where g.kind = 'schedule.send' and s.status = 'scheduled' and s.tenant_id = g.tenant_id
     and s.topic = g.payload->>'topic' and s.sender = g.payload->>'sender'
     and s.id = (g.payload->>'id')::uuid
)
insert into dead_letters (tenant_id, id, kind, payload, error, attempts, due_at)
select tenant_id, id, kind, payload, $3, attempts, due_at from gone
    on conflict (tenant_id, id) do update
   set error = excluded.error, attempts = excluded.attempts, failed_at = now(), replayed_at = null`;

const LIST = `
select tenant_id as tenant, id, kind, payload, error, attempts, failed_at as "failedAt",
       replayed_at as "replayedAt"
  from dead_letters
 where ($1::text is null or tenant_id = $1) and (replayed_at is null or $2)
 order by failed_at desc limit $3`;

const REPLAY = `
with letter as (
  update dead_letters set replayed_at = now()
   where tenant_id = $1 and ($2::uuid[] is null or id = any($2)) and replayed_at is null
  returning *
), again as (
  update scheduled s set status = 'scheduled', changed_at = now()
    from letter l
   where l.kind = 'schedule.send' and s.status = 'failed' and s.tenant_id = l.tenant_id
     and s.topic = l.payload->>'topic' and s.sender = l.payload->>'sender'
     and s.id = (l.payload->>'id')::uuid
)
insert into outbox (tenant_id, id, kind, payload, due_at, next_at)
select tenant_id, id, kind, payload, due_at, now() from letter
    on conflict do nothing`;

export class DeadLetterRepository {
  constructor(private readonly pool: pg.Pool) {}

  /** Moves outbox rows here, in one transaction. Rows that are gone were done meanwhile. */
  async park(refs: readonly OutboxRef[], error: string): Promise<void> {
    await this.pool.query(PARK, [
      refs.map((ref) => ref.tenant),
      refs.map((ref) => ref.id),
      // An error may quote what it choked on.
      error.replaceAll("\u0000", "").slice(0, MAX_ERROR),
    ]);
  }

  /** Newest first; of every tenant unless one is named, and without those replayed unless asked for. */
  async list(options: {
    tenant?: string;
    replayed?: boolean;
    limit: number;
  }): Promise<DeadLetter[]> {
    const { rows } = await this.pool.query<DeadLetter>(LIST, [
      options.tenant ?? null,
      options.replayed ?? false,
      options.limit,
    ]);
    return rows;
  }

  /** How many wait to be replayed; at most 10,000 are counted. */
  async waiting(): Promise<number> {
    const { rows } = await this.pool.query<{ count: number }>(
      `select count(*)::int as count
         from (select from dead_letters where replayed_at is null limit ${COUNTED}) x`,
    );
    return rows[0]!.count;
  }

  /**
   * Puts a tenant's letters back into the outbox: those named, or all.
   * @returns how many were put back
   */
  async replay(tenant: string, ids: readonly string[] | null): Promise<number> {
    const { rowCount } = await this.pool.query(REPLAY, [tenant, ids]);
    return rowCount ?? 0;
  }
}
