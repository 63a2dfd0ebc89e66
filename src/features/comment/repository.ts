import { sql } from "kysely";
import type { Comment } from "../../../protocol/index.ts";
import type { ProjectScope } from "../../kernel/context.ts";
import type { Db } from "../../kernel/db.ts";
import { behind, cursorValues, type Order, readAfter, timeKey, toPage, uuidKey } from "../../kernel/page.ts";
import type { Tx } from "../../kernel/transact.ts";
import { userRef } from "../org/person.ts";

type Key = { project: ProjectScope; commentId: string };

/** The columns of protocol `Comment`. */
const commentColumns = [
  "comments.id",
  "issues.number as issue",
  userRef.as("author"),
  "comments.body",
  "comments.createdAt",
  "comments.editedAt",
] as const;

export const commentsOf = (db: Db, project: ProjectScope) =>
  db
    .selectFrom("comments")
    .innerJoin("issues", "issues.id", "comments.issueId")
    .innerJoin("users", "users.id", "comments.authorId")
    .select(commentColumns)
    .where("issues.projectId", "=", project.id);

const oldestFirst: Order = {
  name: "comments",
  keys: [timeKey(sql`comments.created_at`), uuidKey(sql`comments.id`)],
  direction: "asc",
};

/** A page of an issue's comments, oldest first. */
export async function listCommentRows(
  db: Db,
  of: { project: ProjectScope; issue: number; cursor: string | null | undefined; limit: number },
): Promise<{ items: Comment[]; nextCursor: string | null }> {
  const after = readAfter(oldestFirst, of.cursor);
  let query = commentsOf(db, of.project)
    .select(cursorValues(oldestFirst).as("cursorValues"))
    .where("issues.number", "=", of.issue)
    .orderBy("comments.createdAt")
    .orderBy("comments.id");
  if (after) query = query.where(behind(oldestFirst, after));
  const page = toPage(await query.limit(of.limit + 1).execute(), of.limit, (row) => row.cursorValues);
  return { items: page.items.map(({ cursorValues: _, ...comment }) => comment), nextCursor: page.nextCursor };
}

/** A comment, and when its issue was deleted. */
export async function findComment(db: Db, { project, commentId }: Key) {
  return commentsOf(db, project).select("issues.deletedAt").where("comments.id", "=", commentId).executeTakeFirst();
}

/** A changed comment is an update of its issue. */
export async function updateComment(
  tx: Tx,
  { commentId, body }: { commentId: string; body: string },
): Promise<{ editedAt: string | null }> {
  return tx
    .with("edited", (cte) =>
      cte
        .updateTable("comments")
        .set({ body, editedAt: sql`now()` })
        .where("id", "=", commentId)
        .returning(["issueId", "editedAt"]),
    )
    .with("touched", (cte) =>
      cte
        .updateTable("issues")
        .from("edited")
        .set({ updatedAt: sql`now()` })
        .whereRef("issues.id", "=", "edited.issueId"),
    )
    .selectFrom("edited")
    .select("editedAt")
    .executeTakeFirstOrThrow();
}

export async function deleteCommentRow(tx: Tx, commentId: string): Promise<void> {
  await tx
    .with("gone", (cte) => cte.deleteFrom("comments").where("id", "=", commentId).returning("issueId"))
    .updateTable("issues")
    .from("gone")
    .set({ commentCount: sql`comment_count - 1`, updatedAt: sql`now()` })
    .whereRef("issues.id", "=", "gone.issueId")
    .execute();
}
