import type { Input, Sprint } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { AppError, found, invalid } from "../../../kernel/errors.ts";
import { transact } from "../../../kernel/transact.ts";
import { changedData } from "../../issue/events.ts";
import { isOverdue } from "../policy.ts";
import { completeSprintRow } from "../repository/complete.ts";
import { listSprintsById, listWithRival, startSprintRow } from "../repository/sprint.ts";

export async function startSprint(ctx: ProjectContext, input: Input<"sprint.start">): Promise<Sprint> {
  const key = { projectId: ctx.project.id, id: input.sprintId };
  return transact(ctx, ctx.project.stream, async (tx) => {
    const sprints = await listWithRival(tx, key);
    const before = found(
      sprints.find(({ id }) => id === key.id),
      "Sprint",
    );
    if (before.state !== "planned") {
      throw new AppError("conflict", `The sprint is ${before.state} already`, { details: { current: before } });
    }
    const active = sprints.find(({ state }) => state === "active");
    if (active) throw new AppError("conflict", `${active.name} is active`, { details: { current: before, active } });
    const sprint = await startSprintRow(tx, before.id);
    tx.emit("sprint.started", { sprint }, { changes: [{ field: "state", from: before.state, to: sprint.state }] });
    return sprint;
  });
}

/** The sprint to complete and the one where its unfinished issues go, as they may be. */
function checkCompletion(sprints: Sprint[], { sprintId, unfinished }: { sprintId: string; unfinished: string }) {
  const byId = (wanted: string) => sprints.find(({ id }) => id === wanted);
  const before = found(byId(sprintId), "Sprint");
  const next = unfinished === "backlog" ? undefined : found(byId(unfinished), "Sprint to move to");
  if (before.state !== "active") {
    throw new AppError("conflict", `The sprint is ${before.state}`, { details: { current: before } });
  }
  if (next?.state === "completed") {
    throw new AppError("conflict", `${next.name} is completed`, { details: { current: next } });
  }
  return { before, next };
}

/** The events of the unfinished issues come after that of the sprint, so that its history ends with them in it. */
export async function completeSprint(ctx: ProjectContext, input: Input<"sprint.complete">): Promise<Sprint> {
  const { sprintId, unfinished } = input;
  if (unfinished === sprintId) throw invalid("unfinished", "is the sprint that is to be completed");
  const ids = unfinished === "backlog" ? [sprintId] : [sprintId, unfinished];
  return transact(ctx, ctx.project.stream, async (tx) => {
    const sprints = await listSprintsById(tx, { projectId: ctx.project.id, ids });
    const { before, next } = checkCompletion(sprints, { sprintId, unfinished });
    const now = ctx.now();
    const overdue = isOverdue(before, now);
    const endedAt = overdue ? now.toISOString() : before.endedAt;
    const to = next?.id ?? null;
    const { sprint, issues } = await completeSprintRow(tx, { id: sprintId, endedAt, moveTo: to });

    if (overdue) tx.emit("sprint.ended", { sprint: { ...before, endedAt } });
    tx.emit("sprint.completed", { sprint }, { changes: [{ field: "state", from: before.state, to: sprint.state }] });
    const names = { fromName: before.name, ...(next && { toName: next.name }) };
    const changes = [{ field: "sprintId", from: sprintId, to, ...names }];
    for (const issue of issues) {
      if (issue.deletedAt !== null) continue;
      tx.emit("issue.sprint_changed", changedData(issue, { sprintId: to }), { issue: issue.number, changes });
    }
    return sprint;
  });
}
