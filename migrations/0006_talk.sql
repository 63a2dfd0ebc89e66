-- What people say and do around issues: comments, relations, time, watching, notifications, drafts.
create table comments (
  id uuid primary key default gen_random_uuid(),
  issue_id uuid not null references issues on delete cascade,
  author_id uuid not null references users,
  body text not null,
  -- Not now(): commands that share a transaction keep their order.
  created_at timestamptz not null default clock_timestamp(),
  edited_at timestamptz
);
create index comments_issue on comments (issue_id, created_at, id);

create type relation_type as enum ('blocks', 'duplicates', 'relates_to', 'clones');

-- One direction is stored; the inverse is derived on reading.
create table relations (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references projects on delete cascade,
  type relation_type not null,
  source_id uuid not null references issues on delete cascade,
  target_id uuid not null references issues on delete cascade,
  created_at timestamptz not null default now(),
  unique (source_id, target_id, type),
  check (source_id <> target_id)
);
create index relations_target on relations (target_id);

create table time_entries (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references projects on delete cascade,
  issue_id uuid not null references issues on delete cascade,
  user_id uuid not null references users,
  seconds int not null check (seconds > 0),
  description text not null default '',
  -- When the work was done, apart from when it was written down.
  logged_at timestamptz not null,
  created_at timestamptz not null default now()
);
create index time_entries_issue on time_entries (issue_id, logged_at, id);
create index time_entries_project on time_entries (project_id, logged_at) include (issue_id, user_id, seconds);

create table watchers (
  issue_id uuid not null references issues on delete cascade,
  user_id uuid not null references users on delete cascade,
  -- Nobody is told of what happened before, however late it is told.
  since timestamptz not null default now(),
  primary key (issue_id, user_id)
);
create index watchers_user on watchers (user_id);

-- Whoever reports an issue or is assigned to it watches it, until they say otherwise.
create function watch_issue() returns trigger language plpgsql as $$
begin
  insert into watchers (issue_id, user_id)
  select new.id, person.id
  from unnest(case tg_op when 'INSERT' then new.reporter_id || new.assignee_ids else new.assignee_ids end) as person(id)
  where person.id <> all (coalesce(old.assignee_ids, '{}'))
  on conflict do nothing;
  return null;
end
$$;
create trigger issues_watchers after insert or update of assignee_ids on issues
  for each row execute function watch_issue();

-- The strongest first.
create type notification_reason as enum ('mentioned', 'assigned', 'watched', 'script');

create table notifications (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  reason notification_reason not null,
  project_id uuid not null references projects on delete cascade,
  -- null: a script tells of no issue.
  issue int,
  -- The event that it tells of: one notification a person and event. Those of scripts have no stream, and the seq of
  -- what set the script off.
  stream text,
  seq bigint not null,
  summary text not null,
  created_at timestamptz not null default now(),
  read_at timestamptz,
  -- When to send it by e-mail, or to try again; null: not wanted, sent, or given up.
  mail_due timestamptz,
  mail_attempts int not null default 0,
  unique (user_id, stream, seq)
);
-- seq: those of one transaction have the same time.
create index notifications_user on notifications (user_id, created_at, seq, id);
create index notifications_unread on notifications (user_id, created_at, seq, id) where read_at is null;
create index notifications_mail on notifications (mail_due) where mail_due is not null;

alter table users add column notification_prefs jsonb not null default '{}';

-- Where each reaction stands in each stream, 0 unless it has a row; moved in the transaction of its effects.
create table positions (
  consumer text not null,
  stream text collate "C" not null,
  seq bigint not null,
  -- The instance that works on it, until when unless it says so again.
  claimed_by text,
  claimed_until timestamptz,
  primary key (consumer, stream)
);
-- Nobody is told of what happened before.
insert into positions (consumer, stream, seq) select 'notifications', id, seq from streams where id like 'project:%';

create table drafts (
  user_id uuid not null references users on delete cascade,
  name text not null,
  payload jsonb not null,
  version int not null default 1,
  updated_at timestamptz not null default now(),
  primary key (user_id, name)
);
