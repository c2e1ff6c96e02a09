import { sql, type Kysely, type Transaction } from "kysely";
import {
  formatTopic,
  type ChannelPolicy,
  type IntermudChannel,
  type IntermudDelta,
  type IntermudMud,
} from "@tellwire/contract";
import type { Database } from "./database.js";
import type { IntermudTables } from "./intermud-tables.js";

/** A MUD with what only the router's own decisions need. */
export interface RouterMud extends IntermudMud {
  /** 0: forgotten. */
  password: number;
}
export type RouterDelta = Omit<IntermudDelta, "muds"> & { muds: RouterMud[] };

/** What a MUD that comes again is taken up with. */
export interface MudReturn {
  sessionId: string | null;
  mudlistId: number;
  chanlistId: number;
}

/** Rows as they shall be. */
export interface RouterChange {
  lists: Pick<IntermudDelta, "mudlistId" | "chanlistId" | "mudlistFloor" | "chanlistFloor">;
  muds: RouterMud[];
  channels: IntermudChannel[];
  /** Names. */
  forgottenMuds: string[];
  forgottenChannels: string[];
  sent: { mud: string; mudlistId?: number; chanlistId?: number }[];
}

/** What a decision is made on, under the lock. */
export interface RouterLook {
  /** The rows since the version that was named. */
  delta: RouterDelta;
  /** Postgres' Unix seconds. */
  now: number;
  /** Of the MUD that was named, if it was here before. */
  back: MudReturn | null;
  /** For what else belongs to the same transaction. */
  tx: Transaction<Database>;
}

/** Channels taken up into the list, or out of it, at once. */
const MOST_STRAY = 500;

type Router = IntermudTables["intermud_routers"];

/**
 * The rows of a federation's router for Intermud-3. Whatever changes them does so
 * under one lock, on rows read under it: ids of lists and versions never go back,
 * and a name is given to one MUD only.
 */
export class IntermudRouterRepository {
  constructor(
    private readonly db: Kysely<Database>,
    /** The federation. */
    private readonly tenant: string,
  ) {}

  /**
   * Changes the rows as `decide` says, which is told what is newer than `since`;
   * null from it changes nothing. What it throws undoes all.
   * @param mud whose return is told
   * @returns what `decide` gave as result, and the version after
   */
  async change<R>(
    since: number,
    mud: string | null,
    decide: (look: RouterLook) => Promise<{ change: RouterChange | null; result: R }>,
  ): Promise<{ result: R; version: number }> {
    return this.db.transaction().execute(async (tx) => {
      const router = await this.locked(tx);
      const look = {
        delta: await this.deltaOf(tx, router, since),
        now: await this.now(tx),
        back: mud === null ? null : await this.returnOf(tx, mud),
        tx,
      };
      const { change, result } = await decide(look);
      const version = change === null ? router.version : await this.store(tx, router, change);
      return { result, version };
    });
  }

  /** What has changed since a version; all with 0. Null before the first change ever. */
  async delta(since: number): Promise<RouterDelta | null> {
    // One snapshot for all reads, or rows of a later version would be told as this one's.
    return this.db
      .transaction()
      .setIsolationLevel("repeatable read")
      .execute(async (tx) => {
        const router = await this.routers(tx).executeTakeFirst();
        return router === undefined ? null : this.deltaOf(tx, router, since);
      });
  }

  /** Notes that lists up to these ids are about to be sent; the ids only rise. */
  async sent(muds: RouterChange["sent"]): Promise<void> {
    await this.db.transaction().execute((tx) => this.storeSent(tx, muds));
  }

  async setSession(mud: string, sessionId: string): Promise<void> {
    await this.db
      .insertInto("intermud_returns")
      .values({ ...this.key(mud), session_id: sessionId, mudlist_id: 0, chanlist_id: 0 })
      .onConflict((clash) =>
        clash.columns(["tenant_id", "mud"]).doUpdateSet({ session_id: sessionId }),
      )
      .execute();
  }

  /**
   * Takes the turn to look at who has been away: one of many that ask within
   * `seconds` gets it.
   */
  async takesTurn(tx: Transaction<Database>, seconds: number): Promise<boolean> {
    const taken = await tx
      .updateTable("intermud_routers")
      .set({ looked_at: sql`clock_timestamp()` })
      .where("tenant_id", "=", this.tenant)
      .where("looked_at", "<", sql<Date>`clock_timestamp() - make_interval(secs => ${seconds})`)
      .executeTakeFirst();
    return taken.numUpdatedRows === 1n;
  }

