-- The log. A stream is locked by its row, so seq is commit order and has no gaps.
create table streams (
  id text collate "C" primary key,
  seq bigint not null default 0,
  -- Changes only when a database is restored: seq numbers of another epoch mean nothing here.
  epoch text not null default substr(replace(gen_random_uuid()::text, '-', ''), 1, 8)
);

-- Every user, organization and project has a stream from its first moment, so that its epoch never changes later.
create function create_stream() returns trigger language plpgsql as $$
begin
  insert into streams (id) values (tg_argv[0] || ':' || new.id) on conflict do nothing;
  return null;
end
$$;
create trigger users_stream after insert on users for each row execute function create_stream('user');

create type actor_kind as enum ('user', 'bot', 'script', 'system');

-- No foreign keys: history outlives what it tells of.
create table events (
  stream text collate "C" not null,
  seq bigint not null,
  type text not null,
  at timestamptz not null,
  actor_id uuid,
  actor_kind actor_kind not null,
  cause jsonb,
  -- The issue's number, for its history.
  issue int,
  -- As pushed to subscribers.
  data jsonb not null,
  -- For people: field, value before and after, and what they were called; not pushed.
  changes jsonb,
  primary key (stream, seq)
);
create index events_issue on events (stream, issue, seq) where issue is not null;
-- Histories tell of neither new ranks nor what else nobody asked for.
create index events_actor on events (stream, actor_id, seq) where not (type = 'issue.moved' and changes is null);
create index events_type on events (stream, type, seq) where not (type = 'issue.moved' and changes is null);

-- First answers by command id, so that a command sent again is answered, not applied, again.
create table command_answers (
  actor_id uuid not null,
  command_id uuid not null,
  input_hash bytea not null,
  stream text not null,
  seq bigint,
  data jsonb not null,
  -- Of a run of a script: which, and what it was answered since its mutation before, for when it must be run again.
  run_id uuid,
  journal jsonb,
  created_at timestamptz not null default now(),
  primary key (actor_id, command_id)
);
create index command_answers_created on command_answers (created_at);
create index command_answers_run on command_answers (run_id) where run_id is not null;
