/**
 * A `board.get` snapshot, kept in step by the events of its project's stream.
 * - Nothing is changed in place: what an event does not touch keeps its identity, so a view can compare by `===`.
 * - Events are taken in order and once: one that the board has is dropped, a gap throws `GapError`. The caller sees to
 *   the epoch: with another one, load a snapshot.
 * - A column without `nextCursor` shows all its issues. While every column does, nothing is unknown: the board equals a
 *   fresh `board.get`, save that it may show more cards than `perColumn`.
 * - A column with `nextCursor` is a window: every issue from the top down to its edge. Cards beyond the edge are only
 *   counted, and come by `board.column`. Its count stays exact as long as one column alone hides issues.
 * - Events name an issue by number and carry what changed, so nobody can know the card of an issue that was never shown
 *   when it enters a window, nor which of several windows it left from behind. Such columns are marked `stale`.
 */
import type { Board, Card, Column, EventData, EventType, Stage, WireEvent } from "../../protocol/index.ts";

type Place = Pick<Card, "rank" | "number">;

export type LiveColumn = Column & {
  /** Where the window ends, once a card has left it: `nextCursor` goes on behind this place. */
  edge?: Place;
  /** Its cards or its count can no longer be told from events: load the board again. */
  stale?: true;
};
export type LiveBoard = Omit<Board, "columns"> & { columns: LiveColumn[] };

/** Events between `after` and `seq` are missing: pull them first. */
export class GapError extends Error {
  readonly after: number;
  readonly seq: number;

  constructor(after: number, seq: number) {
    super(`event ${seq} does not follow ${after}`);
    this.name = "GapError";
    this.after = after;
    this.seq = seq;
  }
}

/** The board after one more event. */
export function applyEvent(board: LiveBoard, event: WireEvent): LiveBoard {
  if (event.seq <= board.seq) return board;
  if (event.seq !== board.seq + 1) throw new GapError(board.seq, event.seq);
  const apply = Object.hasOwn(appliers, event.type) ? appliers[event.type as keyof typeof appliers] : undefined;
  const changed = apply ? (apply as (board: LiveBoard, data: unknown) => LiveBoard)(board, event.data) : board;
  return { ...changed, seq: event.seq };
}

export const applyEvents = (board: LiveBoard, events: readonly WireEvent[]): LiveBoard =>
  events.reduce((later, event) => applyEvent(later, event), board);

const comesBefore = (a: Place, b: Place): boolean => (a.rank === b.rank ? a.number < b.number : a.rank < b.rank);
const hidesIssues = (column: LiveColumn): boolean => column.nextCursor !== null || column.stale === true;

const edgeOf = (column: LiveColumn): Place | undefined =>
  column.nextCursor === null ? undefined : (column.edge ?? column.issues.at(-1));

function isInWindow(column: LiveColumn, place: Place): boolean {
  const edge = edgeOf(column);
  return edge === undefined || !comesBefore(edge, place);
}

const markStale = (column: LiveColumn): LiveColumn => ({ ...column, stale: true });

/** A window with nothing behind it is none. */
function closeWindow(column: LiveColumn): LiveColumn {
  if (column.nextCursor === null || column.stale || column.count !== column.issues.length) return column;
  const { edge: _, ...whole } = column;
  return { ...whole, nextCursor: null };
}

function withCard(column: LiveColumn, card: Card): LiveColumn {
  const count = column.count + 1;
  if (!isInWindow(column, card)) return { ...column, count };
  const below = column.issues.findIndex((other) => comesBefore(card, other));
  const issues = column.issues.toSpliced(below === -1 ? column.issues.length : below, 0, card);
  return { ...column, count, issues };
}

function withoutCard(column: LiveColumn, number: number): LiveColumn {
  const edge = edgeOf(column);
  const issues = column.issues.filter((card) => card.number !== number);
  return {
    ...column,
    count: column.count - 1,
    issues,
    ...(edge && { edge: { rank: edge.rank, number: edge.number } }),
  };
}

const emptyColumn = (stageId: string | null): LiveColumn => ({ stageId, count: 0, issues: [], nextCursor: null });

const mapColumns = (board: LiveBoard, change: (column: LiveColumn) => LiveColumn): LiveBoard => ({
  ...board,
  columns: board.columns.map((column) => closeWindow(change(column))),
});

/** Changes one column; that of issues without a stage comes and goes with them. */
function changeColumn(board: LiveBoard, stageId: string | null, change: (column: LiveColumn) => LiveColumn): LiveBoard {
  const isThere = board.columns.some((column) => column.stageId === stageId);
  const columns = isThere ? board.columns : [...board.columns, emptyColumn(stageId)];
  const changed = mapColumns({ ...board, columns }, (column) => (column.stageId === stageId ? change(column) : column));
  const isSpent = (column: LiveColumn) => column.stageId === null && column.count === 0 && !column.stale;
  return { ...changed, columns: changed.columns.filter((column) => !isSpent(column)) };
}

