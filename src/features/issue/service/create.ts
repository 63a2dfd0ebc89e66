import type { Input, Issue } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { AppError, found, invalid } from "../../../kernel/errors.ts";
import { transact } from "../../../kernel/transact.ts";
import { toCard } from "../events.ts";
import { checkRoom, rankAt } from "../place.ts";
import { mayPlan } from "../policy.ts";
import { rankBetween } from "../rank.ts";
import { findPlaceForNew } from "../repository/find.ts";
import { insertIssue } from "../repository/write.ts";

export async function createIssue(ctx: ProjectContext, input: Input<"issue.create">): Promise<Issue> {
  const { title, description, type, kind, priority, stageId, estimate = null } = input;
  const assigneeIds = [...new Set(input.assigneeIds)];
  if ((assigneeIds.length > 0 || estimate !== null) && !mayPlan(ctx.project.role)) {
    throw new AppError("forbidden", "Reporters do not set assignees or estimates", {
      details: { needed: "developer" },
    });
  }
  return transact(ctx, ctx.project.stream, async (tx) => {
    const target = stageId === undefined ? "first" : { stageId };
    const spot = found(await findPlaceForNew(tx, { project: ctx.project, target, assigneeIds }), "Project");
    const { place, insiderCount } = spot;
    if (stageId !== undefined) found(place, "Stage");
    if (insiderCount !== assigneeIds.length) throw invalid("assigneeIds", "someone is not a member of this project");
    if (place) checkRoom(place);

    const issue = await insertIssue(tx, ctx.project, {
      title,
      description,
      type,
      kind,
      priority,
      estimate,
      status: place?.status ?? "open",
      stageId: place?.stageId ?? null,
      rank: place ? rankAt(place, "bottom") : rankBetween({ low: null, high: null }),
      assigneeIds,
      reporterId: ctx.actor.id,
    });
    tx.emit("issue.created", { issue: toCard(issue) }, { issue: issue.number });
    return issue;
  });
}
