import type { Board, Input, Output } from "../../../protocol/index.ts";
import type { ProjectContext } from "../../kernel/context.ts";
import { found } from "../../kernel/errors.ts";
import { readHeads } from "../../kernel/event-log.ts";
import { listStages } from "../stage/repository.ts";
import { countColumns, listColumn, listExplicitMembers, listFirstCards, toCardPage } from "./repository.ts";

/** All of one moment: read in one snapshot, with the seq that the stream had then. */
export async function getBoard(ctx: ProjectContext, input: Input<"board.get">): Promise<Board> {
  const { project } = ctx;
  return ctx.database.snapshot(async (db) => {
    const [head] = await readHeads(db, [project.stream]);
    const { seq, epoch } = found(head, "Project");
    const stages = await listStages(db, project.id);
    const members = await listExplicitMembers(db, project.id);
    const stageIds = [...stages.map(({ id }) => id), null];
    const counts = await countColumns(
      db,
      stageIds.map((id) => id ?? project.id),
    );
    const cards = await listFirstCards(db, project, input.perColumn + 1);
    const columns = stageIds.map((stageId) => {
      const inColumn = cards.filter((card) => card.stageId === stageId);
      const { items, nextCursor } = toCardPage(inColumn, input.perColumn);
      return { stageId, count: counts.get(stageId ?? project.id) ?? 0, issues: items, nextCursor };
    });
    // Issues without a stage are rare, so their column shows only when it holds any.
    if (columns.at(-1)?.count === 0) columns.pop();
    return { seq, epoch, stages, lanes: [], tags: [], members, sprints: [], columns };
  });
}

export async function getColumn(ctx: ProjectContext, input: Input<"board.column">): Promise<Output<"board.column">> {
  const { stageId, cursor, limit } = input;
  if (stageId !== null) {
    const stages = await listStages(ctx.db, ctx.project.id);
    found(
      stages.find(({ id }) => id === stageId),
      "Stage",
    );
  }
  return listColumn(ctx.db, { project: ctx.project, stageId, cursor, limit });
}
