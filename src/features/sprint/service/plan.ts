import type { Input, Output, Sprint } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { AppError, found, invalid } from "../../../kernel/errors.ts";
import { transact } from "../../../kernel/transact.ts";
import { changesOf } from "../../org/changes.ts";
import { isInOrder, sameMoment } from "../policy.ts";
import { deleteSprintRow, findSprint, insertSprint, listSprints, updateSprintRow } from "../repository/sprint.ts";

export async function createSprint(ctx: ProjectContext, input: Input<"sprint.create">): Promise<Sprint> {
  const { name, goal, startsAt, endsAt } = input;
  if (!isInOrder(input)) throw invalid("endsAt", "must be after startsAt");
  return transact(ctx, ctx.project.stream, async (tx) => {
    const sprint = await insertSprint(tx, { projectId: ctx.project.id, name, goal, startsAt, endsAt });
    tx.emit("sprint.created", { sprint });
    return sprint;
  });
}

export async function listProjectSprints(
  ctx: ProjectContext,
  { cursor, limit }: Input<"sprint.list">,
): Promise<Output<"sprint.list">> {
  return listSprints(ctx.db, { projectId: ctx.project.id, cursor, limit });
}

export async function getSprint(ctx: ProjectContext, input: Input<"sprint.get">): Promise<Sprint> {
  return found(await findSprint(ctx.db, { projectId: ctx.project.id, id: input.sprintId }), "Sprint");
}

export async function updateSprint(ctx: ProjectContext, input: Input<"sprint.update">): Promise<Sprint> {
  return transact(ctx, ctx.project.stream, async (tx) => {
    const before = found(await findSprint(tx, { projectId: ctx.project.id, id: input.sprintId }), "Sprint");
    const { name = before.name, goal = before.goal } = input.patch;
    // A moment spelled in another way is no change.
    const kept = (at: string | undefined, present: string) => (!at || sameMoment(at, present) ? present : at);
    const startsAt = kept(input.patch.startsAt, before.startsAt);
    const endsAt = kept(input.patch.endsAt, before.endsAt);
    if (before.state === "completed" && (startsAt !== before.startsAt || endsAt !== before.endsAt)) {
      throw new AppError("conflict", "A completed sprint keeps its dates", { details: { current: before } });
    }
    const wanted = { name, goal, startsAt, endsAt };
    if (!isInOrder(wanted)) throw invalid("patch.endsAt", "must be after startsAt");
    const changes = changesOf<typeof wanted>(before, wanted);
    if (changes.length === 0) return before;
    const sprint = await updateSprintRow(tx, before.id, wanted);
    tx.emit("sprint.updated", { sprint }, { changes });
    return sprint;
  });
}

export async function deleteSprint(
  ctx: ProjectContext,
  input: Input<"sprint.delete">,
): Promise<Output<"sprint.delete">> {
  return transact(ctx, ctx.project.stream, async (tx) => {
    const sprint = found(await findSprint(tx, { projectId: ctx.project.id, id: input.sprintId }), "Sprint");
    if (sprint.state === "active") {
      throw new AppError("conflict", "Complete the sprint first", { details: { current: sprint } });
    }
    await deleteSprintRow(tx, sprint.id);
    tx.emit("sprint.deleted", { sprintId: sprint.id }, { changes: [{ field: "name", from: sprint.name, to: null }] });
    return {};
  });
}
