/**
 * The append as in `0001-log-append`, which tells its order, with the recipients
 * of shared inboxes. Flags as there; bits 2–3 may say 3 now, an agent.
 *
 * Routers of the version before go on calling the append without recipients.
 */
export const sharedInboxAppend = `
create function tellwire_append(
  p_topics text[],            -- the distinct topics of the batch
  p_ix int[],                 -- per publish: its topic, counted from 1
  p_ids uuid[],
  p_senders text[],
  p_kinds text[],
  p_flags smallint[],
  p_bodies bytea[],
  p_headers bytea[],
  p_correlations text[],
  p_expires timestamptz[],
  p_send timestamptz[],
  p_outbox uuid[],            -- outbox rows that this completes
  p_timed boolean,            -- whether anything has a time to be sent, or was scheduled
  p_heads text[],             -- topics whose heads are wanted
  p_recipients text[]         -- the users' inboxes that are meant in shared ones; null without any
) returns json
language plpgsql
-- Plans are made once and never from the statistics of a partition that was still empty.
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_tenants text[];
  v_topic_ids bigint[];
  v_heads bigint[];
  v_last timestamptz[];
  v_now timestamptz;
  v_until timestamptz;
  v_verdicts text[];
  v_statuses text[];
  v_seqs bigint[];
  v_ats bigint[];
  v_head_seqs bigint[];
  v_floors bigint[];
begin
  if cardinality(p_topics) > 0 then
    lock table only messages in row exclusive mode;

    insert into topics (tenant_id, topic)
    select w.tenant, w.topic
      from (select split_part(name, '@', 2) as tenant, name as topic from unnest(p_topics) as name) w
     where not exists (select from topics t where t.tenant_id = w.tenant and t.topic = w.topic)
     order by w.tenant collate "C", w.topic collate "C"
        on conflict do nothing;

    select array_agg(l.tenant_id order by l.ix), array_agg(l.topic_id order by l.ix),
           array_agg(l.head order by l.ix), array_agg(l.last_at order by l.ix)
      into v_tenants, v_topic_ids, v_heads, v_last
      from (select t.tenant_id, t.topic_id, t.head, t.last_at, w.ix
              from unnest(p_topics) with ordinality as w(name, ix)
              join topics t on t.tenant_id = split_part(w.name, '@', 2) and t.topic = w.name
             order by t.tenant_id, t.topic
               for update of t) l;

    -- Milliseconds are what clients see; taken under the locks, so it cannot precede a commit.
    v_now := date_trunc('milliseconds', clock_timestamp());
    select max(greatest(at, v_now)) into v_until from unnest(v_last) as at;

    if p_timed then
      v_verdicts := tellwire_schedule(v_tenants, p_topics, p_ix, p_ids, p_senders, p_kinds, p_flags,
        p_bodies, p_headers, p_correlations, p_expires, p_send, p_recipients, v_now);
    end if;

    with looked_up as materialized (
      select i.*, m.seq as old_seq, m.at as old_at,
             case when v_verdicts[i.ord] in ('scheduled', 'rescheduled', 'cancelled', 'conflict')
                    then v_verdicts[i.ord]
                  when m.seq is not null
                    then case when m.same then 'duplicate' else 'conflict' end
                  when v_verdicts[i.ord] = 'sent' then 'cancelled'
                  when i.flags & 16 <> 0 then 'absent'
                  else 'committed' end as status
        from unnest(p_ix, p_ids, p_senders, p_kinds, p_flags, p_bodies, p_headers, p_correlations,
                    p_expires, p_recipients) with ordinality
             as i(ix, id, sender, kind, flags, body, headers, correlation_id, expires_at, recipient,
                  ord)
        left join lateral (
          select m.seq, m.at,
                 m.erased or (m.kind = i.kind and m.body = i.body and m.priority = i.flags & 3
                   and m.headers is not distinct from i.headers
                   and m.correlation_id is not distinct from i.correlation_id
                   and m.expires_at is not distinct from i.expires_at
                   and m.recipient is not distinct from i.recipient) as same
            from messages m
           where m.tenant_id = v_tenants[i.ix] and m.topic_id = v_topic_ids[i.ix] and m.id = i.id
             and m.sender = i.sender and m.at > v_now - interval '48 hours' and m.at <= v_until
           limit 1) m on true
    ), judged as materialized (
      select l.*,
             case when status = 'committed'
                    then v_heads[ix] + count(*) filter (where status = 'committed')
                                       over (partition by ix order by ord)
                  else old_seq end as seq,
             case when status = 'committed' then greatest(v_now, v_last[ix]) else old_at end as at
        from looked_up l
    ), inserted as (
      insert into messages (tenant_id, topic_id, seq, at, id, sender, kind, body, priority, headers,
                            correlation_id, expires_at, recipient)
      select v_tenants[ix], v_topic_ids[ix], seq, at, id, sender, kind, body, flags & 3, headers,
             correlation_id, expires_at, recipient
        from judged where status = 'committed'
    ), raised as (
      update topics t set head = n.head, last_at = n.at
        from (select ix, max(seq) as head, max(at) as at
                from judged where status = 'committed' group by ix) n
       where t.tenant_id = v_tenants[n.ix] and t.topic = p_topics[n.ix]
    ), copies as (
      insert into outbox (tenant_id, kind, payload, due_at, next_at)
      select split_part(sender, '@', 2), 'message.copy',
             jsonb_build_object('topic', p_topics[ix], 'seq', seq,
                                'at', (extract(epoch from at) * 1000)::bigint), v_now, v_now
        from judged where status = 'committed' and flags & 64 <> 0
    ), expiries as (
      insert into outbox (tenant_id, kind, payload, due_at, next_at)
      select v_tenants[ix], 'message.expire',
             jsonb_build_object('topic', p_topics[ix], 'seq', seq,
                                'at', (extract(epoch from at) * 1000)::bigint),
             expires_at, expires_at - interval '1 minute'
        from judged where status = 'committed' and expires_at is not null
    )
    select array_agg(status order by ord), array_agg(seq order by ord),
           array_agg((extract(epoch from at) * 1000)::bigint order by ord)
      into v_statuses, v_seqs, v_ats
      from judged;

    if p_timed then
      update scheduled s
         set status = case when v_statuses[i.ord] = 'conflict' then 'failed' else 'sent' end,
             changed_at = v_now
        from unnest(p_ix, p_ids, p_senders, p_flags) with ordinality as i(ix, id, sender, flags, ord)
       where i.flags & 32 <> 0 and s.tenant_id = v_tenants[i.ix] and s.topic = p_topics[i.ix]
         and s.sender = i.sender and s.id = i.id and s.status = 'scheduled'
         and v_statuses[i.ord] <> 'absent';
    end if;

    if p_outbox is not null then
      with done as (
        delete from outbox o using unnest(p_ix, p_outbox) with ordinality as i(ix, outbox_id, ord)
         where o.tenant_id = v_tenants[i.ix] and o.id = i.outbox_id
           and v_statuses[i.ord] <> 'absent'
        returning o.*, v_statuses[i.ord] as outcome
      )
      insert into dead_letters (tenant_id, id, kind, payload, error, attempts, due_at)
      select tenant_id, id, kind, payload, 'conflict', attempts, due_at from done
       where outcome = 'conflict'
          on conflict (tenant_id, id) do update
         set error = excluded.error, attempts = excluded.attempts, failed_at = now(), replayed_at = null;
    end if;
  end if;

  if cardinality(p_heads) > 0 then
    select array_agg(coalesce(t.head, 0) order by w.ix), array_agg(coalesce(t.floor, 0) order by w.ix)
      into v_head_seqs, v_floors
      from unnest(p_heads) with ordinality as w(name, ix)
      left join topics t on t.tenant_id = split_part(w.name, '@', 2) and t.topic = w.name;
  end if;

  return json_build_object('statuses', v_statuses, 'seqs', v_seqs, 'ats', v_ats,
    'heads', v_head_seqs, 'floors', v_floors);
end $$;

-- What becomes of the publishes that have a time to be sent: a verdict for each,
-- null where it is appended now. Under the locks of its caller.
create function tellwire_schedule(
  p_tenants text[], p_topics text[], p_ix int[], p_ids uuid[], p_senders text[], p_kinds text[],
  p_flags smallint[], p_bodies bytea[], p_headers bytea[], p_correlations text[],
  p_expires timestamptz[], p_send timestamptz[], p_recipients text[], p_now timestamptz
) returns text[]
language plpgsql
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  i record;
  s record;
  v_outbox_id uuid;
  verdicts text[] := array_fill(null::text, array[cardinality(p_ix)]);
begin
  for i in
    select * from unnest(p_ix, p_ids, p_senders, p_kinds, p_flags, p_bodies, p_headers, p_correlations,
                         p_expires, p_send, p_recipients) with ordinality
      as i(ix, id, sender, kind, flags, body, headers, correlation_id, expires_at, send_at,
           recipient, ord)
     where flags & 32 <> 0 or send_at is not null
  loop
    -- Locks the row: a cancellation comes wholly before this transaction or wholly after it.
    select status, send_at,
           kind = i.kind and body = i.body and priority = i.flags & 3
             and headers is not distinct from i.headers
             and correlation_id is not distinct from i.correlation_id
             and expires_at is not distinct from i.expires_at
             and recipient is not distinct from i.recipient
             and (i.flags & 32 <> 0 or send_at = i.send_at) as same
      into s from scheduled
     where tenant_id = p_tenants[i.ix] and topic = p_topics[i.ix] and sender = i.sender and id = i.id
       for update;
    if i.flags & 32 <> 0 then
      -- Its time has come: appended only while it is still scheduled.
      if s.status is null or s.status in ('cancelled', 'failed') then
        verdicts[i.ord] := 'cancelled';
      elsif s.status = 'sent' then
        verdicts[i.ord] := 'sent';
      end if;
    elsif s.status is not null then
      verdicts[i.ord] := case
        when not s.same then 'conflict'
        when s.status = 'scheduled' then 'rescheduled'
        when s.status = 'sent' then 'sent'
        else 'cancelled' end;
    elsif i.send_at > p_now and i.flags & 16 = 0 then
      insert into scheduled (tenant_id, topic, sender, id, role, kind, body, priority, headers,
                             correlation_id, expires_at, send_at, recipient)
      values (p_tenants[i.ix], p_topics[i.ix], i.sender, i.id,
              (array['user', 'tenant', 'system', 'agent'])[(i.flags >> 2 & 3) + 1], i.kind, i.body,
              i.flags & 3, i.headers, i.correlation_id, i.expires_at, i.send_at, i.recipient)
      returning outbox_id into v_outbox_id;
      insert into outbox (tenant_id, id, kind, payload, due_at, next_at)
      values (p_tenants[i.ix], v_outbox_id, 'schedule.send',
              jsonb_build_object('topic', p_topics[i.ix], 'sender', i.sender, 'id', i.id),
              i.send_at, i.send_at - interval '1 minute');
      verdicts[i.ord] := 'scheduled';
    end if;
  end loop;
  return verdicts;
end $$;

create or replace function tellwire_append(
  p_topics text[], p_ix int[], p_ids uuid[], p_senders text[], p_kinds text[], p_flags smallint[],
  p_bodies bytea[], p_headers bytea[], p_correlations text[], p_expires timestamptz[],
  p_send timestamptz[], p_outbox uuid[], p_timed boolean, p_heads text[]
) returns json
language sql
as $$
  select tellwire_append(p_topics, p_ix, p_ids, p_senders, p_kinds, p_flags, p_bodies, p_headers,
    p_correlations, p_expires, p_send, p_outbox, p_timed, p_heads, null)
$$;
drop function tellwire_schedule(text[], text[], int[], uuid[], text[], text[], smallint[], bytea[],
  bytea[], text[], timestamptz[], timestamptz[], timestamptz);
`;
