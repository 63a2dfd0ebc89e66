import { sql } from "kysely";
import type { Card, ProjectMember } from "../../../protocol/index.ts";
import type { ProjectScope } from "../../kernel/context.ts";
import type { Db } from "../../kernel/db.ts";
import { readAfter, toPage } from "../../kernel/page.ts";
import { cardColumns } from "../issue/columns.ts";
import { columnOrder, inOrder, walkColumns } from "../issue/repository/order.ts";
import { userRef } from "../org/person.ts";

/** How many issues stand in each of these columns; one without any is missing. */
export async function countColumns(db: Db, columnIds: string[]): Promise<Map<string | null, number>> {
  const rows = await db
    .selectFrom("issues")
    .select(["columnId", sql<number>`count(*)::int`.as("count")])
    .where("columnId", "=", sql<string>`any(cast(${columnIds} as uuid[]))`)
    .groupBy("columnId")
    .execute();
  return new Map(rows.map(({ columnId, count }) => [columnId, count]));
}

type Cards = { items: Card[]; nextCursor: string | null };

/** From `limit + 1` cards of one column. */
export const toCardPage = (cards: Card[], limit: number): Cards =>
  toPage(cards, limit, ({ rank, number }) => [columnOrder.name, rank, number]);

/** The first cards of every column, column by column. */
export async function listFirstCards(db: Db, project: ProjectScope, perColumn: number): Promise<Card[]> {
  const query = db.selectFrom("issues").select(cardColumns(project));
  return walkColumns(db, query, { projectId: project.id, perColumn });
}

/** The cards of one column from the cursor on, by rank. */
export async function listColumn(
  db: Db,
  page: { project: ProjectScope; stageId: string | null; cursor: string | null | undefined; limit: number },
): Promise<Cards> {
  const { project, stageId, cursor, limit } = page;
  const query = db
    .selectFrom("issues")
    .select(cardColumns(project))
    .where("issues.columnId", "=", stageId ?? project.id);
  const cards = await inOrder(query, columnOrder, readAfter(columnOrder, cursor))
    .limit(limit + 1)
    .execute();
  return toCardPage(cards, limit);
}

/** By id: names may change, and each database sorts them by rules of its own. */
export async function listExplicitMembers(db: Db, projectId: string): Promise<ProjectMember[]> {
  return db
    .selectFrom("projectMembers")
    .innerJoin("users", "users.id", "projectMembers.userId")
    .select([userRef.as("user"), "projectMembers.role"])
    .where("projectId", "=", projectId)
    .orderBy("users.id")
    .execute();
}
