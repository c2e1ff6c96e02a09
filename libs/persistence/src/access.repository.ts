import { sql, type Kysely } from "kysely";
import {
  parseTopic,
  tenantOf,
  type ChannelPolicy,
  type Role,
  type TopicAccess,
  type Visibility,
} from "@tellwire/contract";
import { roomFor } from "./channel-room.js";
import type { Database } from "./database.js";

/** A canonical topic and the canonical user who asks; null for a session of the topic's own tenant. */
export interface AccessRequest {
  topic: string;
  user: string | null;
}

interface Row {
  visibility: Visibility | null;
  read_role: Role;
  publish_role: Role;
  join_role: Role;
  role: Role | null;
  auto_create: boolean;
  blocked: boolean;
  is_full: boolean;
}

/** What decides about users and topics: everything `decide()` of the contract asks for. */
export class AccessRepository {
  /** @param mostChannels of a tenant without a limit of its own */
  constructor(
    private readonly db: Kysely<Database>,
    private readonly mostChannels: number,
  ) {}

  /**
   * One round trip for all. With `create`, a channel that does not exist comes
   * into being, public and owned by nobody, where its tenant allows that and has
   * not as many as it may; never for a user of another tenant.
   * @returns in the order of the requests
   */
  async load(requests: readonly AccessRequest[], create = false): Promise<TopicAccess[]> {
    if (requests.length === 0) return [];
    const asked = requests.map(({ topic, user }, n) => {
      const { type, tenant } = parseTopic(topic, "");
      return {
        n,
        topic,
        user,
        type,
        tenant,
        own: user === null || tenantOf(user) === tenant,
        inbox: type === "user" ? topic.slice("user:".length) : null,
      };
    });
    // What does not exist, each once, with its place among those of its tenant.
    const missing = create
      ? sql`select distinct on (a.tenant, a.topic) a.tenant, a.topic, a."user",
              dense_rank() over (partition by a.tenant order by a.topic) as place
            from asked a
            where a.type = 'channel' and a.own and not exists (
              select from channels c where c.tenant_id = a.tenant and c.topic = a.topic)
            order by a.tenant, a.topic`
      : sql`select null::text as tenant, null::text as topic, null::text as "user", 0 as place
            where false`;
    const made = create
      ? sql`insert into channels
              (tenant_id, topic, visibility, read_role, publish_role, join_role, created_by)
            select w.tenant, w.topic, 'public', 'none', 'none', 'none', w."user"
            from missing w join room r on r.tenant_id = w.tenant and w.place <= r.room
            order by w.tenant, w.topic
            on conflict do nothing
            returning *`
      : sql`select * from channels where false`;
    const { rows } = await sql<Row>`
      with asked as (
        select * from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb)
          as x(n int, topic text, "user" text, type text, tenant text, own boolean, inbox text)),
      missing as materialized (${missing}),
      room as materialized (
        select t.tenant_id, ${roomFor(this.mostChannels)} as room from tenants t
        where t.tenant_id in (select tenant from missing) and t.status = 'active'
          and coalesce((t.settings->>'auto_create_channels')::boolean, true)),
      made as (${made})
      select coalesce(c.visibility, d.visibility) as visibility,
        coalesce(c.read_role, d.read_role) as read_role,
        coalesce(c.publish_role, d.publish_role) as publish_role,
        coalesce(c.join_role, d.join_role) as join_role,
        m.role,
        coalesce(t.status = 'active'
          and coalesce((t.settings->>'auto_create_channels')::boolean, true), false) as auto_create,
        b.blocked is not null as blocked,
        w.place > r.room is true as is_full
      from asked a
      left join tenants t on t.tenant_id = a.tenant
      left join channels c on a.type = 'channel' and c.tenant_id = a.tenant and c.topic = a.topic
      left join made d on d.tenant_id = a.tenant and d.topic = a.topic
      left join missing w on w.tenant = a.tenant and w.topic = a.topic
      left join room r on r.tenant_id = w.tenant
      left join members m on a.type = 'channel' and m.tenant_id = a.tenant and m.topic = a.topic
        and m.user_name = a."user"
      left join blocks b on b.tenant_id = a.tenant and b.user_name = a.inbox
        and b.blocked = a."user"
      order by a.n`.execute(this.db);
    return rows.map((row) => ({
      policy: policyOf(row),
      role: row.role ?? "none",
      autoCreate: row.auto_create,
      blocked: row.blocked,
      ...(row.is_full && { full: true }),
    }));
  }
}

/** @returns null where there is no channel */
const policyOf = (row: Row): ChannelPolicy | null =>
  row.visibility === null
    ? null
    : {
        visibility: row.visibility,
        read: row.read_role,
        publish: row.publish_role,
        join: row.join_role,
      };
