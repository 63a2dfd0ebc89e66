/**
 * What a command will probably do, laid over a board until the events of its project tell. Places are positions in the
 * arrays: ranks are the server's to make. What is laid over a board is never kept, only shown.
 */
import type { Card, ClientInput } from "../../protocol/index.ts";
import { changeColumn, findCard, type LiveBoard, type LiveColumn, removeCard } from "./columns.ts";
import type { MutationName } from "./commands.ts";

type Lay<N extends MutationName> = (board: LiveBoard, input: ClientInput<N>) => LiveBoard;
type At = { after?: number | null | undefined; before?: number | undefined };

/** `undefined`: at the bottom. */
function indexOf({ issues }: LiveColumn, { after, before }: At): number | undefined {
  if (after === null) return 0;
  const index = issues.findIndex(({ number }) => number === (after ?? before));
  if (index === -1) return undefined;
  return after === undefined ? index : index + 1;
}

function insert(column: LiveColumn, card: Card, at: At): LiveColumn {
  const count = column.count + 1;
  const index = indexOf(column, at);
  // The bottom of a window is not shown.
  if (index === undefined && column.nextCursor !== null) return { ...column, count };
  return { ...column, count, issues: column.issues.toSpliced(index ?? column.issues.length, 0, card) };
}

const place = (board: LiveBoard, from: Card, to: Card, at: At): LiveBoard =>
  changeColumn(removeCard(board, from), to.stageId, (column) => insert(column, to, at));

/** Changes a card where it stands, if it is shown. */
function change(board: LiveBoard, number: number, changes: Partial<Card>): LiveBoard {
  const has = (column: LiveColumn) => column.issues.some((card) => card.number === number);
  const columns = board.columns.map((column) =>
    has(column)
      ? { ...column, issues: column.issues.map((card) => (card.number === number ? { ...card, ...changes } : card)) }
      : column,
  );
  return { ...board, columns };
}

/** The stage that a new status takes a card to; undefined when it may stay. */
function stageFor({ stages }: LiveBoard, card: Card, status: Card["status"] | undefined) {
  if (status === undefined || status === card.status) return undefined;
  if (stages.find(({ id }) => id === card.stageId)?.status === status) return undefined;
  return stages.find((stage) => stage.status === status);
}

const move: Lay<"issue.move"> = (board, { issue, stageId, laneId, ...at }) => {
  const card = findCard(board, issue);
  const goal = stageId ?? card?.stageId;
  const stage = board.stages.find(({ id }) => id === goal);
  if (!card || !stage) return board;
  const status = stage.id === card.stageId ? card.status : stage.status;
  const moved = { ...card, stageId: stage.id, status, laneId: laneId === undefined ? card.laneId : laneId };
  return place(board, card, moved, at);
};

const update: Lay<"issue.update"> = (board, { issue, patch }) => {
  const card = findCard(board, issue);
  if (!card) return board;
  const { description: _, ...rest } = patch;
  const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as Partial<Card>;
  const stage = stageFor(board, card, patch.status);
  if (!stage) return change(board, issue, given);
  return place(board, card, { ...card, ...given, stageId: stage.id }, {});
};

const setTags: Lay<"issue.setTags"> = (board, { issue, tagIds }) =>
  change(board, issue, { tags: board.tags.filter(({ id }) => tagIds.includes(id)) });

const setAssignees: Lay<"issue.setAssignees"> = (board, { issue, userIds }) => {
  const known = [...(findCard(board, issue)?.assignees ?? []), ...board.members.map(({ user }) => user)];
  return change(board, issue, {
    assignees: userIds.flatMap((userId) => known.find(({ id }) => id === userId) ?? []),
  });
};

const setSprint: Lay<"issue.setSprint"> = (board, { issue, sprintId }) => change(board, issue, { sprintId });

export const lays = {
  "issue.move": move,
  "issue.update": update,
  "issue.setTags": setTags,
  "issue.setAssignees": setAssignees,
  "issue.setSprint": setSprint,
} satisfies { [N in MutationName]?: Lay<N> };

/** The commands that a board shows before they are confirmed. */
export type Layable = keyof typeof lays;
export const lay = <N extends Layable>(board: LiveBoard, name: N, input: ClientInput<N>): LiveBoard =>
  (lays[name] as (board: LiveBoard, input: ClientInput<N>) => LiveBoard)(board, input);
