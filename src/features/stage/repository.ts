import { sql } from "kysely";
import type { Issue, Stage } from "../../../protocol/index.ts";
import type { Db } from "../../kernel/db.ts";
import { found } from "../../kernel/errors.ts";
import type { Tx } from "../../kernel/transact.ts";

/** The columns of protocol `Stage`. */
const stageColumns = ["id", "name", "status", "position", "wipLimit", "wipMode"] as const;

export async function listStages(db: Db, projectId: string): Promise<Stage[]> {
  return db.selectFrom("stages").select(stageColumns).where("projectId", "=", projectId).orderBy("position").execute();
}

type StageFields = Pick<Stage, "name" | "status" | "wipLimit" | "wipMode">;

/** At the right end. */
export async function insertStage(tx: Tx, stage: StageFields & { projectId: string }): Promise<Stage> {
  const last = sql<number>`coalesce((select max(position) + 1 from stages where project_id = ${stage.projectId}), 0)`;
  return tx
    .insertInto("stages")
    .values({ ...stage, position: last })
    .returning(stageColumns)
    .executeTakeFirstOrThrow();
}

/** What a change of a whole column did to one of its issues. */
export type FollowedIssue = Pick<Issue, "number" | "version" | "updatedAt" | "status" | "stageId" | "rank"> & {
  oldStatus: Issue["status"];
};

/** Nested in JSON, a time must be spelled as the wire has it. */
const followedIssue = sql`json_build_object(
  'number', number, 'version', version, 'status', status, 'oldStatus', old_status, 'stageId', stage_id, 'rank', rank,
  'updatedAt', to_char(updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
)`;
/** Those of the CTE `followed` that are on the board, by number: deleted issues follow without a word. */
const followedIssues = sql<FollowedIssue[]>`(
  select coalesce(json_agg(${followedIssue} order by number), '[]') from followed where deleted_at is null
)`;
const returningFollowed = sql`returning issues.number, issues.version, issues.updated_at, issues.deleted_at,
  issues.status, old.status as old_status, issues.stage_id, issues.rank`;

/** Writes the fields; the issues that stand in the stage take a new status over. */
export async function updateStageRow(
  tx: Tx,
  { id, projectId, newStatus }: { id: string; projectId: string; newStatus: boolean },
  fields: StageFields,
): Promise<{ stage: Stage; issues: FollowedIssue[] }> {
  const { name, status, wipLimit, wipMode } = fields;
  const { rows } = await sql<Stage & { issues: FollowedIssue[] }>`
    with changed as (
      update stages set name = ${name}, status = ${status}, wip_limit = ${wipLimit}, wip_mode = ${wipMode}
      where id = ${id} returning id, name, status, position, wip_limit, wip_mode
    ), followed as (
      update issues set status = ${status}, version = issues.version + 1, updated_at = statement_timestamp()
      from issues as old
      where issues.id = old.id and old.project_id = ${projectId} and old.stage_id = ${id}
        and old.status <> ${status} and cast(${newStatus} as boolean)
      ${returningFollowed}
    )
    select id, name, status, position, wip_limit, wip_mode, ${followedIssues} as issues from changed`.execute(tx);
  const { issues, ...stage } = found(rows[0], "Stage");
  return { stage, issues };
}

/** Puts all stages of a project in this order; gives them as they stand then. */
export async function updatePositions(tx: Tx, projectId: string, stageIds: string[]): Promise<Stage[]> {
  const { rows } = await sql<Stage>`update stages set position = placed.position - 1
    from unnest(cast(${stageIds} as uuid[])) with ordinality as placed(id, position)
    where stages.id = placed.id and stages.project_id = ${projectId}
    returning stages.id, name, status, stages.position, wip_limit, wip_mode`.execute(tx);
  return rows.sort((a, b) => a.position - b.position);
}

/** A stage to empty: its issues top to bottom, and what is in the stage where they go. */
export type Emptying = {
  name: string;
  issueIds: string[];
  target:
    | (Pick<Stage, "id" | "name" | "status" | "wipLimit" | "wipMode"> & { occupancy: number; bottom: string | null })
    | null;
};

export async function findEmptying(
  db: Db,
  { projectId, stageId, moveTo }: { projectId: string; stageId: string; moveTo: string | undefined },
): Promise<Emptying | undefined> {
  const target = sql<Emptying["target"]>`(
    select json_build_object(
      'id', t.id, 'name', t.name, 'status', t.status, 'wipLimit', t.wip_limit, 'wipMode', t.wip_mode,
      'occupancy', (select count(*) from issues where column_id = t.id),
      'bottom', (select rank from issues where column_id = t.id order by rank desc limit 1)
    )
    from stages t where t.id = ${moveTo ?? null} and t.project_id = ${projectId}
  )`;
  return db
    .selectFrom("stages")
    .select([
      "name",
      sql<string[]>`array(select id from issues where column_id = stages.id order by rank, number)`.as("issueIds"),
      target.as("target"),
    ])
    .where("id", "=", stageId)
    .where("projectId", "=", projectId)
    .executeTakeFirst();
}

/** Deletes a stage. Its issues go to the target, those on the board at these ranks, or stay without a stage. */
export async function deleteStageRow(
  tx: Tx,
  at: Pick<Emptying, "issueIds" | "target"> & { projectId: string; stageId: string; ranks: string[] },
): Promise<FollowedIssue[]> {
  const { projectId, stageId, issueIds, ranks, target } = at;
  const { rows } = await sql<{ issues: FollowedIssue[] }>`
    with followed as (
      update issues set stage_id = ${target?.id ?? null}, rank = coalesce(placed.rank, issues.rank),
        status = coalesce(cast(${target?.status ?? null} as issue_status), issues.status),
        version = issues.version + 1, updated_at = statement_timestamp()
      from issues as old
      left join unnest(cast(${issueIds} as uuid[]), cast(${ranks} as text[])) as placed(id, rank) on placed.id = old.id
      where issues.id = old.id and old.project_id = ${projectId} and old.stage_id = ${stageId}
      ${returningFollowed}
    ), gone as (delete from stages where id = ${stageId})
    select ${followedIssues} as issues`.execute(tx);
  return rows[0]?.issues ?? [];
}
