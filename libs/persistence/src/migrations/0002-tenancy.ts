/**
 * Tenants, keys, sessions and channels. `tenant_id` leads every key, so that the
 * schema can be distributed by it. Users and topics are stored canonical and whole.
 */
export const tenancy = `
create table tenants (
  tenant_id  text primary key,
  status     text not null default 'active' check (status in ('active', 'disabled')),
  -- { auto_create_channels?: boolean, limits?: { rate?, burst?, connections?, channels? } }
  settings   jsonb not null default '{}',
  created_at timestamptz not null default now()
);

-- A key itself is never stored, only its SHA-256: it has 256 random bits, so no salt is needed.
create table api_keys (
  tenant_id   text not null references tenants,
  key_id      uuid not null,
  key_hash    text not null,
  name        text not null,
  permissions text[] not null,
  limits      jsonb not null default '{}',
  demo        boolean not null default false,
  created_at  timestamptz not null default now(),
  revoked_at  timestamptz,
  primary key (tenant_id, key_id),
  unique (tenant_id, key_hash)
);
create index api_keys_hash on api_keys (key_hash);

create table sessions (
  tenant_id  text not null,
  session_id uuid not null,
  user_name  text,
  key_id     text not null,
  token_id   text,
  -- The edge instance that has it; when that is gone, the session has been left.
  edge       text not null,
  topics     text[] not null default '{}',
  created_at timestamptz not null default now(),
  left_at    timestamptz,
  primary key (tenant_id, session_id)
);
create index sessions_user on sessions (tenant_id, user_name);
create index sessions_left on sessions (left_at) where left_at is not null;
create index sessions_edge on sessions (edge) where left_at is null;

create table cursors (
  tenant_id  text not null,
  session_id uuid not null,
  topic      text not null,
  seq        bigint not null,
  primary key (tenant_id, session_id, topic),
  foreign key (tenant_id, session_id) references sessions on delete cascade
);

create table revocations (
  tenant_id     text not null,
  revocation_id uuid not null,
  token_id      text,
  user_name     text,
  -- What was issued before this moment is revoked.
  before        timestamptz not null,
  created_at    timestamptz not null default now(),
  primary key (tenant_id, revocation_id),
  check ((token_id is null) <> (user_name is null))
);
create index revocations_created on revocations (created_at);

create table channels (
  tenant_id    text not null,
  topic        text not null,
  visibility   text not null,
  read_role    text not null,
  publish_role text not null,
  join_role    text not null,
  created_by   text,
  created_at   timestamptz not null default now(),
  primary key (tenant_id, topic)
);

create table members (
  tenant_id text not null,
  topic     text not null,
  user_name text not null,
  role      text not null,
  joined_at timestamptz not null default now(),
  primary key (tenant_id, topic, user_name),
  foreign key (tenant_id, topic) references channels on delete cascade
);
create index members_user on members (tenant_id, user_name);

create table blocks (
  tenant_id  text not null,
  user_name  text not null,
  blocked    text not null,
  created_at timestamptz not null default now(),
  primary key (tenant_id, user_name, blocked)
);
`;
