import type { Input, Lane, Output } from "../../../protocol/index.ts";
import type { ProjectContext } from "../../kernel/context.ts";
import { found, invalid } from "../../kernel/errors.ts";
import { transact } from "../../kernel/transact.ts";
import { changesOf } from "../org/changes.ts";
import { deleteLaneRow, insertLane, listLanes, updateLanePositions, updateLaneRow } from "./repository.ts";

export async function listProjectLanes(ctx: ProjectContext): Promise<Output<"lane.list">> {
  return { items: await listLanes(ctx.db, ctx.project.id), nextCursor: null };
}

export async function createLane(ctx: ProjectContext, input: Input<"lane.create">): Promise<Lane> {
  const { name, color } = input;
  return transact(ctx, ctx.project.stream, async (tx) => {
    const lane = await insertLane(tx, { projectId: ctx.project.id, name, color });
    tx.emit("lane.created", { lane });
    return lane;
  });
}

export async function updateLane(ctx: ProjectContext, input: Input<"lane.update">): Promise<Lane> {
  const { name, color } = input.patch;
  return transact(ctx, ctx.project.stream, async (tx) => {
    const lanes = await listLanes(tx, ctx.project.id);
    const before = found(
      lanes.find(({ id }) => id === input.laneId),
      "Lane",
    );
    const wanted = { ...before, name: name ?? before.name, color: color === undefined ? before.color : color };
    const changes = changesOf<typeof input.patch>(before, input.patch);
    if (changes.length === 0) return before;
    const lane = await updateLaneRow(tx, wanted);
    tx.emit("lane.updated", { lane }, { changes });
    return lane;
  });
}

export async function reorderLanes(ctx: ProjectContext, input: Input<"lane.reorder">): Promise<Output<"lane.reorder">> {
  const { laneIds } = input;
  return transact(ctx, ctx.project.stream, async (tx) => {
    const lanes = await listLanes(tx, ctx.project.id);
    const complete = new Set(laneIds).size === laneIds.length && lanes.length === laneIds.length;
    if (!complete || !lanes.every(({ id }) => laneIds.includes(id))) {
      throw invalid("laneIds", "name each lane of the project once");
    }
    const items = await updateLanePositions(tx, ctx.project.id, laneIds);
    const changes = [{ field: "order", from: lanes.map(({ id }) => id), to: laneIds }];
    tx.emit("lane.reordered", { laneIds }, { changes });
    return { items, nextCursor: null };
  });
}

export async function deleteLane(ctx: ProjectContext, input: Input<"lane.delete">): Promise<Output<"lane.delete">> {
  return transact(ctx, ctx.project.stream, async (tx) => {
    const lanes = await listLanes(tx, ctx.project.id);
    const lane = found(
      lanes.find(({ id }) => id === input.laneId),
      "Lane",
    );
    await deleteLaneRow(tx, { projectId: ctx.project.id, id: lane.id });
    tx.emit("lane.deleted", { laneId: lane.id }, { changes: [{ field: "name", from: lane.name, to: null }] });
    return {};
  });
}
