import type { Input, Issue, Output } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { AppError } from "../../../kernel/errors.ts";
import { transact } from "../../../kernel/transact.ts";
import { changedData, toCard } from "../events.ts";
import { checkRoom, rankAt } from "../place.ts";
import { findIssue, findStanding } from "../repository/find.ts";
import { deleteIssueRow, updateIssueRow } from "../repository/write.ts";
import { checkPresent, missing } from "./find.ts";

export async function deleteIssue(ctx: ProjectContext, input: Input<"issue.delete">): Promise<Output<"issue.delete">> {
  const { project } = ctx;
  return transact(ctx, project.stream, async (tx) => {
    const issue = await findIssue(tx, { project, number: input.issue });
    if (!issue) throw await missing(ctx, tx, input.issue);
    checkPresent(issue);
    const after = await updateIssueRow(tx, project, issue, { deletedAt: "now" });
    tx.emit("issue.deleted", changedData(after, { deletedAt: after.deletedAt }), { issue: issue.number });
    return {};
  });
}

export async function restoreIssue(ctx: ProjectContext, input: Input<"issue.restore">): Promise<Issue> {
  const { project } = ctx;
  return transact(ctx, project.stream, async (tx) => {
    const placing = await findStanding(tx, { project, number: input.issue });
    if (!placing) throw await missing(ctx, tx, input.issue);
    const { issue, place } = placing;
    if (issue.deletedAt === null) throw new AppError("conflict", "The issue is not deleted");
    if (place) checkRoom(place);
    const rank = place ? rankAt(place, "bottom") : issue.rank;
    const after = await updateIssueRow(tx, project, issue, { rank, deletedAt: null });
    tx.emit("issue.restored", { issue: toCard(after) }, { issue: issue.number });
    return after;
  });
}

export async function purgeIssue(ctx: ProjectContext, input: Input<"issue.purge">): Promise<Output<"issue.purge">> {
  const { project } = ctx;
  return transact(ctx, project.stream, async (tx) => {
    const issue = await findIssue(tx, { project, number: input.issue });
    if (!issue) throw await missing(ctx, tx, input.issue);
    await deleteIssueRow(tx, { project, id: issue.id });
    tx.emit("issue.purged", changedData(issue, {}), { issue: issue.number });
    return {};
  });
}
