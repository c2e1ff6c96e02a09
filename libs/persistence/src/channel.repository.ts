import { sql, type Kysely, type Transaction } from "kysely";
import { tenantOf, type ChannelPolicy, type Role } from "@tellwire/contract";
import type { Database } from "./database.js";

/** A channel as one change sees it, locked against others. */
export interface ChannelView {
  /** Null where there is no such channel. */
  policy: ChannelPolicy | null;
  createdBy: string | null;
  /** The roles of the users asked for; `none` for who is no member. */
  role(user: string | null): Role;
  /** How many owners there are. */
  owners: number;
  /** Whether there is no such channel, and the tenant has as many as it may. */
  full: boolean;
}

/** What is to become of a channel; what is absent stays. */
export interface ChannelChange {
  /** Creates the channel if it does not exist. */
  policy?: ChannelPolicy;
  createdBy?: string | null;
  /** Null removes the member. */
  members?: [user: string, role: Role | null][];
}

export interface ListedChannel {
  channel: string;
  policy: ChannelPolicy;
  head: number;
}

/** Channels and their members. Topics and users are canonical. */
export class ChannelRepository {
  /** @param mostChannels of a tenant without a limit of its own */
  constructor(
    private readonly db: Kysely<Database>,
    private readonly mostChannels: number,
  ) {}

  /**
   * Changes a channel in one transaction, after every earlier change of it.
   * @param decide says from what is there what shall be; whatever it throws undoes all
   */
  async change<R>(
    topic: string,
    users: readonly string[],
    decide: (view: ChannelView) => { change: ChannelChange; result: R },
  ): Promise<R> {
    return this.db.transaction().execute(async (tx) => {
      // The row may not exist yet, so the name is locked and not the row.
      await sql`select pg_advisory_xact_lock(hashtextextended(${topic}, 0))`.execute(tx);
      const { change, result } = decide(await this.view(tx, topic, users));
      await this.apply(tx, topic, change);
      return result;
    });
  }

  /**
   * The channels of a tenant in the order of their names: all for an
   * administrator (`viewer` null), else those not secret and the viewer's own.
   */
  async list(
    tenant: string,
    viewer: string | null,
    after: string | null,
    limit: number,
  ): Promise<ListedChannel[]> {
    let query = this.db
      .selectFrom("channels as c")
      .leftJoin("topics as t", (join) =>
        join.onRef("t.tenant_id", "=", "c.tenant_id").onRef("t.topic", "=", "c.topic"),
      )
      .selectAll("c")
      .select(sql<number>`coalesce(t.head, 0)::float8`.as("head"))
      .where("c.tenant_id", "=", tenant);
    if (after !== null) query = query.where("c.topic", ">", after);
    if (viewer !== null) {
      query = query.where((is) =>
        is.or([
          is("c.visibility", "<>", "secret"),
          is.exists(
            is
              .selectFrom("members as m")
              .select("m.role")
              .whereRef("m.tenant_id", "=", "c.tenant_id")
              .whereRef("m.topic", "=", "c.topic")
              .where("m.user_name", "=", viewer),
          ),
        ]),
      );
    }
    const rows = await query.orderBy("c.topic").limit(limit).execute();
    return rows.map((row) => ({ channel: row.topic, policy: policyOf(row), head: row.head }));
  }

  /** In the order of their names. */
  members(
    topic: string,
    after: string | null,
    limit: number,
  ): Promise<{ user: string; role: Role }[]> {
    let query = this.db
      .selectFrom("members")
      .select(["user_name as user", "role"])
      .where("tenant_id", "=", tenantOf(topic))
      .where("topic", "=", topic);
    if (after !== null) query = query.where("user_name", ">", after);
    return query.orderBy("user_name").limit(limit).execute();
  }

  private async view(
    tx: Transaction<Database>,
    topic: string,
    users: readonly string[],
  ): Promise<ChannelView> {
    const tenant = tenantOf(topic);
    const channel = await tx
      .selectFrom("channels")
      .selectAll()
      .where("tenant_id", "=", tenant)
      .where("topic", "=", topic)
      .executeTakeFirst();
    const members = await tx
      .selectFrom("members")
      .select(["user_name", "role"])
      .where("tenant_id", "=", tenant)
      .where("topic", "=", topic)
      .where((is) => is.or([is("role", "=", "owner"), is("user_name", "in", ["", ...users])]))
      .execute();
    const roles = new Map(members.map((m) => [m.user_name, m.role]));
    return {
      policy: channel === undefined ? null : policyOf(channel),
      createdBy: channel?.created_by ?? null,
      role: (user) => (user === null ? "none" : (roles.get(user) ?? "none")),
      owners: members.filter((m) => m.role === "owner").length,
      full: channel === undefined && (await this.isFull(tx, tenant)),
    };
  }

  /** Not locked: channels made at the same moment may go past the bound by as many. */
  private async isFull(tx: Transaction<Database>, tenant: string): Promise<boolean> {
    const room = sql<number>`(coalesce((t.settings->'limits'->>'channels')::int,
        ${this.mostChannels}::int)
      - (select count(*) from channels k where k.tenant_id = t.tenant_id))`;
    const row = await tx
      .selectFrom("tenants as t")
      .select(room.as("room"))
      .where("t.tenant_id", "=", tenant)
      .executeTakeFirst();
    return row !== undefined && row.room <= 0;
  }

  private async apply(
    tx: Transaction<Database>,
    topic: string,
    { policy, createdBy, members = [] }: ChannelChange,
  ): Promise<void> {
    const key = { tenant_id: tenantOf(topic), topic };
    if (policy !== undefined) {
      const columns = {
        visibility: policy.visibility,
        read_role: policy.read,
        publish_role: policy.publish,
        join_role: policy.join,
      };
      await tx
        .insertInto("channels")
        .values({ ...key, ...columns, created_by: createdBy ?? null })
        .onConflict((clash) => clash.columns(["tenant_id", "topic"]).doUpdateSet(columns))
        .execute();
    }
    for (const [user, role] of members) {
      if (role === null) {
        await tx
          .deleteFrom("members")
          .where("tenant_id", "=", key.tenant_id)
          .where("topic", "=", topic)
          .where("user_name", "=", user)
          .execute();
      } else {
        await tx
          .insertInto("members")
          .values({ ...key, user_name: user, role })
          .onConflict((clash) =>
            clash.columns(["tenant_id", "topic", "user_name"]).doUpdateSet({ role }),
          )
          .execute();
      }
    }
  }
}

const policyOf = (row: {
  visibility: ChannelPolicy["visibility"];
  read_role: Role;
  publish_role: Role;
  join_role: Role;
}): ChannelPolicy => ({
  visibility: row.visibility,
  read: row.read_role,
  publish: row.publish_role,
  join: row.join_role,
});