  /**
   * Channels of the federation that are not what the router's list says: `open` to
   * every member, but not listed; or listed as the router's own, but `closed`.
   */
  async strayChannels(
    tx: Transaction<Database>,
    router: string,
  ): Promise<{ open: string[]; closed: string[] }> {
    const { rows: open } = await sql<{ topic: string }>`
      select c.topic from channels c
       where c.tenant_id = ${this.tenant} and c.visibility = 'public' and c.read_role = 'none'
         and c.publish_role = 'none' and not exists (
           select from intermud_channels i
            where i.tenant_id = c.tenant_id and i.topic = c.topic and not i.removed)
       order by c.topic limit ${MOST_STRAY}`.execute(tx);
    const { rows: closed } = await sql<{ channel: string }>`
      select i.channel from intermud_channels i
       where i.tenant_id = ${this.tenant} and i.host = ${router} and not i.removed and not exists (
           select from channels c
            where c.tenant_id = i.tenant_id and c.topic = i.topic and c.visibility = 'public')
       order by i.channel limit ${MOST_STRAY}`.execute(tx);
    return { open: open.map(({ topic }) => topic), closed: closed.map(({ channel }) => channel) };
  }

  /** Whether a channel of the federation is somebody's, whom the router's list does not name. */
  async isTaken(tx: Transaction<Database>, topic: string): Promise<boolean> {
    const { rows } = await sql`
      select from channels c where c.tenant_id = ${this.tenant} and c.topic = ${topic}
         and not exists (select from intermud_channels i
                          where i.tenant_id = c.tenant_id and i.topic = c.topic)`.execute(tx);
    return rows.length > 0;
  }

  /** Makes the federation's channels what the router's are: open to its members, or closed to all but MUDs. */
  async setPolicies(
    tx: Transaction<Database>,
    channels: { topic: string; policy: ChannelPolicy }[],
  ): Promise<void> {
    for (const { topic, policy } of channels) {
      const columns = {
        visibility: policy.visibility,
        read_role: policy.read,
        publish_role: policy.publish,
        join_role: policy.join,
      };
      await tx
        .insertInto("channels")
        .values({ tenant_id: this.tenant, topic, ...columns, created_by: null })
        .onConflict((clash) => clash.columns(["tenant_id", "topic"]).doUpdateSet(columns))
        .execute();
    }
  }

