import type { Input, Issue } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { AppError, found } from "../../../kernel/errors.ts";
import { transact } from "../../../kernel/transact.ts";
import { toCard } from "../events.ts";
import { checkRoom, rankAt } from "../place.ts";
import { mayPlan } from "../policy.ts";
import { rankBetween } from "../rank.ts";
import { findPlaceForNew } from "../repository/find.ts";
import { insertIssue } from "../repository/write.ts";
import { checkReferences } from "./references.ts";

export async function createIssue(ctx: ProjectContext, input: Input<"issue.create">): Promise<Issue> {
  const { title, description, type, kind, priority, stageId } = input;
  const { laneId = null, sprintId = null, parent = null, estimate = null } = input;
  const assigneeIds = [...new Set(input.assigneeIds)];
  const tagIds = [...new Set(input.tagIds)];
  const references = { laneId, sprintId, parent, tagIds, assigneeIds };
  const plans = [laneId, sprintId, parent, estimate].some((value) => value !== null);
  if ((plans || assigneeIds.length > 0 || tagIds.length > 0) && !mayPlan(ctx.project.role)) {
    throw new AppError("forbidden", "Reporters do not plan", { details: { needed: "developer" } });
  }
  return transact(ctx, ctx.project.stream, async (tx) => {
    const target = stageId === undefined ? "first" : { stageId };
    const spot = found(await findPlaceForNew(tx, { project: ctx.project, target, references }), "Project");
    const { place, known } = spot;
    if (stageId !== undefined) found(place, "Stage");
    checkReferences(kind, references, known);
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
      ...references,
      reporterId: ctx.actor.id,
    });
    tx.emit("issue.created", { issue: toCard(issue) }, { issue: issue.number });
    return issue;
  });
}
