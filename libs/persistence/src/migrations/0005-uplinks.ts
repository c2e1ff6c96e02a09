/**
 * Ordered consumers of the log, and links to foreign Intermud routers, which are
 * such consumers. `tenant_id` is that of whoever consumes; a topic may be another's.
 */
export const uplinks = `
-- What only one process at a time may do. Leases run out by this database's clock.
create table leases (
  tenant_id  text not null,
  name       text not null,
  holder     text not null,
  -- Rises with every change of hands: who writes under an older one is refused.
  token      bigint not null,
  expires_at timestamptz not null,
  primary key (tenant_id, name)
);

-- How far a consumer has got with each of its topics.
create table consumer_cursors (
  tenant_id text not null,
  consumer  text not null,
  topic     text not null,
  seq       bigint not null,
  primary key (tenant_id, consumer, topic)
);

-- One for each tenant that stands for a foreign network.
create table uplinks (
  tenant_id   text primary key references tenants,
  federation  text not null,
  -- The name of this cluster's MUD on that network, and what it tells of itself there.
  mud         text not null,
  description jsonb not null,
  -- [{ name, host, port }], in the order in which they are tried.
  routers     jsonb not null,
  -- The tenant whose users have their bare names there.
  home        text,
  enabled     boolean not null default true,
  -- Rises with every change: whoever holds the link begins anew.
  version     bigint not null default 1,
  created_at  timestamptz not null default now()
);

create table uplink_channels (
  tenant_id text not null references uplinks on delete cascade,
  -- As it is called in the federation, and on the network.
  channel   text not null,
  remote    text not null,
  primary key (tenant_id, channel),
  unique (tenant_id, remote)
);

-- What the network has told, written by whoever holds the link.
create table uplink_state (
  tenant_id       text primary key references uplinks on delete cascade,
  router          text,
  connected_since timestamptz,
  last_error      text,
  -- Router → the password it gave.
  passwords       jsonb not null default '{}',
  -- Whose lists are kept, and how new they are.
  lists_router    text,
  mudlist_id      bigint not null default 0,
  chanlist_id     bigint not null default 0
);

create table uplink_muds (
  tenant_id text not null references uplink_state on delete cascade,
  name      text collate "C" not null,
  entry     jsonb not null,
  primary key (tenant_id, name)
);

create table uplink_chanlist (
  tenant_id text not null references uplink_state on delete cascade,
  name      text collate "C" not null,
  host      text not null,
  type      smallint not null,
  primary key (tenant_id, name)
);
`;
