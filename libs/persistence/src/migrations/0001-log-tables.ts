/**
 * The log and what is born in its transactions. `tenant_id` leads every key, so
 * that the schema can be distributed by it. Topics and senders are stored
 * canonical and whole. Names are compared as bytes ("C"): one order everywhere.
 */
export const logTables = `
-- One row. A restore to an earlier point changes it, so that cursors are known to mean nothing.
create table log_meta (log_epoch uuid not null);
insert into log_meta values (gen_random_uuid());

-- The head is raised by every append: room in the page keeps those updates off the indexes.
create table topics (
  tenant_id text collate "C" not null,
  topic     text collate "C" not null,
  topic_id  bigint generated always as identity,
  head      bigint not null default 0,
  -- Messages up to and including this seq are gone.
  floor     bigint not null default 0,
  last_at   timestamptz not null default '-infinity',
  primary key (tenant_id, topic),
  unique (tenant_id, topic_id)
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05);

create table messages (
  tenant_id      text collate "C" not null,
  topic_id       bigint not null,
  seq            bigint not null,
  at             timestamptz not null,
  id             uuid not null,
  sender         text collate "C" not null,
  kind           text not null,
  body           bytea not null,
  priority       smallint not null,
  headers        bytea,
  correlation_id text,
  expires_at     timestamptz,
  erased         boolean not null default false,
  primary key (tenant_id, topic_id, seq, at)
) partition by range (at);
-- Finds a publish that was already appended.
create index messages_id on messages (tenant_id, topic_id, id);
-- An insert never fails for lack of a partition; what lands here moves out when its day is made.
create table messages_default partition of messages default;

-- Work born in the transaction of its cause; the row goes when the work is done.
create table outbox (
  tenant_id  text collate "C" not null,
  id         uuid not null default gen_random_uuid(),
  kind       text not null,
  payload    jsonb not null,
  due_at     timestamptz not null,
  -- When a relay offers it, again until it is done.
  next_at    timestamptz not null,
  attempts   integer not null default 0,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id)
) with (autovacuum_vacuum_scale_factor = 0.02);
create index outbox_next on outbox (next_at);

create table scheduled (
  tenant_id      text collate "C" not null,
  topic          text collate "C" not null,
  sender         text collate "C" not null,
  id             uuid not null,
  role           text not null,
  kind           text not null,
  body           bytea not null,
  priority       smallint not null,
  headers        bytea,
  correlation_id text,
  expires_at     timestamptz,
  send_at        timestamptz not null,
  status         text not null default 'scheduled'
                 check (status in ('scheduled', 'sent', 'cancelled', 'failed')),
  outbox_id      uuid not null default gen_random_uuid(),
  changed_at     timestamptz not null default now(),
  primary key (tenant_id, topic, sender, id)
);
create index scheduled_id on scheduled (tenant_id, id);
create index scheduled_open on scheduled (send_at) where status = 'scheduled';
create index scheduled_closed on scheduled (changed_at) where status <> 'scheduled';

create table dead_letters (
  tenant_id   text collate "C" not null,
  id          uuid not null,
  kind        text not null,
  payload     jsonb not null,
  error       text not null,
  attempts    integer not null,
  due_at      timestamptz not null,
  failed_at   timestamptz not null default now(),
  replayed_at timestamptz,
  primary key (tenant_id, id)
);
create index dead_letters_failed on dead_letters (failed_at);

-- Makes the partition of one day (UTC). Rows of that day which had to go to the
-- default partition meanwhile move into it. A plain "partition of" would lock
-- out every append behind its lock on messages; attaching locks the default only.
create function tellwire_create_partition(day date) returns boolean
language plpgsql as $$
declare
  name text := to_char(day, '"messages_y"YYYY"m"MM"d"DD');
  low  timestamptz := day::timestamp at time zone 'UTC';
  high timestamptz := (day + 1)::timestamp at time zone 'UTC';
begin
  if to_regclass(name) is not null then
    return false;
  end if;
  lock table messages_default in access exclusive mode;
  -- Another worker may have made it while this one waited.
  if to_regclass(name) is not null then
    return false;
  end if;
  execute format('create table %I (like messages including all)', name);
  execute format(
    'with moved as (delete from messages_default where at >= %L and at < %L returning *)
     insert into %I select * from moved', low, high, name);
  execute format('alter table messages attach partition %I for values from (%L) to (%L)',
    name, low, high);
  return true;
end $$;

select tellwire_create_partition((now() at time zone 'UTC')::date + day)
  from generate_series(-2, 7) as day;
`;
