-- Scripts in Lua: what they are, what they were, and what their runs did.

create table scripts (
  -- Also a row in users, of kind script, so that what it writes has an author; the name is kept the same in both.
  id uuid primary key references users,
  org_id uuid not null references orgs on delete cascade,
  -- null: for all projects of the organization.
  project_id uuid references projects on delete cascade,
  name text not null,
  source text not null,
  -- Values that the source reads as `params`.
  params jsonb not null default '{}',
  -- Read from the source: {"events": ["issue.created"], "schedules": [{"cron": "0 9 * * 1", "timeZone": "UTC"}]}.
  triggers jsonb not null,
  -- Whose rights it has: who saved the present source.
  owner_id uuid not null references users,
  revision int not null default 1,
  -- null: SCRIPT_TIMEOUT_MS.
  timeout_ms int check (timeout_ms > 0),
  enabled boolean not null,
  -- Why it is disabled, when nobody did that.
  disabled_reason text,
  -- Runs in a row that failed.
  failures int not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  unique nulls not distinct (org_id, project_id, name)
);
create index scripts_project on scripts (project_id) where project_id is not null;

create table script_revisions (
  script_id uuid not null references scripts on delete cascade,
  number int not null,
  source text not null,
  params jsonb not null,
  author_id uuid not null references users,
  created_at timestamptz not null default clock_timestamp(),
  primary key (script_id, number)
);

-- Runs that are over. One under way is known by its claim, in positions or script_schedules.
create table script_runs (
  -- Derived from script and event or tick, so that a run that is tried again is the same run.
  id uuid primary key,
  script_id uuid not null references scripts on delete cascade,
  -- Of the source that ran.
  revision int not null,
  -- null: of an organization, by the clock.
  project_id uuid,
  trigger text not null check (trigger in ('event', 'schedule', 'manual')),
  stream text collate "C",
  seq bigint,
  event_type text,
  scheduled_for timestamptz,
  -- Of the chain of scripts that set each other off, 1 for the first.
  depth int not null,
  attempt int not null,
  status text not null check (status in ('ok', 'failed', 'refused')),
  -- {"code", "message", "line"}
  error jsonb,
  output text not null,
  duration_ms double precision not null,
  cpu_ms double precision not null,
  memory_bytes bigint not null,
  host_calls int not null,
  mutations int not null,
  started_at timestamptz not null,
  finished_at timestamptz not null
);
create index script_runs_script on script_runs (script_id, finished_at desc, id desc);
create index script_runs_finished on script_runs (finished_at);

-- The next tick of each schedule of an enabled script; runs move it on.
create table script_schedules (
  script_id uuid not null references scripts on delete cascade,
  -- Its place in the triggers.
  place int not null,
  cron text not null,
  time_zone text not null,
  -- null: it has no more ticks.
  next_at timestamptz,
  attempt int not null default 1,
  retry_at timestamptz,
  claimed_by text,
  claimed_until timestamptz,
  primary key (script_id, place)
);
create index script_schedules_next on script_schedules (next_at) where next_at is not null;

-- Whether scripts run at all; {"mutationsPerRun", "runsPerDay"} where less than the server and the plan allow.
alter table orgs add column scripts_enabled boolean not null default true;
alter table orgs add column script_caps jsonb not null default '{}';
alter table projects add column scripts_enabled boolean not null default true;
