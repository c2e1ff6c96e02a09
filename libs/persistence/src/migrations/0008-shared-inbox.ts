import { sharedInboxAppend } from "./0008-shared-inbox-append.js";

/**
 * Shared inboxes: a message in one says which user's inbox is meant. The column
 * is null for every other message, which costs it nothing, as a row has a bitmap
 * of its nulls already; the index holds only what has a recipient.
 */
const tables = `
alter table messages add column recipient text collate "C";
alter table scheduled add column recipient text collate "C";

-- Building an index reads a whole partition, and until this commits nobody can append.
-- What holds much does without: it has no recipients yet, and is dropped in its time.
create index messages_recipient on only messages (tenant_id, topic_id, recipient, seq)
  where recipient is not null;
do $$
declare
  v_part regclass;
  v_name text;
begin
  for v_part in select inhrelid::regclass from pg_inherits where inhparent = 'messages'::regclass loop
    if pg_relation_size(v_part) < 64 << 20 then
      v_name := v_part || '_recipient';
      execute format('create index %I on %s (tenant_id, topic_id, recipient, seq)
        where recipient is not null', v_name, v_part);
      execute format('alter index messages_recipient attach partition %I', v_name);
    end if;
  end loop;
end $$;
`;

/**
 * A page as in `0001-log-history`, or with `p_recipient` of what is to one user
 * alone. That has holes, so `found` tells how many there are in reach of the
 * page, one more than it may hold at most; null where there is no recipient.
 */
const history = `
create function tellwire_page(
  p_tenant text, p_topic_id bigint,
  p_after bigint,    -- oldest first from here on; null: newest first below p_before
  p_before bigint,
  p_limit int,
  p_bytes bigint,    -- of bodies and headers; one message may always come
  p_recipient text   -- null for everything
) returns table (seq bigint, at timestamptz, id uuid, sender text, kind text, body bytea,
                 priority smallint, headers bytea, correlation_id text, expires_at timestamptz,
                 recipient text, found bigint)
language plpgsql stable
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
as $$
begin
  if p_recipient is not null then
    if p_after is not null then
      return query
        select p.seq, p.at, p.id, p.sender, p.kind, p.body, p.priority, p.headers,
               p.correlation_id, p.expires_at, p.recipient, p.found
          from (select m.*, count(*) over () as found, row_number() over w as nth,
                       sum(octet_length(m.body) + coalesce(octet_length(m.headers), 0)) over w as total
                  from (select * from messages x
                         where x.tenant_id = p_tenant and x.topic_id = p_topic_id
                           and x.recipient = p_recipient and x.seq > p_after
                         order by x.seq limit p_limit + 1) m
                window w as (order by m.seq rows unbounded preceding)) p
         where p.nth = 1 or p.nth <= p_limit and p.total <= p_bytes;
    else
      return query
        select p.seq, p.at, p.id, p.sender, p.kind, p.body, p.priority, p.headers,
               p.correlation_id, p.expires_at, p.recipient, p.found
          from (select m.*, count(*) over () as found, row_number() over w as nth,
                       sum(octet_length(m.body) + coalesce(octet_length(m.headers), 0)) over w as total
                  from (select * from messages x
                         where x.tenant_id = p_tenant and x.topic_id = p_topic_id
                           and x.recipient = p_recipient and x.seq < p_before
                         order by x.seq desc limit p_limit + 1) m
                window w as (order by m.seq desc rows unbounded preceding)) p
         where p.nth = 1 or p.nth <= p_limit and p.total <= p_bytes;
    end if;
  elsif p_after is not null then
    return query
      select p.seq, p.at, p.id, p.sender, p.kind, p.body, p.priority, p.headers, p.correlation_id,
             p.expires_at, p.recipient, null::bigint
        from (select m.*, row_number() over w as nth,
                     sum(octet_length(m.body) + coalesce(octet_length(m.headers), 0)) over w as total
                from (select * from messages x
                       where x.tenant_id = p_tenant and x.topic_id = p_topic_id and x.seq > p_after
                       order by x.seq limit p_limit) m
              window w as (order by m.seq rows unbounded preceding)) p
       where p.nth = 1 or p.total <= p_bytes;
  else
    return query
      select p.seq, p.at, p.id, p.sender, p.kind, p.body, p.priority, p.headers, p.correlation_id,
             p.expires_at, p.recipient, null::bigint
        from (select m.*, row_number() over w as nth,
                     sum(octet_length(m.body) + coalesce(octet_length(m.headers), 0)) over w as total
                from (select * from messages x
                       where x.tenant_id = p_tenant and x.topic_id = p_topic_id and x.seq < p_before
                       order by x.seq desc limit p_limit) m
              window w as (order by m.seq desc rows unbounded preceding)) p
       where p.nth = 1 or p.total <= p_bytes;
  end if;
end $$;
`;

export const sharedInbox = tables + sharedInboxAppend + history;
