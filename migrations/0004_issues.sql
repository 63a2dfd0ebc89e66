-- Stages and issues. Enums are declared in the order in which they sort.
create type issue_status as enum ('open', 'in_progress', 'resolved', 'closed');
create type issue_priority as enum ('critical', 'major', 'normal', 'minor');
create type issue_type as enum ('bug', 'feature', 'task', 'improvement');
create type issue_kind as enum ('epic', 'story', 'task', 'subtask');
create type wip_mode as enum ('warn', 'block');

create table stages (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references projects on delete cascade,
  name text not null,
  status issue_status not null,
  position int not null,
  wip_limit int check (wip_limit > 0),
  wip_mode wip_mode not null default 'block',
  unique (project_id, position) deferrable initially deferred
);

create table issues (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references projects on delete cascade,
  number int not null,
  title text not null,
  description text not null default '',
  status issue_status not null,
  priority issue_priority not null,
  type issue_type not null,
  kind issue_kind not null,
  -- No foreign key: all who write it or delete a stage hold the stream's lock, and a move need not lock the stage too.
  stage_id uuid,
  -- The column of the board: its stage, the project for issues without one, none for deleted issues.
  column_id uuid generated always as (case when deleted_at is null then coalesce(stage_id, project_id) end) stored,
  -- Fractional key, compared bytewise. Unique by the stream's lock, not by an index, which would refuse a rebalance.
  rank text collate "C" not null,
  reporter_id uuid not null references users,
  assignee_ids uuid[] not null default '{}',
  estimate double precision,
  comment_count int not null default 0,
  time_spent_seconds int not null default 0,
  fields jsonb not null default '{}',
  version int not null default 1,
  -- The statement's time, not the transaction's, which may have waited for the lock: in the order of numbers and versions.
  created_at timestamptz not null default statement_timestamp(),
  updated_at timestamptz not null default statement_timestamp(),
  deleted_at timestamptz,
  unique (project_id, number)
-- Vacuumed four times as often as usual, since boards count from the index alone where it was vacuumed.
) with (autovacuum_vacuum_scale_factor = 0.05);
-- Every update of an issue writes to each of these: about 5 us and 85 bytes of log for one, 170 for gin. Pending lists
-- are short because each search reads them and one writer empties them, and else the planner shuns the index.
create index issues_updated on issues (project_id, updated_at, number) where deleted_at is null;
create index issues_priority on issues (project_id, priority, number) where deleted_at is null;
create index issues_reporter on issues (project_id, reporter_id, updated_at, number) where deleted_at is null;
create index issues_assignees on issues using gin (assignee_ids) with (gin_pending_list_limit = 256);

-- Apart from issues, so that a move does not touch the text index.
create table issue_texts (
  issue_id uuid primary key references issues on delete cascade,
  -- The project's id is one of the words, so that the index finds the issues of one project alone.
  words tsvector not null
);
create index issue_texts_words on issue_texts using gin (words) with (gin_pending_list_limit = 256);

create function index_issue_text() returns trigger language plpgsql as $$
begin
  insert into issue_texts (issue_id, words)
  values (
    new.id,
    array_to_tsvector(array[new.project_id::text])
      || setweight(to_tsvector('english', new.title), 'A') || setweight(to_tsvector('english', new.description), 'B')
  )
  on conflict (issue_id) do update set words = excluded.words;
  return null;
end
$$;
create trigger issues_text after insert or update of title, description on issues
  for each row execute function index_issue_text();
