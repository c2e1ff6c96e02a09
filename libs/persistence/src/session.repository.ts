import { sql, type Kysely } from "kysely";
import type { SessionState } from "@tellwire/contract";
import type { Database } from "./database.js";

export interface SessionOpening {
  tenant: string;
  user: string | null;
  keyId: string;
  tokenId: string | null;
  /** The edge instance that has the client. */
  edge: string;
  /** The session to be resumed. */
  resume: string | null;
  /** The id of a new one, if there is nothing to resume. The same id twice is the same session. */
  fresh: string;
}

export interface OpenedSession {
  sessionId: string;
  resumed: boolean;
  topics: SessionState["topics"];
}

/** A user's acknowledged cursor on its own inbox, or on the shared one, that has risen. */
export interface InboxRise {
  user: string;
  topic: string;
  /** The cursor before, 0 if there was none, and now. */
  from: number;
  to: number;
}

/** Acknowledging more than this at once gives receipts for the newest of it only. */
const RECEIPTS_REACH = 1000;

/**
 * Sessions with their subscriptions and acknowledged cursors. Postgres keeps
 * them, so any replica can resume any session.
 */
export class SessionRepository {
  /** @param ttlSeconds how long a session may be resumed after it was left */
  constructor(
    private readonly db: Kysely<Database>,
    private readonly ttlSeconds: number,
  ) {}

  /**
   * Opens sessions in one round trip, or two where some are resumed. One is
   * resumed only by the user it belongs to, in its tenant, and before it expires.
   * @returns in the order of the openings
   */
  async open(openings: readonly SessionOpening[]): Promise<OpenedSession[]> {
    const asked = JSON.stringify(openings.map((opening, n) => ({ n, ...opening })));
    const { rows } = await sql<{
      session_id: string;
      resumed: boolean;
      topics: string[] | null;
    }>`
      with asked as (
        select * from jsonb_to_recordset(${asked}::jsonb) as x(n int, tenant text, "user" text,
          "keyId" text, "tokenId" text, edge text, resume uuid, fresh uuid)),
      resumed as (
        update sessions s
        set left_at = null, edge = a.edge, key_id = a."keyId", token_id = a."tokenId"
        from (select distinct on (tenant, resume, "user") * from asked
          where resume is not null order by tenant, resume, "user", n) a
        where s.tenant_id = a.tenant and s.session_id = a.resume
          and s.user_name is not distinct from a."user"
          and (s.left_at is null or s.left_at > now() - ${this.ttl()})
        returning s.tenant_id, s.session_id, s.user_name, s.topics),
      answer as (
        select a.*, r.session_id, r.topics from asked a
        left join resumed r on r.tenant_id = a.tenant and r.session_id = a.resume
          and r.user_name is not distinct from a."user"),
      made as (
        insert into sessions (tenant_id, session_id, user_name, key_id, token_id, edge)
        select tenant, fresh, "user", "keyId", "tokenId", edge from answer
        where session_id is null
        on conflict do nothing)
      select coalesce(a.session_id, a.fresh) as session_id, a.session_id is not null as resumed,
        a.topics
      from answer a order by a.n`.execute(this.db);
    const cursors = await this.cursorsOf(
      openings.filter((_, n) => rows[n]?.resumed).map(({ tenant, resume }) => ({ tenant, resume })),
    );
    return rows.map((row) => ({
      sessionId: row.session_id,
      resumed: row.resumed,
      topics: (row.topics ?? []).map((topic) => [
        topic,
        cursors.get(row.session_id)?.[topic] ?? -1,
      ]),
    }));
  }

  /**
   * Read when the sessions have been resumed: a save of the edge that had one may be
   * under way until then, and the statement that waits for it does not see its cursors.
   */
  private async cursorsOf(
    sessions: readonly { tenant: string; resume: string | null }[],
  ): Promise<Map<string, Record<string, number>>> {
    if (sessions.length === 0) return new Map();
    const { rows } = await sql<{ session_id: string; cursors: Record<string, number> }>`
      select c.session_id, jsonb_object_agg(c.topic, c.seq) as cursors
      from jsonb_to_recordset(${JSON.stringify(sessions)}::jsonb) as x(tenant text, resume uuid)
      join cursors c on c.tenant_id = x.tenant and c.session_id = x.resume
      group by c.session_id`.execute(this.db);
    return new Map(rows.map((row) => [row.session_id, row.cursors]));
  }

