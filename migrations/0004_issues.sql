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
  stage_id uuid references stages on delete set null,
  -- Fractional key, compared bytewise. Unique by the stream's lock, not by an index, which would refuse a rebalance.
  rank text collate "C" not null,
  reporter_id uuid not null references users,
  assignee_ids uuid[] not null default '{}',
  estimate double precision,
  comment_count int not null default 0,
  time_spent_seconds int not null default 0,
  fields jsonb not null default '{}',
  version int not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  unique (project_id, number)
);
-- Whole, so that deleting a stage finds its issues; with deleted_at, so that counting reads the index alone.
create index issues_column on issues (stage_id, rank, number) include (deleted_at);
create index issues_updated on issues (project_id, updated_at, number) where deleted_at is null;
create index issues_created on issues (project_id, created_at, number) where deleted_at is null;
create index issues_priority on issues (project_id, priority, number) where deleted_at is null;
create index issues_assignees on issues using gin (assignee_ids);

-- Apart from issues, so that a move does not touch the text index.
create table issue_texts (
  issue_id uuid primary key references issues on delete cascade,
  project_id uuid not null,
  words tsvector not null
);
create index issue_texts_words on issue_texts using gin (words);

create function index_issue_text() returns trigger language plpgsql as $$
begin
  insert into issue_texts (issue_id, project_id, words)
  values (
    new.id,
    new.project_id,
    setweight(to_tsvector('english', new.title), 'A') || setweight(to_tsvector('english', new.description), 'B')
  )
  on conflict (issue_id) do update set words = excluded.words;
  return null;
end
$$;
create trigger issues_text after insert or update of title, description on issues
  for each row execute function index_issue_text();
