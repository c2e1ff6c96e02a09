import { sql, type Kysely } from "kysely";
import {
  parseTopic,
  tenantOf,
  type ChannelPolicy,
  type Role,
  type TopicAccess,
  type Visibility,
} from "@tellwire/contract";
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
}

/** What decides about users and topics: everything `decide()` of the contract asks for. */
export class AccessRepository {
  constructor(private readonly db: Kysely<Database>) {}

  /**
   * One round trip for all. With `create`, a channel that does not exist comes
   * into being, public and owned by nobody, where its tenant allows that; never
   * for a user of another tenant.
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
    const made = create
      ? sql`insert into channels
              (tenant_id, topic, visibility, read_role, publish_role, join_role, created_by)
            select distinct on (a.tenant, a.topic)
              a.tenant, a.topic, 'public', 'none', 'none', 'none', a."user"
            from asked a
            join tenants t on t.tenant_id = a.tenant and t.status = 'active'
              and coalesce((t.settings->>'auto_create_channels')::boolean, true)
            where a.type = 'channel' and a.own and not exists (
              select from channels c where c.tenant_id = a.tenant and c.topic = a.topic)
            order by a.tenant, a.topic
            on conflict do nothing
            returning *`
      : sql`select * from channels where false`;
    const { rows } = await sql<Row>`
      with asked as (
        select * from jsonb_to_recordset(${JSON.stringify(asked)}::jsonb)
          as x(n int, topic text, "user" text, type text, tenant text, own boolean, inbox text)),
      made as (${made})
      select coalesce(c.visibility, d.visibility) as visibility,
        coalesce(c.read_role, d.read_role) as read_role,
        coalesce(c.publish_role, d.publish_role) as publish_role,
        coalesce(c.join_role, d.join_role) as join_role,
        m.role,
        coalesce(t.status = 'active'
          and coalesce((t.settings->>'auto_create_channels')::boolean, true), false) as auto_create,
        b.blocked is not null as blocked
      from asked a
      left join tenants t on t.tenant_id = a.tenant
      left join channels c on a.type = 'channel' and c.tenant_id = a.tenant and c.topic = a.topic
      left join made d on d.tenant_id = a.tenant and d.topic = a.topic
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
