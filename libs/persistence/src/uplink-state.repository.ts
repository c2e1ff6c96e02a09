import { sql, type Kysely } from "kysely";
import type { NetworkMud } from "@tellwire/contract";
import type { Database } from "./database.js";
import { held, LeaseLostError, type Lease } from "./lease.repository.js";

export interface NetworkChannel {
  host: string;
  type: 0 | 1 | 2;
}

/** What is known of a network: of one of its routers, whose ids the lists have. */
export interface NetworkState {
  passwords: Record<string, number>;
  listsRouter: string | null;
  mudlistId: number;
  chanlistId: number;
  muds: Map<string, NetworkMud>;
  channels: Map<string, NetworkChannel>;
}

/** A part of a list; null is a name that is no more. */
export interface ListDelta<Entry> {
  router: string;
  id: number;
  entries: Map<string, Entry | null>;
}

/**
 * What a network has told, kept so that the next holder of the link goes on from
 * it. Every write throws LeaseLostError, having changed nothing, once the lease has passed on.
 */
export class UplinkStateRepository {
  constructor(private readonly db: Kysely<Database>) {}

  async load(tenant: string): Promise<NetworkState> {
    const [state, muds, channels] = await Promise.all([
      this.db
        .selectFrom("uplink_state")
        .select(["passwords", "lists_router", "mudlist_id", "chanlist_id"])
        .where("tenant_id", "=", tenant)
        .executeTakeFirstOrThrow(),
      this.db
        .selectFrom("uplink_muds")
        .select(["name", "entry"])
        .where("tenant_id", "=", tenant)
        .execute(),
      this.db
        .selectFrom("uplink_chanlist")
        .select(["name", "host", "type"])
        .where("tenant_id", "=", tenant)
        .execute(),
    ]);
    return {
      passwords: state.passwords,
      listsRouter: state.lists_router,
      mudlistId: state.mudlist_id,
      chanlistId: state.chanlist_id,
      muds: new Map(muds.map(({ name, entry }) => [name, entry])),
      channels: new Map(channels.map(({ name, host, type }) => [name, { host, type }])),
    };
  }

  connected(lease: Lease, router: string): Promise<void> {
    return this.write(
      lease,
      sql`router = ${router}, connected_since = clock_timestamp(), last_error = null`,
    );
  }

  disconnected(lease: Lease, error: string | null): Promise<void> {
    return this.write(
      lease,
      sql`connected_since = null, last_error = coalesce(${error}, last_error)`,
    );
  }

  savePassword(lease: Lease, router: string, password: number): Promise<void> {
    return this.write(
      lease,
      sql`passwords = passwords || jsonb_build_object(${router}::text, ${password}::bigint)`,
    );
  }

  /** @param whole whether the delta is all there is: what was known is another router's */
  async saveMudlist(lease: Lease, delta: ListDelta<NetworkMud>, whole: boolean): Promise<void> {
    await this.db.transaction().execute(async (tx) => {
      const lists = { lists_router: delta.router, mudlist_id: delta.id };
      await begin(tx, lease, whole ? { ...lists, chanlist_id: 0 } : lists, whole);
      const { kept, gone } = parted(delta.entries);
      await sql`
        delete from uplink_muds where tenant_id = ${lease.tenant} and name = any(${gone})`.execute(
        tx,
      );
      await sql`
        insert into uplink_muds (tenant_id, name, entry)
        select ${lease.tenant}, x.name, x.entry
          from jsonb_to_recordset(${rowsOf(kept, (entry) => ({ entry }))}::jsonb)
            as x(name text, entry jsonb)
        on conflict (tenant_id, name) do update set entry = excluded.entry`.execute(tx);
    });
  }

  /** @param whole as for {@link saveMudlist} */
  async saveChanlist(
    lease: Lease,
    delta: ListDelta<NetworkChannel>,
    whole: boolean,
  ): Promise<void> {
    await this.db.transaction().execute(async (tx) => {
      const lists = { lists_router: delta.router, chanlist_id: delta.id };
      await begin(tx, lease, whole ? { ...lists, mudlist_id: 0 } : lists, whole);
      const { kept, gone } = parted(delta.entries);
      await sql`
        delete from uplink_chanlist
         where tenant_id = ${lease.tenant} and name = any(${gone})`.execute(tx);
      await sql`
        insert into uplink_chanlist (tenant_id, name, host, type)
        select ${lease.tenant}, x.name, x.host, x.type
          from jsonb_to_recordset(${rowsOf(kept, (entry) => ({ ...entry }))}::jsonb)
            as x(name text, host text, type smallint)
        on conflict (tenant_id, name) do update set host = excluded.host, type = excluded.type`.execute(
        tx,
      );
    });
  }

  private async write(lease: Lease, set: ReturnType<typeof sql>): Promise<void> {
    const { numAffectedRows } = await sql`
      with held as (${held(lease)})
      update uplink_state s set ${set} from held where s.tenant_id = ${lease.tenant}`.execute(
      this.db,
    );
    if (numAffectedRows !== 1n) throw new LeaseLostError(lease);
  }
}

/** Whose lists these are, and their new id; with the lease held until the transaction ends. */
async function begin(
  tx: Kysely<Database>,
  lease: Lease,
  lists: { lists_router: string; mudlist_id?: number; chanlist_id?: number },
  whole: boolean,
): Promise<void> {
  const { rows } = await held(lease).execute(tx);
  if (rows.length === 0) throw new LeaseLostError(lease);
  await tx.updateTable("uplink_state").set(lists).where("tenant_id", "=", lease.tenant).execute();
  if (!whole) return;
  await tx.deleteFrom("uplink_muds").where("tenant_id", "=", lease.tenant).execute();
  await tx.deleteFrom("uplink_chanlist").where("tenant_id", "=", lease.tenant).execute();
}

function parted<Entry>(entries: Map<string, Entry | null>): {
  kept: [string, Entry][];
  gone: string[];
} {
  const kept = [...entries].filter((each): each is [string, Entry] => each[1] !== null);
  const gone = [...entries].filter(([, entry]) => entry === null).map(([name]) => name);
  return { kept, gone };
}

const rowsOf = <Entry>(kept: [string, Entry][], columns: (entry: Entry) => object): string =>
  JSON.stringify(kept.map(([name, entry]) => ({ ...columns(entry), name })));
