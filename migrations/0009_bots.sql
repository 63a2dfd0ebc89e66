-- Bots, API keys, and how far their owners have read.

-- Of a bot: whose it is; null once it was deleted or its organization is gone, and then it is nobody's for ever.
alter table users add column org_id uuid references orgs on delete set null check (kind = 'bot' or org_id is null);
create index users_org on users (org_id) where org_id is not null;

create table api_keys (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  label text not null,
  -- The beginning of the secret, by which people tell their keys apart.
  prefix text not null,
  -- SHA-256; 128 random bits need no salt.
  hash bytea not null unique,
  -- The secret before the last rotation, and how long it is still good.
  previous_hash bytea unique,
  previous_expires_at timestamptz,
  scopes text[] not null check (scopes <@ array['read', 'write', 'admin'] and cardinality(scopes) > 0),
  -- null: all that the owner may see. No table of its own: a key whose projects are deleted must not become one for all.
  project_ids uuid[] check (cardinality(project_ids) > 0),
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  last_used_at timestamptz
);
create index api_keys_user on api_keys (user_id, created_at, id);

-- How far a program has handled a stream, under a name of its own.
create table cursors (
  user_id uuid not null references users on delete cascade,
  stream text collate "C" not null,
  name text not null,
  seq bigint not null,
  updated_at timestamptz not null default now(),
  primary key (user_id, stream, name)
);
