-- What an organization may use, and what it used. Adds a column with a constant default: no table is written anew.
create table plans (
  id text primary key,
  name text not null,
  position int not null,
  -- null: no limit.
  members int,
  projects int,
  commands_per_day int,
  script_runs_per_day int,
  event_retention_days int
);
insert into plans (id, name, position, members, projects, commands_per_day, script_runs_per_day, event_retention_days)
values
  ('starter', 'Starter', 1, 50, 20, 50000, 1000, 90),
  ('pro', 'Pro', 2, 250, 200, 500000, 20000, 365),
  ('business', 'Business', 3, null, null, null, null, null);

alter table orgs add column plan text not null default 'business' references plans;

-- Per day in UTC. A principal is a user, a bot or a script: no foreign key, since what was used stays used.
create table usage (
  org_id uuid not null references orgs on delete cascade,
  day date not null,
  principal_id uuid not null,
  commands bigint not null,
  script_runs bigint not null,
  primary key (org_id, day, principal_id)
);
create index usage_day on usage (day);

create table usage_days (
  org_id uuid not null references orgs on delete cascade,
  day date not null,
  commands bigint not null,
  script_runs bigint not null,
  -- The quota events that were written, as commands.warning.
  told text[] not null default '{}',
  primary key (org_id, day)
);

-- The last batch of counts of each instance, so that one whose answer was lost is not added twice.
create table usage_batches (
  instance text primary key,
  number bigint not null,
  at timestamptz not null default now()
);
