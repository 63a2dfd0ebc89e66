import { sql } from "kysely";
import type { Comment, Issue } from "../../../../protocol/index.ts";
import { found } from "../../../kernel/errors.ts";
import type { Tx } from "../../../kernel/transact.ts";
import { userRef } from "../../org/person.ts";

/** What a comment leaves: itself, and on its issue a count and a time, but no new version. */
export type Added = { comment: Comment } & Pick<Issue, "commentCount" | "updatedAt">;

/** Counts on the issue and makes its author a watcher, in one statement. */
export async function insertComment(
  tx: Tx,
  { issue, authorId, body }: { issue: Pick<Issue, "id" | "number">; authorId: string; body: string },
): Promise<Added> {
  const { rows } = await sql<Omit<Comment, "issue"> & Omit<Added, "comment">>`
    with added as (
      insert into comments (issue_id, author_id, body) values (${issue.id}, ${authorId}, ${body})
      returning id, issue_id, author_id, body, created_at, edited_at
    ), counted as (
      update issues set comment_count = comment_count + 1, updated_at = now() from added where issues.id = added.issue_id
      returning comment_count, updated_at
    ), watching as (
      insert into watchers (issue_id, user_id) select issue_id, author_id from added on conflict do nothing
    )
    select added.id, ${userRef} as author, added.body, added.created_at, added.edited_at,
      counted.comment_count, counted.updated_at
    from added join users on users.id = added.author_id cross join counted`.execute(tx);
  const { commentCount, updatedAt, ...comment } = found(rows[0], "Issue");
  return { comment: { ...comment, issue: issue.number }, commentCount, updatedAt };
}
