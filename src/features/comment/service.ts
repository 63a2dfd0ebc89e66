import type { Comment, Input, Output } from "../../../protocol/index.ts";
import type { ProjectContext } from "../../kernel/context.ts";
import { AppError, found } from "../../kernel/errors.ts";
import { transact } from "../../kernel/transact.ts";
import { findIssue } from "../issue/repository/find.ts";
import { addCommentTo, bodyChange } from "../issue/service/comment.ts";
import { checkPresent, missing, presentIssue } from "../issue/service/find.ts";
import { mayDelete, mayEdit } from "./policy.ts";
import { deleteCommentRow, findComment, listCommentRows, updateComment } from "./repository.ts";

export async function listComments(ctx: ProjectContext, input: Input<"comment.list">): Promise<Output<"comment.list">> {
  const { project } = ctx;
  const { issue, cursor, limit } = input;
  const page = await listCommentRows(ctx.db, { project, issue, cursor, limit });
  if (page.items.length === 0 && !(await findIssue(ctx.db, { project, number: issue }))) {
    throw await missing(ctx, ctx.db, issue);
  }
  return page;
}

export async function addComment(ctx: ProjectContext, { issue, body }: Input<"comment.add">): Promise<Comment> {
  return transact(ctx, ctx.project.stream, async (tx) => {
    const { comment } = await addCommentTo(ctx, tx, { issue: await presentIssue(ctx, tx, issue), body });
    return comment;
  });
}

export async function editComment(ctx: ProjectContext, input: Input<"comment.edit">): Promise<Comment> {
  const { commentId, body } = input;
  return transact(ctx, ctx.project.stream, async (tx) => {
    const { deletedAt, ...before } = found(await findComment(tx, { project: ctx.project, commentId }), "Comment");
    checkPresent({ deletedAt });
    if (!mayEdit({ id: ctx.actor.id, role: ctx.project.role }, before)) {
      throw new AppError("forbidden", "Only its author edits a comment");
    }
    if (before.body === body) return before;
    const comment = { ...before, body, ...(await updateComment(tx, { commentId, body })) };
    tx.emit("comment.edited", { comment }, { issue: comment.issue, changes: bodyChange(before.body, body) });
    return comment;
  });
}

export async function deleteComment(
  ctx: ProjectContext,
  { commentId }: Input<"comment.delete">,
): Promise<Output<"comment.delete">> {
  return transact(ctx, ctx.project.stream, async (tx) => {
    const { deletedAt, ...comment } = found(await findComment(tx, { project: ctx.project, commentId }), "Comment");
    checkPresent({ deletedAt });
    if (!mayDelete({ id: ctx.actor.id, role: ctx.project.role }, comment)) {
      throw new AppError("forbidden", "Its author or a project admin deletes a comment", {
        details: { needed: "admin" },
      });
    }
    await deleteCommentRow(tx, commentId);
    const { issue: number, body } = comment;
    tx.emit("comment.deleted", { commentId, number }, { issue: number, changes: bodyChange(body, null) });
    return {};
  });
}
