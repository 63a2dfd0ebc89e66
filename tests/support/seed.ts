import { generateNKeysBetween } from "fractional-indexing";
import type { Running } from "./harness.ts";

type Plan = { projectId: string; count: number; stageIds: (string | null)[] };

/**
 * Many issues at once, by one statement: their stages, priorities, kinds, reporters' assignees and words go round.
 * All are made in the same microsecond; they changed at times of their own unless `sameTime` is set.
 */
export async function seedIssues(
  app: Running,
  { projectId, count, stageIds, sameTime = false }: Plan & { sameTime?: boolean },
): Promise<void> {
  const ranks = generateNKeysBetween(null, null, count);
  await app.parts.database.pool.query(
    `with project as (
      update projects set last_issue_number = last_issue_number + $2 where id = $1
      returning id, created_by, last_issue_number - $2 as last
    )
    insert into issues (
      project_id, number, title, description, status, priority, type, kind, stage_id, rank, reporter_id, assignee_ids, updated_at
    )
    select p.id, p.last + n, 'Seed ' || n || ' ' || md5(n::text),
      repeat('The ' || md5((n % 100)::text) || ' of the cart at checkout. ', 5), coalesce(s.status, 'open'),
      (enum_range(null::issue_priority))[n % 4 + 1], (enum_range(null::issue_type))[n % 3 + 1],
      (enum_range(null::issue_kind))[n % 4 + 1], s.id, r.rank, p.created_by,
      case when n % 3 = 0 then array[p.created_by] else '{}' end,
      statement_timestamp() - case when $5 then 0 else (n * 7919) % $2 end * interval '1 minute'
    from project p
    cross join unnest($3::text[]) with ordinality as r(rank, n)
    left join stages s on s.id = ($4::uuid[])[n % cardinality($4::uuid[]) + 1]
    order by n`,
    [projectId, count, ranks, stageIds, sameTime],
  );
}

/** A history: `count` events of a project's issues, in turn, each a move that changed the status. */
export async function seedEvents(app: Running, { projectId, count }: Pick<Plan, "projectId" | "count">): Promise<void> {
  await app.parts.database.pool.query(
    `with stream as (
      update streams set seq = seq + $2 where id = 'project:' || $1 returning id, seq - $2 as last
    )
    insert into events (stream, seq, type, at, actor_id, actor_kind, issue, data, changes)
    select s.id, s.last + n, 'issue.moved', now(), p.created_by, 'user', n % p.last_issue_number + 1,
      '{"number":1,"version":2,"updatedAt":"2026-01-01T00:00:00.000Z","changes":{"rank":"a0"}}',
      '[{"field":"status","from":"open","to":"resolved"}]'
    from stream s cross join generate_series(1, $2) n join projects p on p.id = $1::uuid`,
    [projectId, count],
  );
}
