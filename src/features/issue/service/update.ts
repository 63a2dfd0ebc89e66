import type { Input, Issue } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { AppError } from "../../../kernel/errors.ts";
import { transact } from "../../../kernel/transact.ts";
import { changesBetween, emitDifferences } from "../events.ts";
import { mayEdit } from "../policy.ts";
import { findStanding } from "../repository/find.ts";
import { updateIssueRow } from "../repository/write.ts";
import { checkChange, definedOnly, namesOf, placeFor } from "./change.ts";
import { addCommentTo } from "./comment.ts";
import { checkPresent, missing } from "./find.ts";

export async function updateIssue(ctx: ProjectContext, input: Input<"issue.update">): Promise<Issue> {
  const { project } = ctx;
  const { issue: number, expect, comment } = input;
  const { laneId, parent, ...fields } = definedOnly(input.patch);
  const references = definedOnly({ laneId, parent });
  return transact(ctx, project.stream, async (tx) => {
    const target = fields.status === undefined ? "own" : { status: fields.status };
    const standing = await findStanding(tx, { project, number, target, references });
    if (!standing) throw await missing(ctx, tx, number);
    const { issue } = standing;
    checkPresent(issue);
    if (!mayEdit({ id: ctx.actor.id, role: project.role }, issue, Object.keys({ ...fields, ...references }))) {
      throw new AppError("forbidden", "Reporters edit title and description of their own issues");
    }
    if (expect !== undefined && expect !== issue.version) {
      throw new AppError("conflict", "The issue changed meanwhile", { details: { current: issue } });
    }
    checkChange(standing, fields, references);
    const row = { ...fields, ...references, ...placeFor(standing, fields.status) };
    const isChanged = Object.keys(changesBetween(issue, { ...issue, ...row })).length > 0;
    const after = isChanged ? await updateIssueRow(tx, project, issue, row) : issue;
    if (isChanged) emitDifferences(tx, issue, after, { names: namesOf(standing), moved: false });
    if (comment === undefined) return after;
    const { commentCount, updatedAt } = await addCommentTo(ctx, tx, { issue, body: comment });
    return { ...after, commentCount, updatedAt };
  });
}
