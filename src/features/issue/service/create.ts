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
  const { title, description, type, kind, priority, stageId, assigneeIds = [], estimate = null } = input;
  const planned = input.assigneeIds ?? input.estimate;
  if (planned !== undefined && !mayPlan(ctx.project.role)) {
    throw new AppError("forbidden", "Reporters do not set assignees or estimates", {
      details: { needed: "developer" },
    });
  }
  const people = [...new Set(assigneeIds)];
  return transact(ctx, ctx.project.stream, async (tx) => {
    const target = stageId === undefined ? "first" : { stageId };
    const { place, insiderCount } = await findPlaceForNew(tx, { project: ctx.project, target, assigneeIds: people });
    if (stageId !== undefined) found(place, "Stage");
    if (insiderCount !== people.length) throw invalid("assigneeIds", "someone is not a member of this project");
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
      assigneeIds: people,
      reporterId: ctx.actor.id,
    });
    const created = found(issue, "Project");
    tx.emit("issue.created", { issue: toCard(created) }, { issue: created.number });
    return created;
  });
}
