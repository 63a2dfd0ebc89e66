/** What our issue.create and issue.move ask of Postgres, in as many statements, written by hand on the same tables. */

const ref = (user: string): string =>
  `(select json_build_object('id', u.id, 'displayName', u.display_name, 'avatarUrl', u.avatar_url, 'kind', u.kind)
    from users u where u.id = ${user})`;
const card = `issues.id, 'bench/p' as project, issues.number, 'P-' || issues.number as key, issues.title, issues.status,
  issues.priority, issues.type, issues.kind, issues.stage_id as "stageId", null as "laneId", issues.rank,
  null as "sprintId", null as parent, ${ref("issues.reporter_id")} as reporter,
  (select coalesce(json_agg(${ref("a.id")}), '[]') from unnest(issues.assignee_ids) a(id)) as assignees,
  '[]'::json as tags, issues.estimate, issues.comment_count as "commentCount",
  issues.time_spent_seconds as "timeSpentSeconds", issues.fields, issues.version, issues.created_at as "createdAt",
  issues.updated_at as "updatedAt", issues.deleted_at as "deletedAt"`;

const column = "from issues o where o.column_id = s.id";
const bottom = `(select o.rank ${column} order by o.rank desc limit 1)`;

export const statements = {
  lockStream: "select seq, epoch from streams where id = $1 for update",

  /** $1 project. */
  findPlaceForNew: `select s.id as "stageId", s.status, ${bottom} as low
    from stages s where s.project_id = $1 order by s.position limit 1`,

  /** $1 project, $2 title, $3 stage, $4 rank, $5 reporter, $6 status. */
  insertIssue: `with counted as (
      update projects set last_issue_number = last_issue_number + 1 where id = $1 returning last_issue_number
    )
    insert into issues (project_id, number, title, description, status, priority, type, kind, stage_id, rank, reporter_id)
    values ($1, (select last_issue_number from counted), $2, '', $6, 'normal', 'task', 'task', $3, $4, $5)
    returning ${card}, issues.description`,

  /** $1 project, $2 number of the issue, $3 stage. */
  findForMove: `select ${card}, s.status as "newStatus", s.name as "stageName", ${bottom} as low,
      (select o.rank ${column} order by o.rank limit 1) as high
    from issues left join stages s on s.project_id = $1 and s.id = $3 where issues.project_id = $1 and issues.number = $2`,

  /** $1 issue, $2 stage, $3 rank, $4 status. */
  updateIssue: `update issues
    set stage_id = $2, rank = $3, status = $4, version = version + 1, updated_at = now()
    where id = $1 returning ${card}, issues.description`,

  /** $1 stream, $2 type, $3 actor, $4 issue, $5 data. */
  insertEvent: `with bumped as (update streams set seq = seq + 1 where id = $1 returning id, seq, epoch)
    insert into events (stream, seq, type, at, actor_id, actor_kind, issue, data)
    select id, seq, $2, now(), $3, 'user', $4, $5 from bumped
    returning seq, at`,
};
