import { sql } from "kysely";
import type { Issue } from "../../../../protocol/index.ts";
import type { ProjectScope } from "../../../kernel/context.ts";
import type { Db } from "../../../kernel/db.ts";
import { issueColumns } from "../columns.ts";
import { type Place, type Position, selectPlace, type Target } from "../place.ts";
import type { Ranked } from "../rank.ts";

type Key = { project: ProjectScope; number: number };

export async function findIssue(db: Db, { project, number }: Key): Promise<Issue | undefined> {
  return db
    .selectFrom("issues")
    .select(issueColumns(project))
    .where("projectId", "=", project.id)
    .where("number", "=", number)
    .executeTakeFirst();
}

/** Whether the number was used once, so that a missing issue is `gone` and not `not_found`. */
export async function wasNumbered(db: Db, { project, number }: Key): Promise<boolean> {
  const row = await db.selectFrom("projects").select("lastIssueNumber").where("id", "=", project.id).executeTakeFirst();
  return row !== undefined && number <= row.lastIssueNumber;
}

export type Placing = {
  issue: Issue;
  /** Of the stage where it stands. */
  stageName: string | null;
  stageStatus: Issue["status"] | null;
  place: Place | undefined;
};

/** An issue with the name of its stage and the place where it is to go; no place when there is no such stage. */
export async function findForPlacing(
  db: Db,
  { project, number, target, position }: Key & { target: Target; position: Position },
): Promise<Placing | undefined> {
  const place = selectPlace({ projectId: project.id, target, position, moving: number });
  const row = await db
    .selectFrom("issues")
    .leftJoin("stages as standing", "standing.id", "issues.stageId")
    .leftJoinLateral(place.as("place"), (join) => join.onTrue())
    .select(issueColumns(project))
    .select([
      "standing.name as stageName",
      "standing.status as stageStatus",
      sql<Place | null>`to_json(place)`.as("place"),
    ])
    .where("issues.projectId", "=", project.id)
    .where("issues.number", "=", number)
    .executeTakeFirst();
  if (!row) return undefined;
  const { stageName, stageStatus, place: spot, ...issue } = row;
  return { issue, stageName, stageStatus, place: spot ?? undefined };
}

/** Where a new issue goes, if there is such a stage, and how many of these people may see the project. */
export async function findPlaceForNew(
  db: Db,
  { project, target, assigneeIds }: { project: ProjectScope; target: Target; assigneeIds: string[] },
): Promise<{ place: Place | null; insiderCount: number } | undefined> {
  const place = selectPlace({ projectId: project.id, target, position: "bottom", moving: null });
  return db
    .selectFrom("projects")
    .leftJoinLateral(place.as("place"), (join) => join.onTrue())
    .select([
      sql<Place | null>`to_json(place)`.as("place"),
      sql<number>`(
        select count(*)::int from unnest(cast(${assigneeIds} as uuid[])) as a(id)
        where exists (select from org_members m where m.org_id = projects.org_id and m.user_id = a.id)
          or exists (select from project_members m where m.project_id = projects.id and m.user_id = a.id)
      )`.as("insiderCount"),
    ])
    .where("projects.id", "=", project.id)
    .executeTakeFirst();
}

/** Up to `reach` issues above a rank in its stage and up to `reach` from it downwards, top to bottom. */
export async function listNeighbours(
  db: Db,
  { stageId, rank, reach }: { stageId: string; rank: string; reach: number },
): Promise<{ above: Ranked[]; below: Ranked[] }> {
  const column = sql`from issues where column_id = ${stageId}`;
  const { rows } = await sql<Ranked & { isAbove: boolean }>`
    (select id, rank, true as "isAbove" ${column} and rank < ${rank} order by rank desc, number desc limit ${reach})
    union all
    (select id, rank, false ${column} and rank >= ${rank} order by rank, number limit ${reach})`.execute(db);
  return { above: rows.filter(({ isAbove }) => isAbove).reverse(), below: rows.filter(({ isAbove }) => !isAbove) };
}
