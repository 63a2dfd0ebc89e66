import type { Change, Issue } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import type { Tx } from "../../../kernel/transact.ts";
import { type Added, insertComment } from "../repository/comment.ts";

/** What the history keeps of a body that came, changed or went. */
export const bodyChange = (from: string | null, to: string | null): Change[] => [{ field: "comment", from, to }];

/** For any command that comments on an issue that it has found: one statement and `comment.created`. */
export async function addCommentTo(
  ctx: ProjectContext,
  tx: Tx,
  { issue, body }: { issue: Pick<Issue, "id" | "number">; body: string },
): Promise<Added> {
  const added = await insertComment(tx, { issue, authorId: ctx.actor.id, body });
  const { comment } = added;
  tx.emit("comment.created", { comment }, { issue: issue.number, changes: bodyChange(null, comment.body) });
  return added;
}
