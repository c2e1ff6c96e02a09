/**
 * What the router for Intermud-3 knows of the MUDs that connect to it, by the
 * federation that is its network. Every change happens under one lock and gives
 * the rows it touches the next version, so that whoever knows a version is told
 * what is newer. Times and ids of lists are Unix seconds, as in the protocol.
 */
export const intermudRouter = `
create table intermud_routers (
  tenant_id      text primary key references tenants,
  version        bigint not null default 0,
  -- Rows that were deleted before it are not told: who knows less is told all.
  version_floor  bigint not null default 0,
  mudlist_id     bigint not null default 0,
  chanlist_id    bigint not null default 0,
  mudlist_floor  bigint not null default 0,
  chanlist_floor bigint not null default 0,
  -- When it was last looked at who has been away for how long.
  looked_at      timestamptz not null default '-infinity'
);

create table intermud_muds (
  tenant_id   text not null references intermud_routers,
  mud         text not null,
  -- The tenant that it is.
  member      text not null,
  -- Whether it connects to the router itself; else it is a member that does otherwise.
  native      boolean not null,
  -- Whether the tenant came into being with it, and ends with it.
  made        boolean not null,
  password    bigint not null,
  router      text not null,
  address     text not null,
  -- LPC text, as bytes: it is a stranger's.
  description bytea not null,
  connected   boolean not null,
  process     text,
  connection  text,
  dropped_at  bigint not null,
  state       bigint not null,
  removed     boolean not null,
  changed_in  bigint not null,
  version     bigint not null,
  primary key (tenant_id, mud)
);
create index intermud_muds_version on intermud_muds (tenant_id, version);

create table intermud_channels (
  tenant_id  text not null references intermud_routers,
  channel    text not null,
  -- The channel of the federation that it is.
  topic      text not null,
  host       text not null,
  type       smallint not null,
  muds       text[] not null,
  listeners  text[] not null,
  removed    boolean not null,
  changed_in bigint not null,
  altered_in bigint not null,
  version    bigint not null,
  primary key (tenant_id, channel)
);
create index intermud_channels_version on intermud_channels (tenant_id, version);
create index intermud_channels_topic on intermud_channels (tenant_id, topic);

-- What only a MUD's return needs. Written whenever lists are sent, so apart from the rest.
create table intermud_returns (
  tenant_id   text not null references intermud_routers,
  mud         text not null,
  session_id  uuid,
  mudlist_id  bigint not null default 0,
  chanlist_id bigint not null default 0,
  primary key (tenant_id, mud)
);
`;
