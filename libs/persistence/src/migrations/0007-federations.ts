/**
 * Federations. A federation is a tenant of that name, so that its channels are
 * topics like any other; who is in it stands under its name. What decides about a
 * topic says from here on whether a federation lets another tenant near it, and
 * whether the inboxes of the topic's tenant are one.
 */
export const federations = `
create table federations (
  tenant_id  text primary key references tenants,
  created_at timestamptz not null default now()
);

-- A membership counts once both sides have agreed: the federation grants, the member accepts.
create table federation_members (
  tenant_id   text not null references federations,
  member      text not null,
  -- How the member is shown, and the same without regard to case.
  name        text not null,
  name_key    text not null,
  granted_at  timestamptz,
  accepted_at timestamptz,
  primary key (tenant_id, member),
  unique (tenant_id, name_key)
);
create index federation_members_member on federation_members (member);

-- Whether p_asker may come near the topics of p_owner: to its channels as its
-- member, to its inboxes as a fellow member. Asked of two tenants that differ.
create function tellwire_federated(p_asker text, p_owner text, p_channel boolean) returns boolean
language sql stable
as $$
  select case when p_channel then exists (
    select from federation_members a
      join tenants o on o.tenant_id = a.tenant_id and o.status = 'active'
      join tenants t on t.tenant_id = a.member and t.status = 'active'
     where a.tenant_id = p_owner and a.member = p_asker
       and a.granted_at is not null and a.accepted_at is not null
  ) else exists (
    select from federation_members a
      join federation_members b on b.tenant_id = a.tenant_id and b.member = p_owner
       and b.granted_at is not null and b.accepted_at is not null
      join tenants f on f.tenant_id = a.tenant_id and f.status = 'active'
      join tenants t on t.tenant_id = a.member and t.status = 'active'
      join tenants o on o.tenant_id = b.member and o.status = 'active'
     where a.member = p_asker and a.granted_at is not null and a.accepted_at is not null
  ) end
$$;

create or replace function tellwire_access(
  p_topics text[],
  p_users text[],         -- per topic who asks: a user; null for a session of the topic's own
                          -- tenant; '@other' for another tenant's session as such
  p_create boolean,       -- whether public channels may come into being by this
  p_most_channels int     -- of a tenant without a limit of its own
) returns json
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_full text[];
begin
  if p_create and exists (
    select from unnest(p_topics) as a(topic)
     where a.topic like 'channel:%' and not exists (
       select from channels c
        where c.tenant_id = split_part(a.topic, '@', 2) and c.topic = a.topic)
  ) then
    with missing as materialized (
      -- Each once, with its place among those of its tenant; never for a stranger.
      select tenant, topic, min("user") as "user",
             row_number() over (partition by tenant order by topic) as place
        from (select split_part(a.topic, '@', 2) as tenant, a.topic, a."user"
                from unnest(p_topics, p_users) as a(topic, "user")
               where a.topic like 'channel:%') w
       where case when "user" is null or split_part("user", '@', 2) = tenant then true
                  else tellwire_federated(split_part("user", '@', 2), tenant, true) end
         and not exists (select from channels c where c.tenant_id = w.tenant and c.topic = w.topic)
       group by tenant, topic
    ), room as materialized (
      -- Not locked: channels made at the same moment may go past the bound by as many.
      select t.tenant_id,
             coalesce((t.settings->'limits'->>'channels')::int, p_most_channels)
               - (select count(*) from channels k where k.tenant_id = t.tenant_id) as room
        from tenants t
       where t.tenant_id in (select tenant from missing) and t.status = 'active'
         and coalesce((t.settings->>'auto_create_channels')::boolean, true)
    ), made as (
      insert into channels
        (tenant_id, topic, visibility, read_role, publish_role, join_role, created_by)
      select w.tenant, w.topic, 'public', 'none', 'none', 'none', w."user"
        from missing w join room r on r.tenant_id = w.tenant and w.place <= r.room
       order by w.tenant, w.topic
          on conflict do nothing
    )
    select array_agg(w.topic) into v_full
      from missing w join room r on r.tenant_id = w.tenant and w.place > r.room;
  end if;

  return (
    select json_agg(json_build_object(
             'policy', case when c.tenant_id is not null then json_build_object(
               'visibility', c.visibility, 'read', c.read_role,
               'publish', c.publish_role, 'join', c.join_role) end,
             'role', coalesce(m.role, 'none'),
             'auto_create', coalesce(t.status = 'active'
               and coalesce((t.settings->>'auto_create_channels')::boolean, true), false),
             'blocked', b.blocked is not null,
             'shared_inbox', coalesce((t.settings->>'shared_inbox')::boolean, false),
             'federated', case when split_part(a."user", '@', 2) <> a.tenant then
               tellwire_federated(split_part(a."user", '@', 2), a.tenant, a.topic like 'channel:%') end,
             'full', c.tenant_id is null and coalesce(a.topic = any(v_full), false)) order by a.ord)
      from (select x.*, split_part(topic, '@', 2) as tenant
              from unnest(p_topics, p_users) with ordinality as x(topic, "user", ord)) a
      left join tenants t on t.tenant_id = a.tenant
      left join channels c on c.tenant_id = a.tenant and c.topic = a.topic
      left join members m on m.tenant_id = a.tenant and m.topic = a.topic and m.user_name = a."user"
      left join blocks b on a.topic like 'user:%' and b.tenant_id = a.tenant
        and b.user_name = substr(a.topic, 6) and b.blocked = a."user"
  );
end $$;
`;
