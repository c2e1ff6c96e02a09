import { sql, type Kysely, type RawBuilder } from "kysely";
import type { Database } from "./database.js";

/** The right to do, alone, what the name says. */
export interface Lease {
  tenant: string;
  name: string;
  /** Fences: whatever is written under it is refused once somebody else has taken the lease. */
  token: number;
}

/** Somebody else has the lease: whoever wrote must stop at once. */
export class LeaseLostError extends Error {
  constructor({ tenant, name }: Lease) {
    super(`The lease ${name} of ${tenant} has passed on`);
    this.name = "LeaseLostError";
  }
}

/** Leases that run out by the database's clock; no other clock decides who has one. */
export class LeaseRepository {
  constructor(private readonly db: Kysely<Database>) {}

  /** @returns null while somebody has it */
  async acquire(
    tenant: string,
    name: string,
    holder: string,
    forMs: number,
  ): Promise<Lease | null> {
    const { rows } = await sql<{ token: number }>`
      insert into leases as l (tenant_id, name, holder, token, expires_at)
      values (${tenant}, ${name}, ${holder}, 1, ${inMs(forMs)})
      on conflict (tenant_id, name) do update
        set holder = excluded.holder, token = l.token + 1, expires_at = ${inMs(forMs)}
        where l.expires_at <= clock_timestamp()
      returning token`.execute(this.db);
    const [taken] = rows;
    return taken === undefined ? null : { tenant, name, token: taken.token };
  }

  /**
   * A lease that ran out, and that nobody has taken since, is renewed as well.
   * @returns false if it has passed on
   */
  async renew({ tenant, name, token }: Lease, forMs: number): Promise<boolean> {
    const { numAffectedRows } = await sql`
      update leases set expires_at = ${inMs(forMs)}
       where tenant_id = ${tenant} and name = ${name} and token = ${token}`.execute(this.db);
    return numAffectedRows === 1n;
  }

  /** Hands it over: the next who asks has it. */
  async release({ tenant, name, token }: Lease): Promise<void> {
    await sql`
      update leases set expires_at = '-infinity'
       where tenant_id = ${tenant} and name = ${name} and token = ${token}`.execute(this.db);
  }
}

const inMs = (ms: number): RawBuilder<Date> => sql`clock_timestamp() + ${ms} * interval '1 ms'`;

/**
 * One row while nobody else has taken the lease. Nobody can before the
 * transaction ends: who takes it waits for this lock. For `with held as (…)`.
 */
export const held = ({ tenant, name, token }: Lease): RawBuilder<unknown> =>
  sql`select 1 from leases
       where tenant_id = ${tenant} and name = ${name} and token = ${token} for share`;
