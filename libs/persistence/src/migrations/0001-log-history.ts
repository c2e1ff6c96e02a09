/**
 * Pages of history. A function, because its plan is kept: planning a query over
 * all partitions anew would cost more than running it.
 */
export const logHistory = `
create function tellwire_page(
  p_tenant text, p_topic_id bigint,
  p_after bigint,    -- oldest first from here on; null: newest first below p_before
  p_before bigint,
  p_limit int,
  p_bytes bigint     -- of bodies and headers; one message may always come
) returns table (seq bigint, at timestamptz, id uuid, sender text, kind text, body bytea,
                 priority smallint, headers bytea, correlation_id text, expires_at timestamptz)
language plpgsql stable
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
as $$
begin
  if p_after is not null then
    return query
      select p.seq, p.at, p.id, p.sender, p.kind, p.body, p.priority, p.headers, p.correlation_id,
             p.expires_at
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
             p.expires_at
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
