import { sql } from "kysely";
import type { Issue, Stage } from "../../../protocol/index.ts";
import type { Db } from "../../kernel/db.ts";
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

/** What a change of a whole column did to each of its issues. */
export type ChangedIssue = Pick<Issue, "number" | "version" | "updatedAt" | "status" | "stageId" | "rank">;

/** Nested in JSON, a time must be spelled as the wire has it. */
const changedIssue = sql`json_build_object(
  'number', number, 'version', version, 'status', status, 'stageId', stage_id, 'rank', rank,
  'updatedAt', to_char(updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
)`;
const changedIssues = sql<
  ChangedIssue[]
>`coalesce((select json_agg(${changedIssue} order by number) from followed), '[]')`;

/** Writes the fields; the issues that stand in the stage take its status over. */
export async function updateStageRow(
  tx: Tx,
  id: string,
  fields: Partial<StageFields>,
): Promise<{ stage: Stage; issues: ChangedIssue[] }> {
  const row = await tx
    .with("changed", (cte) => cte.updateTable("stages").set(fields).where("id", "=", id).returning(stageColumns))
    .with("followed", (cte) =>
      cte
        .updateTable("issues")
        .from("changed")
        .set({ status: sql`changed.status`, version: sql`version + 1`, updatedAt: sql`now()` })
        .whereRef("issues.stageId", "=", "changed.id")
        .whereRef("issues.status", "!=", "changed.status")
        .where("deletedAt", "is", null)
        .returning(["number", "version", "updatedAt", "issues.status", "stageId", "rank"]),
    )
    .selectFrom("changed")
    .select(stageColumns)
    .select(changedIssues.as("issues"))
    .executeTakeFirstOrThrow();
  const { issues, ...stage } = row;
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

/** A stage to empty: itself, its issues top to bottom, and what is in the stage where they go. */
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
    select json_build_object('id', t.id, 'name', t.name, 'status', t.status, 'wipLimit', t.wip_limit, 'wipMode', t.wip_mode,
      'occupancy', (select count(*) from issues where stage_id = t.id and deleted_at is null),
      'bottom', (select max(rank) from issues where stage_id = t.id and deleted_at is null))
    from stages t where t.id = ${moveTo ?? null} and t.project_id = ${projectId}
  )`;
  return db
    .selectFrom("stages")
    .select([
      "name",
      sql<string[]>`array(
        select id from issues where stage_id = stages.id and deleted_at is null order by rank, number
      )`.as("issueIds"),
      target.as("target"),
    ])
    .where("id", "=", stageId)
    .where("projectId", "=", projectId)
    .executeTakeFirst();
}

/** Deletes a stage whose issues go to another one at these ranks, or stay without a stage. */
export async function deleteStageRow(
  tx: Tx,
  { stageId, issueIds, ranks, target }: Pick<Emptying, "issueIds" | "target"> & { stageId: string; ranks: string[] },
): Promise<ChangedIssue[]> {
  const { rows } = await sql<{ issues: ChangedIssue[] }>`
    with followed as (
      update issues set stage_id = ${target?.id ?? null}, rank = coalesce(placed.rank, issues.rank),
        status = coalesce(cast(${target?.status ?? null} as issue_status), issues.status),
        version = version + 1, updated_at = now()
      from unnest(cast(${issueIds} as uuid[]), cast(${ranks} as text[])) as placed(id, rank)
      where issues.id = placed.id
      returning number, version, updated_at, issues.status, stage_id, issues.rank
    ), gone as (delete from stages where id = ${stageId})
    select ${changedIssues} as issues`.execute(tx);
  return rows[0]?.issues ?? [];
}
