import { type Input, MAX_STAGES, type Output, type Stage } from "../../../protocol/index.ts";
import type { ProjectContext } from "../../kernel/context.ts";
import { found, invalid } from "../../kernel/errors.ts";
import { transact } from "../../kernel/transact.ts";
import { changedData } from "../issue/events.ts";
import { checkRoom } from "../issue/place.ts";
import { ranksBetween } from "../issue/rank.ts";
import {
  deleteStageRow,
  findEmptying,
  insertStage,
  listStages,
  updatePositions,
  updateStageRow,
} from "./repository.ts";

export async function listProjectStages(ctx: ProjectContext): Promise<Output<"stage.list">> {
  return { items: await listStages(ctx.db, ctx.project.id), nextCursor: null };
}

export async function createStage(ctx: ProjectContext, input: Input<"stage.create">): Promise<Stage> {
  const { name, status, wipLimit, wipMode } = input;
  return transact(ctx, ctx.project.stream, async (tx) => {
    const { length } = await listStages(tx, ctx.project.id);
    if (length >= MAX_STAGES) throw invalid("name", `a project has at most ${MAX_STAGES} stages`);
    const stage = await insertStage(tx, { projectId: ctx.project.id, name, status, wipLimit, wipMode });
    tx.emit("stage.created", { stage });
    return stage;
  });
}

const editable = ["name", "status", "wipLimit", "wipMode"] as const;

export async function updateStage(ctx: ProjectContext, input: Input<"stage.update">): Promise<Stage> {
  const { name, status, wipLimit, wipMode } = input.patch;
  return transact(ctx, ctx.project.stream, async (tx) => {
    const before = found(
      (await listStages(tx, ctx.project.id)).find(({ id }) => id === input.stageId),
      "Stage",
    );
    const wanted: Stage = {
      ...before,
      name: name ?? before.name,
      status: status ?? before.status,
      wipLimit: wipLimit === undefined ? before.wipLimit : wipLimit,
      wipMode: wipMode ?? before.wipMode,
    };
    const differing = editable.filter((field) => wanted[field] !== before[field]);
    if (differing.length === 0) return before;

    const at = { id: before.id, projectId: ctx.project.id, newStatus: wanted.status !== before.status };
    const { stage, issues } = await updateStageRow(tx, at, wanted);
    tx.emit(
      "stage.updated",
      { stage },
      { changes: differing.map((field) => ({ field, from: before[field], to: stage[field] })) },
    );
    for (const issue of issues) {
      tx.emit("issue.status_changed", changedData(issue, { status: stage.status }), {
        issue: issue.number,
        changes: [{ field: "status", from: issue.oldStatus, to: issue.status }],
      });
    }
    return stage;
  });
}

const namesOf = (stages: Stage[]): string => stages.map(({ name }) => name).join(", ");

export async function reorderStages(
  ctx: ProjectContext,
  input: Input<"stage.reorder">,
): Promise<Output<"stage.reorder">> {
  const { stageIds } = input;
  return transact(ctx, ctx.project.stream, async (tx) => {
    const stages = await listStages(tx, ctx.project.id);
    const complete = new Set(stageIds).size === stageIds.length && stages.length === stageIds.length;
    if (!complete || !stages.every(({ id }) => stageIds.includes(id))) {
      throw invalid("stageIds", "name each stage of the project once");
    }
    if (stages.every(({ id }, i) => id === stageIds[i])) return { items: stages, nextCursor: null };

    const items = await updatePositions(tx, ctx.project.id, stageIds);
    const change = { field: "order", from: stages.map(({ id }) => id), to: stageIds };
    tx.emit(
      "stage.reordered",
      { stageIds },
      { changes: [{ ...change, fromName: namesOf(stages), toName: namesOf(items) }] },
    );
    return { items, nextCursor: null };
  });
}

export async function deleteStage(ctx: ProjectContext, input: Input<"stage.delete">): Promise<Output<"stage.delete">> {
  const { stageId, moveTo } = input;
  if (moveTo === stageId) throw invalid("moveTo", "is the stage that is to be deleted");
  return transact(ctx, ctx.project.stream, async (tx) => {
    const emptying = found(await findEmptying(tx, { projectId: ctx.project.id, stageId, moveTo }), "Stage");
    const { issueIds, target, name } = emptying;
    if (moveTo !== undefined) found(target, "Stage to move to");
    if (target && target.wipMode === "block" && issueIds.length > 0) {
      checkRoom({ ...target, stageId: target.id }, issueIds.length);
    }
    const ranks = target ? ranksBetween({ low: target.bottom, high: null }, issueIds.length) : [];
    const at = { projectId: ctx.project.id, stageId, issueIds, ranks, target };
    for (const issue of await deleteStageRow(tx, at)) {
      const { rank, status, oldStatus } = issue;
      const placed = target && { rank, ...(status !== oldStatus && { status }) };
      tx.emit("issue.moved", changedData(issue, { stageId: issue.stageId, ...placed }), {
        issue: issue.number,
        changes: [
          {
            field: "stageId",
            from: stageId,
            to: issue.stageId,
            fromName: name,
            ...(target && { toName: target.name }),
          },
          ...(status === oldStatus ? [] : [{ field: "status", from: oldStatus, to: status }]),
        ],
      });
    }
    tx.emit("stage.deleted", { stageId }, { changes: [{ field: "name", from: name, to: null }] });
    return {};
  });
}
