import { sql } from "kysely";
import type { Card, ProjectMember } from "../../../protocol/index.ts";
import type { ProjectScope } from "../../kernel/context.ts";
import type { Db } from "../../kernel/db.ts";
import { behind, readCursor, toPage } from "../../kernel/page.ts";
import { cardColumns } from "../issue/columns.ts";
import { userRef } from "../org/person.ts";

/** How many issues each stage holds, left to right, and last those without a stage. */
export async function countColumns(db: Db, projectId: string): Promise<{ stageId: string | null; count: number }[]> {
  const { rows } = await sql<{ stageId: string | null; count: number }>`
    select stage_id, count from (
      select s.id as stage_id, s.position,
        (select count(*)::int from issues i where i.stage_id = s.id and i.deleted_at is null) as count
      from stages s where s.project_id = ${projectId}
      union all
      select null, null, (
        select count(*)::int from issues where project_id = ${projectId} and stage_id is null and deleted_at is null
      )
    ) as columns order by position nulls last`.execute(db);
  return rows;
}

/** The cards of one column from the cursor on, by rank. */
export async function listColumn(
  db: Db,
  page: { project: ProjectScope; stageId: string | null; cursor: string | null | undefined; limit: number },
): Promise<{ items: Card[]; nextCursor: string | null }> {
  const { project, stageId, cursor, limit } = page;
  const after = readCursor(cursor, 2);
  const keys = [sql`issues.rank`, sql`issues.number`];
  let query = db
    .selectFrom("issues")
    .select(cardColumns(project))
    .where("issues.projectId", "=", project.id)
    .where("issues.stageId", stageId === null ? "is" : "=", stageId)
    .where("issues.deletedAt", "is", null)
    .orderBy("issues.rank")
    .orderBy("issues.number");
  if (after) query = query.where(behind(keys, after, ["text", "int"], "asc"));
  return toPage(await query.limit(limit + 1).execute(), limit, ({ rank, number }) => [rank, number]);
}

export async function listExplicitMembers(db: Db, projectId: string): Promise<ProjectMember[]> {
  return db
    .selectFrom("projectMembers")
    .innerJoin("users as u", "u.id", "projectMembers.userId")
    .select([userRef.as("user"), "projectMembers.role"])
    .where("projectId", "=", projectId)
    .orderBy("u.displayName")
    .orderBy("u.id")
    .execute();
}
