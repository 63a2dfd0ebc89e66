-- Sessions as their user sees them, and codes by e-mail. Adds columns with constant defaults: no table is written anew.
create type sign_in_method as enum ('password', 'code');
alter table sessions
  add column method sign_in_method not null default 'password',
  add column last_used_at timestamptz not null default now(),
  -- As the door saw them when the session was last used.
  add column address text,
  add column user_agent text;

-- The last code that was asked for an e-mail, whether or not anyone has an account with it: nothing tells the difference.
create table sign_in_codes (
  email text primary key,
  id uuid not null,
  hash bytea not null,
  tries_left int not null,
  expires_at timestamptz not null
);
create index sign_in_codes_expires on sign_in_codes (expires_at);