const findCard = (board: LiveBoard, number: number): Card | undefined => {
  for (const { issues } of board.columns) {
    const card = issues.find((shown) => shown.number === number);
    if (card) return card;
  }
  return undefined;
};

const addCard = (board: LiveBoard, card: Card): LiveBoard =>
  changeColumn(board, card.stageId, (column) => withCard(column, card));

const removeCard = (board: LiveBoard, { stageId, number }: Card): LiveBoard =>
  changeColumn(board, stageId, (column) => withoutCard(column, number));

/** An issue that is not shown left a column, other than `except`; which one is known when one alone hides issues. */
function leaveHidden(board: LiveBoard, except?: string | null): LiveBoard {
  const sources = board.columns.filter((column) => hidesIssues(column) && column.stageId !== except);
  const leave = (column: LiveColumn) =>
    sources.length === 1 ? { ...column, count: column.count - 1 } : markStale(column);
  return mapColumns(board, (column) => (sources.includes(column) ? leave(column) : column));
}

type IssueChanged = EventData<"issue.updated">;

/** What can be told of an issue that no column shows. */
function changeHidden(board: LiveBoard, { number, changes }: IssueChanged): LiveBoard {
  const { stageId, rank } = changes;
  const mayShow = (column: LiveColumn) => rank === undefined || isInWindow(column, { rank, number });
  if (stageId !== undefined) {
    return changeColumn(leaveHidden(board, stageId), stageId, (column) => {
      const entered = { ...column, count: column.count + 1 };
      return mayShow(column) ? markStale(entered) : entered;
    });
  }
  if (rank === undefined) return board;
  return mapColumns(board, (column) => (hidesIssues(column) && mayShow(column) ? markStale(column) : column));
}

function changeIssue(board: LiveBoard, data: IssueChanged): LiveBoard {
  const card = findCard(board, data.number);
  if (!card) return changeHidden(board, data);
  const { description: _, ...fields } = data.changes;
  const changed = { ...card, ...fields, version: data.version, updatedAt: data.updatedAt } as Card;
  // The two steps go by way of an empty column when it was the last issue without a stage.
  return addCard(removeCard(board, card), changed);
}

function deleteIssue(board: LiveBoard, { number }: IssueChanged): LiveBoard {
  const card = findCard(board, number);
  return card ? removeCard(board, card) : leaveHidden(board);
}

/** A purged issue that is not shown was deleted before, as a rule, but it may have stood behind a window. */
function purgeIssue(board: LiveBoard, { number }: IssueChanged): LiveBoard {
  const card = findCard(board, number);
  return card
    ? removeCard(board, card)
    : mapColumns(board, (column) => (hidesIssues(column) ? markStale(column) : column));
}

/** Stages left to right, each with its column, and last the issues without a stage. */
function withStages(board: LiveBoard, unordered: Stage[]): LiveBoard {
  const stages = unordered.toSorted((a, b) => a.position - b.position);
  const columnOf = (stageId: string) => board.columns.find((column) => column.stageId === stageId);
  const columns = stages.map(({ id }) => columnOf(id) ?? emptyColumn(id));
  return { ...board, stages, columns: [...columns, ...board.columns.filter(({ stageId }) => stageId === null)] };
}

const withoutMember = (board: LiveBoard, userId: string) => board.members.filter(({ user }) => user.id !== userId);

/** Members stand in the order of their ids. */
function withMember(board: LiveBoard, { member }: EventData<"project.member_added">): LiveBoard {
  const members = [...withoutMember(board, member.user.id), member];
  return { ...board, members: members.sort((a, b) => (a.user.id < b.user.id ? -1 : 1)) };
}

/** What each event does to the board; those that are not here do nothing to it. */
const appliers: { [T in EventType]?: (board: LiveBoard, data: EventData<T>) => LiveBoard } = {
  "issue.created": (board, { issue }) => addCard(board, issue),
  "issue.restored": (board, { issue }) => addCard(board, issue),
  "issue.updated": changeIssue,
  "issue.moved": changeIssue,
  "issue.status_changed": changeIssue,
  "issue.deleted": deleteIssue,
  "issue.purged": purgeIssue,
  "stage.created": (board, { stage }) => withStages(board, [...board.stages, stage]),
  "stage.updated": (board, { stage }) =>
    withStages(
      board,
      board.stages.map((other) => (other.id === stage.id ? stage : other)),
    ),
  "stage.reordered": (board, { stageIds }) =>
    withStages(
      board,
      board.stages.map((stage) => ({ ...stage, position: stageIds.indexOf(stage.id) })),
    ),
  "stage.deleted": (board, { stageId }) =>
    withStages(
      board,
      board.stages.filter(({ id }) => id !== stageId),
    ),
  "project.member_added": withMember,
  "project.member_role_changed": withMember,
  "project.member_removed": (board, { userId }) => ({ ...board, members: withoutMember(board, userId) }),
  "project.updated": (board, { project }) => ({
    ...board,
    columns: board.columns.map((column) => ({
      ...column,
      issues: column.issues.map((card) => ({ ...card, project: project.ref, key: `${project.key}-${card.number}` })),
    })),
  }),
};
