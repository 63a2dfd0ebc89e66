import { type RawBuilder, sql } from "kysely";
import type { Board, Card, Column, Input, ProjectMember } from "../../../protocol/index.ts";
import type { ProjectScope } from "../../kernel/context.ts";
import type { Db } from "../../kernel/db.ts";
import { readAfter, toPage } from "../../kernel/page.ts";
import { cardColumns } from "../issue/columns.ts";
import { columnOrder, inOrder, walkColumns } from "../issue/repository/order.ts";
import { userRef } from "../org/person.ts";

/** Which issues a board shows: all, or one sprint's. */
export type Shown = { sprintId: string | undefined };

const inSprint = ({ sprintId }: Shown) =>
  sprintId === undefined ? sql<boolean>`true` : sql<boolean>`issues.sprint_id = ${sprintId}`;

/** How many issues stand in each of these columns; one without any is missing. */
export async function countColumns(db: Db, columnIds: string[], shown: Shown): Promise<Map<string | null, number>> {
  const rows = await db
    .selectFrom("issues")
    .select(["columnId", sql<number>`count(*)::int`.as("count")])
    .where("columnId", "=", sql<string>`any(cast(${columnIds} as uuid[]))`)
    .where(inSprint(shown))
    .groupBy("columnId")
    .execute();
  return new Map(rows.map(({ columnId, count }) => [columnId, count]));
}

/** How many issues of these columns have which status. */
export async function countStatuses(
  db: Db,
  columnIds: string[],
  shown: Shown,
): Promise<{ status: Card["status"]; count: number }[]> {
  return db
    .selectFrom("issues")
    .select(["status", sql<number>`count(*)::int`.as("count")])
    .where("columnId", "=", sql<string>`any(cast(${columnIds} as uuid[]))`)
    .where(inSprint(shown))
    .groupBy("status")
    .execute();
}

type LaneBy = NonNullable<Input<"board.get">["laneBy"]>;
export type LaneCount = { column: string; key: string | null; count: number };

/** An issue with two assignees counts in both their lanes. */
const laneKeys: Record<LaneBy, RawBuilder<string | null>> = {
  lane: sql`issues.lane_id::text`,
  assignee: sql`unnest(case when issues.assignee_ids = '{}' then array[null]::uuid[] else issues.assignee_ids end)::text`,
  priority: sql`issues.priority::text`,
  parent: sql`issues.parent::text`,
};

/** How many issues of each column are in which lane; by stage, a column is one of these ids, else a status. */
export async function countLanes(
  db: Db,
  columnIds: string[],
  { laneBy, groupBy, ...shown }: Shown & { laneBy: LaneBy; groupBy: "stage" | "status" },
): Promise<LaneCount[]> {
  const column = groupBy === "stage" ? sql`issues.column_id::text` : sql`issues.status::text`;
  const { rows } = await sql<LaneCount>`
    select "column", key, count(*)::int as count from (
      select ${column} as "column", ${laneKeys[laneBy]} as key from issues
      where column_id = any(cast(${columnIds} as uuid[])) and ${inSprint(shown)}
    ) as placed group by "column", key order by key nulls last`.execute(db);
  return rows;
}

type Cards = { items: Card[]; nextCursor: string | null };

/** From `limit + 1` cards of one column. */
export const toCardPage = (cards: Card[], limit: number): Cards =>
  toPage(cards, limit, ({ rank, number }) => [columnOrder.name, rank, number]);

/** The first cards of every column, column by column. */
export async function listFirstCards(db: Db, project: ProjectScope, perColumn: number, shown: Shown): Promise<Card[]> {
  const query = db.selectFrom("issues").select(cardColumns(project)).where(inSprint(shown));
  return walkColumns(db, query, { projectId: project.id, perColumn });
}

/** The cards of one column from the cursor on, by rank. */
export async function listColumn(
  db: Db,
  page: Shown & { project: ProjectScope; stageId: string | null; cursor: string | null | undefined; limit: number },
): Promise<Cards> {
  const { project, stageId, cursor, limit } = page;
  const query = db
    .selectFrom("issues")
    .select(cardColumns(project))
    .where("issues.columnId", "=", stageId ?? project.id)
    .where(inSprint(page));
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

/** Sprints that are planned or active, by start. */
export async function listOpenSprints(db: Db, projectId: string): Promise<Board["sprints"]> {
  return db
    .selectFrom("sprints")
    .select(["id", "name", "goal", "state", "startsAt", "endsAt", "startedAt", "endedAt", "completedAt"])
    .where("projectId", "=", projectId)
    .where("state", "!=", "completed")
    .orderBy("startsAt")
    .orderBy("id")
    .execute();
}

/** The SHA-256 of protocol/digest.ts, and the seq at which it holds: one statement sees one moment. */
export async function findDigest(
  db: Db,
  { id, stream }: Pick<ProjectScope, "id" | "stream">,
): Promise<{ seq: number; digest: string } | undefined> {
  const { rows } = await sql<{ seq: number; digest: string }>`
    select streams.seq, encode(sha256(convert_to(coalesce((
      select string_agg(
        concat_ws(
          ' ', number, version, coalesce(stage_id::text, '-'), coalesce(lane_id::text, '-'), rank, comment_count, time_spent_seconds
        ), e'\\n' order by number
      ) from issues where project_id = ${id} and deleted_at is null
    ), ''), 'UTF8')), 'hex') as digest
    from streams where id = ${stream}`.execute(db);
  return rows[0];
}

/** Takes a lane's counts apart by column. */
export function lanesOf(counts: LaneCount[], column: string): NonNullable<Column["lanes"]> {
  return counts.filter((lane) => lane.column === column).map(({ key, count }) => ({ key, count }));
}