  /**
   * Replaces the subscriptions of the sessions that `edge` has; cursors only rise,
   * and go with their subscription. What has moved to another edge is left alone,
   * also if it moves while this waits for it.
   * @returns the cursors that rose on their users' inboxes
   */
  async save(edge: string, sessions: readonly SessionState[]): Promise<InboxRise[]> {
    const given = JSON.stringify(
      sessions
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
        .map(({ id, tenant, topics }) => ({ id, tenant, topics })),
    );
    const { rows } = await sql<{ user_name: string; topic: string; was: number; is: number }>`
      with given as (
        select x.* from jsonb_to_recordset(${given}::jsonb) as x(id uuid, tenant text, topics jsonb)
        join sessions s on s.tenant_id = x.tenant and s.session_id = x.id and s.edge = ${edge}),
      kept as (
        update sessions s set topics = array(
          select distinct t->>0 from jsonb_array_elements(g.topics) t order by 1)
        from given g where s.tenant_id = g.tenant and s.session_id = g.id and s.edge = ${edge}
        returning s.tenant_id, s.session_id, s.user_name, g.topics as given),
      -- Nothing joins this: the planner cannot know how large it is, and took the square of it.
      flat as (
        select k.tenant_id, k.session_id, t->>0 as topic, max((t->>1)::bigint) as seq
        from kept k, jsonb_array_elements(k.given) t group by 1, 2, 3),
      gone as (
        delete from cursors c using kept k
        where c.tenant_id = k.tenant_id and c.session_id = k.session_id
          and (c.tenant_id, c.session_id, c.topic) not in (
            select tenant_id, session_id, topic from flat)),
      risen as (
        insert into cursors (tenant_id, session_id, topic, seq)
        select tenant_id, session_id, topic, seq from flat where seq >= 0
        on conflict (tenant_id, session_id, topic) do update set seq = excluded.seq
          where cursors.seq < excluded.seq
        returning tenant_id, session_id, topic, seq)
      select k.user_name, r.topic, coalesce(c.seq, 0)::float8 as was, r.seq::float8 as is
      from risen r
      join kept k using (tenant_id, session_id)
      left join cursors c using (tenant_id, session_id, topic)
      where r.topic in ('user:' || k.user_name, 'inbox@' || split_part(k.user_name, '@', 2))
        and r.seq > coalesce(c.seq, 0)`.execute(this.db);
    return rows.map((row) => ({
      user: row.user_name,
      topic: row.topic,
      from: row.was,
      to: row.is,
    }));
  }

  /** The distinct senders, other than the user, of what each rise acknowledged. */
  async sendersOf(rises: readonly InboxRise[]): Promise<{ rise: InboxRise; sender: string }[]> {
    if (rises.length === 0) return [];
    const given = JSON.stringify(
      rises.map((rise, n) => ({
        n,
        tenant: rise.user.slice(rise.user.lastIndexOf("@") + 1),
        ...rise,
        near: Math.max(rise.from, rise.to - RECEIPTS_REACH),
      })),
    );
    const { rows } = await sql<{ n: number; sender: string }>`
      select distinct g.n, m.sender
      from jsonb_to_recordset(${given}::jsonb)
        as g(n int, tenant text, "user" text, topic text, "from" bigint, near bigint, "to" bigint)
      join topics t on t.tenant_id = g.tenant and t.topic = g.topic
      cross join lateral (
        select o.sender from messages o
         where g.topic = 'user:' || g."user"
           and o.tenant_id = t.tenant_id and o.topic_id = t.topic_id
           and o.seq > g.near and o.seq <= g."to"
        union all
        -- Of a shared inbox only what is to the user, by its index: the rest may be very much.
        (select o.sender from messages o
          where g.topic <> 'user:' || g."user"
            and o.tenant_id = t.tenant_id and o.topic_id = t.topic_id
            and o.recipient = 'user:' || g."user" and o.seq > g."from" and o.seq <= g."to"
          order by o.seq desc limit ${RECEIPTS_REACH})) m
      where m.sender <> g."user"
      order by g.n, m.sender`.execute(this.db);
    return rows.map(({ n, sender }) => ({ rise: rises[n] as InboxRise, sender }));
  }

  /**
   * The time to live of those that `edge` has runs from the first time they are
   * marked. An edge that notices late that a client has left it for another one
   * does not end the session there.
   */
  async leave(edge: string, sessions: readonly { id: string; tenant: string }[]): Promise<void> {
    await sql`
      update sessions s set left_at = now()
      from jsonb_to_recordset(${JSON.stringify(sessions)}::jsonb) as x(id uuid, tenant text)
      where s.tenant_id = x.tenant and s.session_id = x.id and s.edge = ${edge}
        and s.left_at is null`.execute(this.db);
  }

  /** The edge instances that have sessions which nobody has left. */
  async edges(): Promise<string[]> {
    const rows = await this.db
      .selectFrom("sessions")
      .select("edge")
      .distinct()
      .where("left_at", "is", null)
      .execute();
    return rows.map((row) => row.edge);
  }

  /** Marks every session of an edge instance that is no more. */
  async leaveEdge(edge: string): Promise<void> {
    await this.db
      .updateTable("sessions")
      .set({ left_at: sql<Date>`now()` })
      .where("edge", "=", edge)
      .where("left_at", "is", null)
      .execute();
  }

  /** Deletes some of the sessions that have expired. @returns how many */
  async sweep(limit: number): Promise<number> {
    const { numAffectedRows } = await sql`
      delete from sessions s using (
        select tenant_id, session_id from sessions
        where left_at < now() - ${this.ttl()} limit ${limit} for update skip locked) old
      where s.tenant_id = old.tenant_id and s.session_id = old.session_id`.execute(this.db);
    return Number(numAffectedRows ?? 0n);
  }

  /** When each of a tenant's users was last there, as far as sessions tell. Milliseconds. */
  async lastSeen(tenant: string, users: readonly string[]): Promise<Map<string, number>> {
    const rows = await this.db
      .selectFrom("sessions")
      .select(["user_name", sql<Date>`max(coalesce(left_at, created_at))`.as("at")])
      .where("tenant_id", "=", tenant)
      .where("user_name", "in", users)
      .groupBy("user_name")
      .execute();
    return new Map(rows.map((row) => [row.user_name as string, row.at.getTime()]));
  }

  private ttl() {
    return sql`make_interval(secs => ${this.ttlSeconds})`;
  }
}
