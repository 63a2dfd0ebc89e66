import type { Issue } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import type { Db } from "../../../kernel/db.ts";
import { AppError } from "../../../kernel/errors.ts";
import { findIssue, wasNumbered } from "../repository/find.ts";

/** The error for a number without an issue: `gone` when it was purged, `not_found` when it never was. */
export async function missing(ctx: ProjectContext, db: Db, number: number): Promise<AppError> {
  return (await wasNumbered(db, { project: ctx.project, number }))
    ? new AppError("gone", "The issue was removed for ever")
    : new AppError("not_found", "Issue not found");
}

/** Throws `gone` for a deleted issue: restore it first. */
export function checkPresent(issue: Pick<Issue, "deletedAt">): void {
  if (issue.deletedAt !== null)
    throw new AppError("gone", "The issue was deleted", { details: { deletedAt: issue.deletedAt } });
}

/** An issue that is neither deleted nor missing. */
export async function presentIssue(ctx: ProjectContext, db: Db, number: number): Promise<Issue> {
  const issue = await findIssue(db, { project: ctx.project, number });
  if (!issue) throw await missing(ctx, db, number);
  checkPresent(issue);
  return issue;
}
