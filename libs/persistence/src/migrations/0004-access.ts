/**
 * Who may do what: one call for any number of topics and users. A function, as a
 * statement of this many joins takes milliseconds to plan, and behind a
 * transaction pool only functions keep their plans.
 */
export const access = `
create function tellwire_access(
  p_topics text[],
  p_users text[],         -- per topic who asks; null for a session of the topic's own tenant
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
      -- Each once, with its place among those of its tenant; never for a user of another.
      select tenant, topic, min("user") as "user",
             row_number() over (partition by tenant order by topic) as place
        from (select split_part(a.topic, '@', 2) as tenant, a.topic, a."user"
                from unnest(p_topics, p_users) as a(topic, "user")
               where a.topic like 'channel:%') w
       where ("user" is null or split_part("user", '@', 2) = tenant)
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
