-- The gallery: automations that people publish for everyone, in versions that never change.
create type gallery_category as enum ('triage', 'workflow', 'planning', 'reminders', 'reports', 'other');

create table gallery_items (
  id uuid primary key default gen_random_uuid(),
  author_id uuid not null references users,
  -- Both of the latest version.
  category gallery_category not null,
  version int not null default 1,
  created_at timestamptz not null default clock_timestamp()
);
create index gallery_items_newest on gallery_items (created_at, id);
create index gallery_items_category on gallery_items (category, created_at, id);
create index gallery_items_author on gallery_items (author_id);

create table gallery_versions (
  item_id uuid not null references gallery_items,
  number int not null,
  title text not null,
  summary text not null,
  category gallery_category not null,
  document text not null,
  source text not null,
  -- [{"name", "label", "type", "default", "required"}]
  parameters jsonb not null,
  published_at timestamptz not null default clock_timestamp(),
  primary key (item_id, number)
);