  private async locked(tx: Transaction<Database>): Promise<Router> {
    // The row may not exist yet, so the name is locked and not the row.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`intermud ${this.tenant}`}, 0))`.execute(
      tx,
    );
    const known = await this.routers(tx).executeTakeFirst();
    if (known !== undefined) return known;
    await sql`insert into intermud_routers (tenant_id) values (${this.tenant})`.execute(tx);
    return this.routers(tx).executeTakeFirstOrThrow();
  }

  private routers(tx: Transaction<Database>) {
    return tx.selectFrom("intermud_routers").selectAll().where("tenant_id", "=", this.tenant);
  }

  private async now(tx: Transaction<Database>): Promise<number> {
    const { rows } = await sql<{ now: number }>`
      select extract(epoch from clock_timestamp())::bigint as now`.execute(tx);
    return rows[0]!.now;
  }

  private async deltaOf(
    tx: Transaction<Database>,
    router: Router,
    since: number,
  ): Promise<RouterDelta> {
    const whole = since < router.version_floor || since === 0 || since > router.version;
    const after = whole ? 0 : since;
    const muds = await tx
      .selectFrom("intermud_muds")
      .selectAll()
      .where("tenant_id", "=", this.tenant)
      .where("version", ">", after)
      .orderBy("mud")
      .execute();
    const channels = await tx
      .selectFrom("intermud_channels")
      .selectAll()
      .where("tenant_id", "=", this.tenant)
      .where("version", ">", after)
      .orderBy("channel")
      .execute();
    return {
      version: router.version,
      whole,
      mudlistId: router.mudlist_id,
      chanlistId: router.chanlist_id,
      mudlistFloor: router.mudlist_floor,
      chanlistFloor: router.chanlist_floor,
      muds: muds.map(mudOf),
      channels: channels.map(channelOf),
    };
  }

  private async returnOf(tx: Transaction<Database>, mud: string): Promise<MudReturn | null> {
    const row = await tx
      .selectFrom("intermud_returns")
      .selectAll()
      .where("tenant_id", "=", this.tenant)
      .where("mud", "=", mud)
      .executeTakeFirst();
    if (row === undefined) return null;
    return {
      sessionId: row.session_id,
      mudlistId: row.mudlist_id,
      chanlistId: row.chanlist_id,
    };
  }

  /** @returns the version after, which is another only if rows have changed that others know */
  private async store(
    tx: Transaction<Database>,
    router: Router,
    change: RouterChange,
  ): Promise<number> {
    const { muds, channels, forgottenMuds, forgottenChannels, lists } = change;
    await this.storeSent(tx, change.sent);
    const forgotten = forgottenMuds.length + forgottenChannels.length > 0;
    if (muds.length + channels.length === 0 && !forgotten) return router.version;
    const version = router.version + 1;
    await this.storeMuds(tx, muds, version);
    await this.storeChannels(tx, channels, version);
    await this.forget(tx, "intermud_muds", "mud", forgottenMuds);
    await this.forget(tx, "intermud_returns", "mud", forgottenMuds);
    await this.forget(tx, "intermud_channels", "channel", forgottenChannels);
    await tx
      .updateTable("intermud_routers")
      .set({
        version,
        mudlist_id: lists.mudlistId,
        chanlist_id: lists.chanlistId,
        mudlist_floor: lists.mudlistFloor,
        chanlist_floor: lists.chanlistFloor,
        ...(forgotten && { version_floor: version }),
      })
      .where("tenant_id", "=", this.tenant)
      .execute();
    return version;
  }

  private async storeMuds(
    tx: Transaction<Database>,
    muds: RouterMud[],
    version: number,
  ): Promise<void> {
    for (const mud of muds) {
      const { connection } = mud;
      const columns = {
        member: mud.tenant,
        native: mud.native,
        made: mud.made,
        is_foreign: mud.foreign,
        password: mud.password,
        router: mud.router,
        address: mud.address,
        description: Buffer.from(mud.description),
        connected: mud.connected,
        process: connection?.process ?? null,
        connection: connection?.id ?? null,
        dropped_at: mud.droppedAt,
        state: mud.state,
        removed: mud.removed,
        changed_in: mud.changedIn,
        version,
      };
      await tx
        .insertInto("intermud_muds")
        .values({ ...this.key(mud.name), ...columns })
        .onConflict((clash) => clash.columns(["tenant_id", "mud"]).doUpdateSet(columns))
        .execute();
    }
  }

  private async storeChannels(
    tx: Transaction<Database>,
    channels: IntermudChannel[],
    version: number,
  ): Promise<void> {
    for (const { name, changedIn, alteredIn, ...rest } of channels) {
      const topic = formatTopic({ type: "channel", name, tenant: this.tenant });
      const columns = { ...rest, topic, changed_in: changedIn, altered_in: alteredIn, version };
      await tx
        .insertInto("intermud_channels")
        .values({ tenant_id: this.tenant, channel: name, ...columns })
        .onConflict((clash) => clash.columns(["tenant_id", "channel"]).doUpdateSet(columns))
        .execute();
    }
  }

  private async storeSent(tx: Transaction<Database>, sent: RouterChange["sent"]): Promise<void> {
    if (sent.length === 0) return;
    // In one order, as two edges may name the same MUD while it moves from one to the other.
    const rows = sent.toSorted((a, b) => (a.mud < b.mud ? -1 : 1));
    const given = JSON.stringify(
      rows.map(({ mud, mudlistId = 0, chanlistId = 0 }) => ({ mud, mudlistId, chanlistId })),
    );
    await sql`
      insert into intermud_returns (tenant_id, mud, mudlist_id, chanlist_id)
      select ${this.tenant}, mud, "mudlistId", "chanlistId"
        from jsonb_to_recordset(${given}::jsonb) as x(mud text, "mudlistId" bigint, "chanlistId" bigint)
      on conflict (tenant_id, mud) do update
        set mudlist_id = greatest(intermud_returns.mudlist_id, excluded.mudlist_id),
            chanlist_id = greatest(intermud_returns.chanlist_id, excluded.chanlist_id)`.execute(tx);
  }

  private async forget(
    tx: Transaction<Database>,
    table: "intermud_muds" | "intermud_channels" | "intermud_returns",
    column: "mud" | "channel",
    names: string[],
  ): Promise<void> {
    if (names.length === 0) return;
    await sql`delete from ${sql.table(table)}
      where tenant_id = ${this.tenant} and ${sql.ref(column)} = any(${names})`.execute(tx);
  }

  private key(mud: string): { tenant_id: string; mud: string } {
    return { tenant_id: this.tenant, mud };
  }
}

const mudOf = (row: IntermudTables["intermud_muds"]): RouterMud => ({
  name: row.mud,
  tenant: row.member,
  native: row.native,
  made: row.made,
  foreign: row.is_foreign,
  password: row.password,
  router: row.router,
  address: row.address,
  description: row.description.toString("utf8"),
  connected: row.connected,
  connection:
    row.process === null || row.connection === null
      ? null
      : { process: row.process, id: row.connection },
  droppedAt: row.dropped_at,
  state: row.state,
  removed: row.removed,
  changedIn: row.changed_in,
});

const channelOf = (row: IntermudTables["intermud_channels"]): IntermudChannel => ({
  name: row.channel,
  host: row.host,
  type: row.type,
  muds: row.muds,
  listeners: row.listeners,
  removed: row.removed,
  changedIn: row.changed_in,
  alteredIn: row.altered_in,
});
