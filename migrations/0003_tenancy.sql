-- Organizations, projects and roles.
create type org_role as enum ('member', 'admin', 'owner');
create type project_role as enum ('viewer', 'reporter', 'developer', 'admin');

create table orgs (
  id uuid primary key default gen_random_uuid(),
  slug text not null unique,
  name text not null,
  description text not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table org_members (
  org_id uuid not null references orgs on delete cascade,
  user_id uuid not null references users on delete cascade,
  role org_role not null,
  joined_at timestamptz not null default now(),
  primary key (org_id, user_id)
);
create index org_members_user on org_members (user_id);

create table projects (
  id uuid primary key default gen_random_uuid(),
  org_id uuid not null references orgs on delete cascade,
  slug text not null,
  key text not null,
  name text not null,
  description text not null default '',
  created_by uuid not null references users,
  last_issue_number int not null default 0,
  -- Whether several sprints may be active.
  parallel_sprints boolean not null default false,
  archived_at timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (org_id, slug),
  unique (org_id, key)
);

create table project_members (
  project_id uuid not null references projects on delete cascade,
  user_id uuid not null references users on delete cascade,
  role project_role not null,
  primary key (project_id, user_id)
);
create index project_members_user on project_members (user_id);

create trigger orgs_stream after insert on orgs for each row execute function create_stream('org');
create trigger projects_stream after insert on projects for each row execute function create_stream('project');
