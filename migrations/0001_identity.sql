-- People, bots and their sessions. Secrets are stored as hashes only.
create type user_kind as enum ('user', 'bot', 'script');

create table users (
  id uuid primary key default gen_random_uuid(),
  kind user_kind not null default 'user',
  email text unique check (email = lower(email)),
  display_name text not null,
  avatar_url text,
  password_hash text,
  suspended_at timestamptz,
  created_at timestamptz not null default now()
);

-- A session is a family of refresh tokens, each used once.
create table sessions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create index sessions_user on sessions (user_id);
create index sessions_expires on sessions (expires_at);

create table refresh_tokens (
  hash bytea primary key,
  session_id uuid not null references sessions on delete cascade,
  created_at timestamptz not null default now(),
  rotated_at timestamptz
);
create index refresh_tokens_session on refresh_tokens (session_id);
