-- Who serves, for operators: each instance says every few seconds that it is alive. Worth nothing after a crash, so not logged.
create unlogged table instances (
  id text primary key,
  host text not null,
  version text not null,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  sockets int not null,
  draining boolean not null
);
