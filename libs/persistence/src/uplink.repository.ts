import { sql, type Kysely } from "kysely";
import { formatTopic, type NetworkMudDescription } from "@tellwire/contract";
import { ConsumerRepository } from "./consumer.repository.js";
import type { Database } from "./database.js";
import type { NetworkRouter } from "./uplink-tables.js";

/** A tenant's link to a foreign Intermud network, as an operator has set it up. */
export interface Uplink {
  tenant: string;
  federation: string;
  mud: string;
  description: NetworkMudDescription;
  routers: NetworkRouter[];
  home: string | null;
  enabled: boolean;
  version: number;
}

/** An uplink as an operator sees it. */
export interface UplinkStatus extends Uplink {
  channels: { channel: string; remote: string }[];
  /** The process that has the link, if one has. */
  holder: string | null;
  router: string | null;
  connectedSince: Date | null;
  lastError: string | null;
  muds: number;
}

/** The consumer that carries messages out, and the lease under which it does. */
export const UPLINK = "uplink";

export class UplinkRepository {
  constructor(private readonly db: Kysely<Database>) {}

  /** Carries what comes to the tenant's inbox from now on. @returns false if the tenant has an uplink */
  async add(uplink: Omit<Uplink, "enabled" | "version">): Promise<boolean> {
    const { tenant, description, routers, ...rest } = uplink;
    return this.db.transaction().execute(async (tx) => {
      const made = await tx
        .insertInto("uplinks")
        .values({
          ...rest,
          tenant_id: tenant,
          description: JSON.stringify(description),
          routers: JSON.stringify(routers),
          // One that is removed and added again is another one to whoever holds it.
          version: sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`,
        })
        .onConflict((clash) => clash.doNothing())
        .executeTakeFirst();
      if (made.numInsertedOrUpdatedRows !== 1n) return false;
      await sql`insert into uplink_state (tenant_id) values (${tenant})`.execute(tx);
      // Everything before now stays where it was said.
      await new ConsumerRepository(tx).begin(tenant, UPLINK, `inbox@${tenant}`);
      return true;
    });
  }

  async find(tenant: string): Promise<Uplink | null> {
    const rows = await this.select().where("tenant_id", "=", tenant).execute();
    return rows[0] ?? null;
  }

  /** Those that are to be linked, with whether nobody has the lease. */
  async enabled(): Promise<{ tenant: string; version: number; free: boolean }[]> {
    const { rows } = await sql<{ tenant: string; version: number; free: boolean }>`
      select u.tenant_id as tenant, u.version,
             l.token is null or l.expires_at <= clock_timestamp() as free
        from uplinks u left join leases l on l.tenant_id = u.tenant_id and l.name = ${UPLINK}
       where u.enabled order by u.tenant_id`.execute(this.db);
    return rows;
  }

  async list(): Promise<UplinkStatus[]> {
    const { rows } = await sql<UplinkStatus>`
      select u.tenant_id as tenant, u.federation, u.mud, u.description, u.routers, u.home,
             u.enabled, u.version, s.router, s.connected_since as "connectedSince",
             s.last_error as "lastError",
             case when l.expires_at > clock_timestamp() then l.holder end as holder,
             (select count(*)::int from uplink_muds m where m.tenant_id = u.tenant_id) as muds,
             coalesce((select jsonb_agg(jsonb_build_object('channel', c.channel, 'remote', c.remote)
                                order by c.channel)
                         from uplink_channels c where c.tenant_id = u.tenant_id), '[]') as channels
        from uplinks u
        join uplink_state s on s.tenant_id = u.tenant_id
        left join leases l on l.tenant_id = u.tenant_id and l.name = ${UPLINK}
       order by u.tenant_id`.execute(this.db);
    return rows;
  }

  /** What waits is carried when it is enabled again, as far as it has not expired by then. */
  async setEnabled(tenant: string, enabled: boolean): Promise<boolean> {
    const done = await this.db
      .updateTable("uplinks")
      .set({ enabled, version: sql<number>`version + 1` })
      .where("tenant_id", "=", tenant)
      .executeTakeFirst();
    return done.numUpdatedRows === 1n;
  }

  /** With all it knew of the network, its password too. */
  async remove(tenant: string): Promise<boolean> {
    return this.db.transaction().execute(async (tx) => {
      await tx
        .deleteFrom("consumer_cursors")
        .where("tenant_id", "=", tenant)
        .where("consumer", "=", UPLINK)
        .execute();
      const gone = await tx
        .deleteFrom("uplinks")
        .where("tenant_id", "=", tenant)
        .executeTakeFirst();
      return gone.numDeletedRows === 1n;
    });
  }

  /**
   * Joins a channel of the federation and one of the network.
   * @returns false if either is joined to another one already
   */
  async carry(uplink: Uplink, channel: string, remote: string): Promise<boolean> {
    const { tenant } = uplink;
    return this.db.transaction().execute(async (tx) => {
      const made = await tx
        .insertInto("uplink_channels")
        .values({ tenant_id: tenant, channel, remote })
        .onConflict((clash) => clash.doNothing())
        .executeTakeFirst();
      if (made.numInsertedOrUpdatedRows !== 1n) return false;
      await new ConsumerRepository(tx).begin(tenant, UPLINK, carriedTopic(uplink, channel));
      await changed(tx, tenant);
      return true;
    });
  }

  /** @returns false if it was not carried */
  async drop(uplink: Uplink, channel: string): Promise<boolean> {
    const { tenant } = uplink;
    return this.db.transaction().execute(async (tx) => {
      const gone = await tx
        .deleteFrom("uplink_channels")
        .where("tenant_id", "=", tenant)
        .where("channel", "=", channel)
        .executeTakeFirst();
      if (gone.numDeletedRows !== 1n) return false;
      await new ConsumerRepository(tx).end(tenant, UPLINK, carriedTopic(uplink, channel));
      await changed(tx, tenant);
      return true;
    });
  }

  channels(tenant: string): Promise<{ channel: string; remote: string }[]> {
    return this.db
      .selectFrom("uplink_channels")
      .select(["channel", "remote"])
      .where("tenant_id", "=", tenant)
      .orderBy("channel")
      .execute();
  }

  private select() {
    return this.db
      .selectFrom("uplinks")
      .select(["federation", "mud", "description", "routers", "home", "enabled", "version"])
      .select("tenant_id as tenant");
  }
}

/** The topic of a channel that an uplink carries. The name is as a client would write it. */
export const carriedTopic = ({ federation }: Pick<Uplink, "federation">, channel: string): string =>
  formatTopic({ type: "channel", name: channel, tenant: federation });

async function changed(tx: Kysely<Database>, tenant: string): Promise<void> {
  await tx
    .updateTable("uplinks")
    .set({ version: sql<number>`version + 1` })
    .where("tenant_id", "=", tenant)
    .execute();
}
