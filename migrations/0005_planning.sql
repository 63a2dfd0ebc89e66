-- What teams plan with: tags, lanes, custom fields, workflow, hierarchy, sprints.
create table tags (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references projects on delete cascade,
  name text not null,
  color text not null,
  unique (project_id, name)
);

create table lanes (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references projects on delete cascade,
  name text not null,
  color text,
  position int not null,
  unique (project_id, position) deferrable initially deferred
);

create type field_kind as enum ('text', 'number', 'date', 'select', 'user');

create table fields (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references projects on delete cascade,
  name text not null,
  kind field_kind not null,
  -- Choices of a select field.
  options text[] not null default '{}',
  unique (project_id, name)
);

-- Allowed changes of status, as [{from, to, kinds?}]; empty: all are.
alter table projects add column transitions jsonb not null default '[]';

create type sprint_state as enum ('planned', 'active', 'completed');

create table sprints (
  id uuid primary key default gen_random_uuid(),
  project_id uuid not null references projects on delete cascade,
  name text not null,
  goal text not null default '',
  state sprint_state not null default 'planned',
  starts_at timestamptz not null,
  ends_at timestamptz not null check (ends_at > starts_at),
  started_at timestamptz,
  -- When the clock told that the end had passed; at most once.
  ended_at timestamptz,
  completed_at timestamptz,
  created_at timestamptz not null default now()
);
create index sprints_project on sprints (project_id, starts_at, id);
create index sprints_due on sprints (ends_at) where state = 'active' and ended_at is null;
create index sprints_active on sprints (project_id) where state = 'active';

-- References within a project that its stream's lock protects; a tag or person is looked for by array.
alter table issues
  add column tag_ids uuid[] not null default '{}',
  add column lane_id uuid,
  add column sprint_id uuid,
  -- The parent's number.
  add column parent int;
-- What boards count and lay out by, so that they count from the index alone.
create index issues_column on issues (column_id, rank, number) include (status, priority, lane_id, parent, assignee_ids)
  where column_id is not null;
create index issues_fields on issues using gin (fields jsonb_path_ops) with (gin_pending_list_limit = 256) where fields <> '{}';
create index issues_tags on issues using gin (tag_ids) where tag_ids <> '{}';
create index issues_sprint on issues (sprint_id, rank, number) include (deleted_at) where sprint_id is not null;
create index issues_parent on issues (project_id, parent) where parent is not null;
-- A backlog is short where all issues ever done are many.
create index issues_backlog on issues (project_id, stage_id, rank, number)
  where sprint_id is null and deleted_at is null and status in ('open', 'in_progress') and kind <> 'epic';

-- Reports are read from the log. Functions, so that index and query cannot differ.
-- The sprint that an event tells of, or that it puts an issue in.
create function event_sprint(data jsonb) returns text language sql immutable parallel safe
  return coalesce(data #>> '{sprint,id}', data #>> '{changes,sprintId}', data #>> '{issue,sprintId}');
create index events_sprint on events (stream, event_sprint(data)) where event_sprint(data) is not null;
-- Whether an event may change what a report says of an issue.
create function event_plans(type text, data jsonb) returns boolean language sql immutable parallel safe
  return type in ('issue.created', 'issue.restored', 'issue.deleted', 'issue.purged')
    or data -> 'changes' ?| array['sprintId', 'status', 'estimate'];
create index events_plan on events (stream, issue, seq) where event_plans(type, data);
