import type { Board, Column, Input, Output, Stage } from "../../../protocol/index.ts";
import { Status } from "../../../protocol/index.ts";
import type { ProjectContext } from "../../kernel/context.ts";
import type { Db } from "../../kernel/db.ts";
import { found } from "../../kernel/errors.ts";
import { readHeads } from "../../kernel/event-log.ts";
import { listCards } from "../issue/repository/list.ts";
import { listLanes } from "../lane/repository.ts";
import { findSprint } from "../sprint/repository/sprint.ts";
import { listStages } from "../stage/repository.ts";
import { listTags } from "../tag/repository.ts";
import {
  countColumns,
  countLanes,
  countStatuses,
  findDigest,
  lanesOf,
  listColumn,
  listExplicitMembers,
  listFirstCards,
  listOpenSprints,
  toCardPage,
} from "./repository.ts";

type Asked = Pick<Input<"board.get">, "sprintId" | "groupBy" | "laneBy" | "perColumn">;

/** All of one moment: read in one snapshot, with the seq that the stream had then. */
export async function getBoard(ctx: ProjectContext, input: Input<"board.get">): Promise<Board> {
  const { project } = ctx;
  return ctx.database.snapshot(async (db) => {
    const [head] = await readHeads(db, [project.stream]);
    const { seq, epoch } = found(head, "Project");
    await checkSprint(db, ctx, input.sprintId);
    const stages = await listStages(db, project.id);
    const lanes = await listLanes(db, project.id);
    const tags = await listTags(db, { projectId: project.id });
    const members = await listExplicitMembers(db, project.id);
    const sprints = await listOpenSprints(db, project.id);
    const columns = await (input.groupBy === "stage"
      ? columnsByStage(db, ctx, stages, input)
      : columnsByStatus(db, ctx, stages, input));
    return { seq, epoch, stages, lanes, tags, members, sprints, columns };
  });
}

async function checkSprint(db: Db, { project }: ProjectContext, sprintId: string | undefined): Promise<void> {
  if (sprintId !== undefined) found(await findSprint(db, { projectId: project.id, id: sprintId }), "Sprint");
}

/** A sprint's board: `sprint.board`. */
export const getSprintBoard = (ctx: ProjectContext, input: Input<"sprint.board">): Promise<Board> =>
  getBoard(ctx, { ...input, groupBy: "stage", laneBy: undefined });

/** Ids of the columns in which all issues stand; the project's own is that of issues without a stage. */
const columnIdsOf = ({ project }: ProjectContext, stages: Stage[]) => [...stages.map(({ id }) => id), project.id];

async function countsByLane(db: Db, columnIds: string[], { sprintId, laneBy, groupBy }: Asked) {
  return laneBy && countLanes(db, columnIds, { sprintId, laneBy, groupBy });
}

async function columnsByStage(db: Db, ctx: ProjectContext, stages: Stage[], input: Asked): Promise<Column[]> {
  const { project } = ctx;
  const { sprintId, perColumn } = input;
  const stageIds = [...stages.map(({ id }) => id), null];
  const columnIds = columnIdsOf(ctx, stages);
  const counts = await countColumns(db, columnIds, { sprintId });
  const cards = await listFirstCards(db, project, perColumn + 1, { sprintId });
  const inLanes = await countsByLane(db, columnIds, input);
  const columns = stageIds.map((stageId) => {
    const inColumn = cards.filter((card) => card.stageId === stageId);
    const { items, nextCursor } = toCardPage(inColumn, perColumn);
    const count = counts.get(stageId ?? project.id) ?? 0;
    const lanes = inLanes && { lanes: lanesOf(inLanes, stageId ?? project.id) };
    return { stageId, count, issues: items, nextCursor, ...lanes };
  });
  // Issues without a stage are rare, so their column shows only when it holds any.
  if (columns.at(-1)?.count === 0) columns.pop();
  return columns;
}

/** Each status is a column; its `nextCursor` goes on in `issue.list` with that status and sort `rank`. */
async function columnsByStatus(db: Db, ctx: ProjectContext, stages: Stage[], input: Asked): Promise<Column[]> {
  const { project } = ctx;
  const { sprintId, perColumn } = input;
  const columnIds = columnIdsOf(ctx, stages);
  const counts = await countStatuses(db, columnIds, { sprintId });
  const inLanes = await countsByLane(db, columnIds, input);
  const columns: Column[] = [];
  for (const status of Status.options) {
    const filter = { statuses: [status], sprints: sprintId === undefined ? undefined : [sprintId] };
    const { items, nextCursor } = await listCards(db, project, { ...filter, sort: "rank", limit: perColumn });
    const count = counts.find((counted) => counted.status === status)?.count ?? 0;
    columns.push({
      stageId: null,
      status,
      count,
      issues: items,
      nextCursor,
      ...(inLanes && { lanes: lanesOf(inLanes, status) }),
    });
  }
  return columns;
}

/** See protocol/digest.ts for what is hashed. */
export async function getDigest(ctx: ProjectContext): Promise<Output<"sync.digest">> {
  return found(await findDigest(ctx.db, ctx.project), "Project");
}

/** Of one moment, as the board: so that a page can be laid beside a board of the same seq. */
export async function getColumn(ctx: ProjectContext, input: Input<"board.column">): Promise<Output<"board.column">> {
  const { project } = ctx;
  const { stageId, sprintId, cursor, limit } = input;
  return ctx.database.snapshot(async (db) => {
    const [head] = await readHeads(db, [project.stream]);
    const { seq } = found(head, "Project");
    if (stageId !== null) {
      const stages = await listStages(db, project.id);
      found(
        stages.find(({ id }) => id === stageId),
        "Stage",
      );
    }
    await checkSprint(db, ctx, sprintId);
    return { ...(await listColumn(db, { project, stageId, sprintId, cursor, limit })), seq };
  });
}
