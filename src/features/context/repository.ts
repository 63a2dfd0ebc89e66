import { sql } from "kysely";
import type { Card, Comment, UserRef } from "../../../protocol/index.ts";
import type { ProjectScope } from "../../kernel/context.ts";
import type { Db } from "../../kernel/db.ts";
import { commentsOf } from "../comment/repository.ts";
import { cardColumns } from "../issue/columns.ts";
import { userRef } from "../org/person.ts";

/** There are four kinds, each under a higher one; the bound is for a fault. */
const MAX_PARENTS = 10;

/** The nearest first; deleted ones too. */
export async function listParents(db: Db, of: { project: ProjectScope; parent: number | null }): Promise<Card[]> {
  const { project, parent } = of;
  if (parent === null) return [];
  const above = sql<{ number: number; depth: number }>`(
    with recursive up(number, depth) as (
      select cast(${parent} as int), 1
      union all
      select i.parent, depth + 1 from up join issues i on i.project_id = ${project.id} and i.number = up.number
      where i.parent is not null and depth < ${sql.lit(MAX_PARENTS)}
    ) select number, depth from up
  )`;
  return db
    .selectFrom("issues")
    .innerJoin(above.as("above"), (join) => join.onRef("above.number", "=", "issues.number"))
    .select(cardColumns(project))
    .where("issues.projectId", "=", project.id)
    .orderBy("above.depth")
    .execute();
}

type Children = { project: ProjectScope; parent: number };

/** Those to do first, then by number. */
export async function listChildren(db: Db, { project, parent, limit }: Children & { limit: number }): Promise<Card[]> {
  return db
    .selectFrom("issues")
    .select(cardColumns(project))
    .where("projectId", "=", project.id)
    .where("parent", "=", parent)
    .where("deletedAt", "is", null)
    .orderBy("status")
    .orderBy("number")
    .limit(limit)
    .execute();
}

export async function countChildren(db: Db, { project, parent }: Children): Promise<{ total: number; done: number }> {
  return db
    .selectFrom("issues")
    .select([
      sql<number>`count(*)`.as("total"),
      sql<number>`count(*) filter (where status in ('resolved', 'closed'))`.as("done"),
    ])
    .where("projectId", "=", project.id)
    .where("parent", "=", parent)
    .where("deletedAt", "is", null)
    .executeTakeFirstOrThrow();
}

/** The latest first. */
export async function listLatestComments(
  db: Db,
  { project, issueId, limit }: { project: ProjectScope; issueId: string; limit: number },
): Promise<Comment[]> {
  return commentsOf(db, project)
    .where("comments.issueId", "=", issueId)
    .orderBy("comments.createdAt", "desc")
    .orderBy("comments.id", "desc")
    .limit(limit)
    .execute();
}

export async function listWatchers(db: Db, { issueId, limit }: { issueId: string; limit: number }): Promise<UserRef[]> {
  const rows = await db
    .selectFrom("watchers")
    .innerJoin("users", "users.id", "watchers.userId")
    .select(userRef.as("user"))
    .where("issueId", "=", issueId)
    .orderBy("users.displayName")
    .orderBy("users.id")
    .limit(limit)
    .execute();
  return rows.map(({ user }) => user);
}
