/**
 * How the tracker of the bench is made. A life: issue `n` was created `n / issues` of the way through the two years, and
 * from then on something happened to it every `gap`, up to ten times, as far as that is past: it was `seen` so often.
 */
import { MAX_STAGES, sqlId } from "./seed.ts";

const ofProject = (kind: number, place: string): string => sqlId(kind, `$1::int * 100 + ${place}`);
const person = (n: string): string => sqlId(2, n);
const wireTime = (at: string): string => `to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const status = (stage: string): string =>
  `('{open,in_progress,in_progress,resolved,closed}'::issue_status[])[1 + ${stage}]`;
const stageIdOf = (stage: string): string => sqlId(4, `$1::int * ${MAX_STAGES} + ${stage}`);
const actor = "case when n % 5000 = 8 and k = 4 then 150 else 1 + (n + k) % 50 end";

export const statements = {
  /** Where issue `n` stands after its event `k`: one in twenty is never begun, and two never get done. */
  stageAfter: `create or replace function pg_temp.stage_after(n int, k int) returns int language sql immutable as $$
    select case
      when n % 20 = 0 or k < 3 then 0
      when k >= 9 and n % 20 >= 13 then 4
      when k >= 6 and n % 20 >= 3 then 3
      when k >= 5 and n % 2 = 0 then 2
      else 1
    end
  $$`,

  /** $1 id, $2 organization, $3 slug, $4 key, $5 creator, $6 issues. */
  project: `insert into projects (id, org_id, slug, key, name, created_by, last_issue_number)
    values ($1, $2, $3, $4, $3, $5, $6)`,

  /** From here on $1 is the project's number and $2 its id. $3 names. */
  stages: `insert into stages (id, project_id, name, status, position)
    select ${stageIdOf("place")}, $2, ($3::text[])[1 + place], ${status("place")}, place from generate_series(0, 4) place`,

  /** $3 when all began, $4 sprints, $5 days of each. */
  sprints: `insert into sprints (id, project_id, name, state, starts_at, ends_at, started_at, ended_at, completed_at, created_at)
    select ${ofProject(5, "place")}, $2, 'Sprint ' || place + 1, state, starts, ends,
      case when state <> 'planned' then starts end, case when state = 'completed' then ends end,
      case when state = 'completed' then ends end, starts - interval '3 days'
    from generate_series(0, $4::int - 1) place
    cross join lateral (select $3::timestamptz + place * $5::int * interval '1 day' as starts) s
    cross join lateral (select starts + $5::int * interval '1 day' as ends) e
    cross join lateral (
      select (case $4::int - place when 1 then 'planned' when 2 then 'active' else 'completed' end)::sprint_state as state
    ) t`,

  lanes: `insert into lanes (id, project_id, name, position)
    select ${ofProject(6, "place")}, $2, 'Lane ' || place, place from generate_series(0, 2) place`,

  /** $3 names. */
  tags: `insert into tags (id, project_id, name, color)
    select ${ofProject(7, "place")}, $2, name, '#336699' from unnest($3::text[]) with ordinality as t(name, place)`,

  fields: `insert into fields (id, project_id, name, kind, options) values
    (${ofProject(8, "0")}, $2::uuid, 'Browser', 'select', '{Firefox,Chrome,Safari}'), (${ofProject(8, "1")}, $2::uuid, 'Ticket', 'number', '{}')`,

  /** $1 when all began, $2 issues, $3 titles, $4 descriptions, $5 ranks, $6 days of a sprint. Neighbours were made far apart. */
  lives: `create temp table lives as
    select n, title, description, rank, created, gap, seen, pg_temp.stage_after(n, seen) as stage,
      case when n % 5 >= 2 then floor(extract(epoch from created + 2 * gap - $1) / 86400 / $6)::int + (n % 3 > 0)::int end as sprint
    from (
      select n::int, title, description, $1::timestamptz + n * (now() - $1) / ($2::int + 1) as created,
        (6 + n * 31 % 60) * interval '1 hour' as gap
      from unnest($3::text[], $4::text[]) with ordinality as written(title, description, n)
    ) as born
    join unnest($5::text[]) with ordinality as ranks(rank, place) on place = 1 + n::bigint * 7919 % $2::int
    cross join lateral (select least(10, floor(extract(epoch from now() - created) / extract(epoch from gap)))::int as seen) s
    order by n`,

  issues: `insert into issues (project_id, number, title, description, status, priority, type, kind, stage_id, rank,
      reporter_id, assignee_ids, estimate, comment_count, time_spent_seconds, fields, version, created_at, updated_at,
      deleted_at, tag_ids, lane_id, sprint_id, parent)
    select $2, n, title, description, ${status("stage")}, (enum_range(null::issue_priority))[1 + n % 4],
      (enum_range(null::issue_type))[1 + n / 4 % 4],
      (case when n % 50 = 0 then 'epic' when n % 10 = 0 then 'story' when n % 10 = 4 then 'subtask' else 'task' end)::issue_kind,
      ${stageIdOf("stage")}, rank, ${person("case when n % 5000 = 8 then 150 else 1 + n % 40 end")},
      case
        when n % 5000 = 7 then array[${person("150")}]
        when n % 4 = 1 then '{}'
        when n % 9 = 0 then array[${person("1 + n % 30")}, ${person("31 + n % 30")}]
        else array[${person("1 + n::bigint * n % 60")}]
      end,
      nullif(n % 14, 13), case when n % 500 = 0 then 60 when n % 20 = 0 then 8 else (n + 1) % 2 end, n % 3 * 1800,
      jsonb_build_object(${ofProject(8, "0")}, (array['Firefox', 'Chrome', 'Safari'])[1 + n % 3], ${ofProject(8, "1")}, n),
      seen + 1, created, created + seen * gap, case when n % 100 = 57 then created + seen * gap end,
      array_remove(array[case when n % 4 = 0 then ${ofProject(7, "1")} end, case when n % 2000 = 6 then ${ofProject(7, "2")} end], null),
      case when n % 4 < 3 then ${ofProject(6, "n % 4")} end,
      case when seen >= 2 and (seen < 7 or n % 20 >= 3) then ${ofProject(5, "sprint")} end,
      case when n % 100 = 99 then 10 when n % 10 between 1 and 4 and n > 10 then n - n % 10 end
    from lives order by n`,

  /** What happened in the project, in order; $1 its id. From 20 on, \`n\` is a sprint. */
  told: `create temp table told as
    select row_number() over (order by at, n, k) as seq, n, k, at from (
      select n, k, created + k * gap as at from lives cross join generate_series(0, seen) k
      union all
      select split_part(name, ' ', 2)::int - 1, k, case k when 20 then created_at when 21 then started_at else completed_at end
      from sprints cross join generate_series(20, 22) k where project_id = $1
    ) as happened where at is not null order by seq`,

  issueEvents: `insert into events (stream, seq, type, at, actor_id, actor_kind, issue, data, changes)
    select 'project:' || $2::text, seq, type, at, ${person(actor)}, 'user', n,
      case type
        when 'issue.created' then jsonb_build_object('issue', jsonb_build_object(
          'id', md5($2::text || n::text)::uuid, 'number', n, 'title', title, 'status', 'open', 'priority', 'normal', 'type', 'task',
          'kind', 'task', 'stageId', ${stageIdOf("0")}, 'laneId', null, 'rank', rank, 'sprintId', null, 'parent', null,
          'assignees', '[]'::jsonb, 'tags', '[]'::jsonb, 'estimate', nullif(n % 14, 13), 'commentCount', 0,
          'timeSpentSeconds', 0, 'fields', '{}'::jsonb, 'version', 1, 'createdAt', wire_at, 'updatedAt', wire_at))
        when 'comment.created' then jsonb_build_object('comment', jsonb_build_object(
          'id', md5($2::text || n::text || k)::uuid, 'issue', n, 'body', left(description, 200), 'createdAt', wire_at, 'editedAt', null))
        when 'time.logged' then jsonb_build_object('entry', jsonb_build_object(
          'id', md5($2::text || n::text || k)::uuid, 'issue', n, 'seconds', 1800, 'description', '', 'loggedAt', wire_at))
        else jsonb_build_object('number', n, 'version', k + 1, 'updatedAt', wire_at, 'changes', said)
      end,
      people
    from told join lives using (n)
    cross join lateral (select ${wireTime("at")} as wire_at, pg_temp.stage_after(n, k) as stage_now,
      pg_temp.stage_after(n, k - 1) as stage_before) w
    cross join lateral (select case
      when k = 0 then 'issue.created'
      when k = 1 then 'issue.assigned'
      when k = 2 and sprint is not null or k = 7 and sprint is not null and n % 20 < 3 then 'issue.sprint_changed'
      when k in (4, 8, 10) then 'comment.created'
      when k = 7 then 'time.logged'
      when stage_now <> stage_before or k = 5 then 'issue.moved'
      else 'issue.updated'
    end as type) t
    cross join lateral (select
      case type
        when 'issue.assigned' then jsonb_build_object('assignees', jsonb_build_array(jsonb_build_object('id', ${person("1 + n % 60")}, 'displayName', 'User ' || 1 + n % 60)))
        when 'issue.sprint_changed' then jsonb_build_object('sprintId', case when k = 2 then ${ofProject(5, "sprint")} end)
        when 'issue.moved' then jsonb_build_object('rank', rank) || case when stage_now = stage_before then '{}' else
          jsonb_build_object('stageId', ${stageIdOf("stage_now")}, 'status', ${status("stage_now")}) end
        when 'issue.updated' then jsonb_build_object('estimate', n % 13 + k)
      end as said,
      case type
        when 'issue.assigned' then jsonb_build_array(jsonb_build_object('field', 'assignees', 'from', '[]'::jsonb, 'to', jsonb_build_array(${person("1 + n % 60")})))
        when 'issue.sprint_changed' then jsonb_build_array(jsonb_build_object('field', 'sprintId', 'from', null, 'to', ${ofProject(5, "sprint")}))
        when 'issue.moved' then case when stage_now <> stage_before then
          jsonb_build_array(jsonb_build_object('field', 'status', 'from', ${status("stage_before")}, 'to', ${status("stage_now")})) end
        when 'issue.updated' then jsonb_build_array(jsonb_build_object('field', 'estimate', 'from', n % 13, 'to', n % 13 + k))
      end as people
    ) c
    where k < 20 order by seq`,

  sprintEvents: `insert into events (stream, seq, type, at, actor_id, actor_kind, data)
    select 'project:' || $2::text, seq, (array['sprint.created', 'sprint.started', 'sprint.completed'])[k - 19], at,
      ${person("1")}, 'user', jsonb_build_object('sprint', jsonb_build_object('id', ${ofProject(5, "n")}, 'name', 'Sprint ' || n + 1))
    from told where k >= 20 order by seq`,

  /** $1 the stream: nobody is told of what is past. */
  head: `with moved as (update streams set seq = (select max(seq) from told) where id = $1 returning id, seq)
    insert into positions (consumer, stream, seq) select 'notifications', id, seq from moved`,

  /** From here on $1 is the project's id. $2 texts. */
  comments: `insert into comments (issue_id, author_id, body, created_at)
    select i.id, ${person("1 + (i.number + k) % 50")}, text, i.created_at + k * interval '1 hour'
    from issues i cross join generate_series(1, i.comment_count) k
    join unnest($2::text[]) with ordinality as texts(text, place) on place = 1 + (i.number * 31 + k * 17) % cardinality($2::text[])
    where i.project_id = $1 order by i.number, k`,

  relations: `insert into relations (project_id, type, source_id, target_id, created_at)
    select $1::uuid, (case when a.number % 20 = 0 then 'blocks' else 'relates_to' end)::relation_type, a.id, b.id, b.created_at
    from issues a join issues b on b.project_id = $1 and b.number = a.number + 3
    where a.project_id = $1 and a.number % 10 = 0`,

  timeEntries: `insert into time_entries (project_id, issue_id, user_id, seconds, logged_at)
    select $1::uuid, id, ${person("1 + (number + k) % 50")}, 1800, created_at + k * interval '1 day'
    from issues cross join generate_series(1, time_spent_seconds / 1800) k where project_id = $1`,

  watchers: `insert into watchers (issue_id, user_id, since)
    select distinct i.id, watcher, i.created_at from issues i cross join unnest(i.reporter_id || i.assignee_ids) watcher
    where i.project_id = $1`,

  texts: "select index_text(issues) from issues where deleted_at is null order by created_at",
  knownWords: `insert into known_words
    select word from ts_stat($$select to_tsvector('plain_words', title) from issues$$) where word ~ '^[[:alpha:]]{3,30}$'
    on conflict do nothing`,

  /** 2,000 for each of 20 people, one in ten unread; $1 the project's id. */
  notifications: `insert into notifications (user_id, reason, project_id, issue, stream, seq, summary, created_at, read_at)
    select ${person("u")}, 'watched', $1::uuid, number, 'project:' || $1::uuid, number, 'Moved to Done', updated_at,
      case when number % 10 > 0 then updated_at end
    from issues cross join generate_series(1, 20) u where project_id = $1 and number <= 2000`,
};
