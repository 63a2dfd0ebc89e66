/**
 * The columns of a live board, as windows.
 * - A column without `nextCursor` shows all its issues; one with it shows every issue from the top down to its edge.
 * - Its count stays exact as long as one column alone hides issues; what cannot be told from events is marked `stale`.
 */
import type { Board, Card, Column } from "../../protocol/index.ts";

type Place = Pick<Card, "rank" | "number">;

export type LiveColumn = Column & {
  /** Where the window ends, once a card has left it: `nextCursor` goes on behind this place. */
  edge?: Place;
  /** Its cards or its count can no longer be told from events: load the board again. */
  stale?: true;
};
export type LiveBoard = Omit<Board, "columns"> & { columns: LiveColumn[] };

const comesBefore = (a: Place, b: Place): boolean => (a.rank === b.rank ? a.number < b.number : a.rank < b.rank);
export const hidesIssues = (column: LiveColumn): boolean => column.nextCursor !== null || column.stale === true;

const edgeOf = (column: LiveColumn): Place | undefined =>
  column.nextCursor === null ? undefined : (column.edge ?? column.issues.at(-1));

export function isInWindow(column: LiveColumn, place: Place): boolean {
  const edge = edgeOf(column);
  return edge === undefined || !comesBefore(edge, place);
}

export const markStale = (column: LiveColumn): LiveColumn => ({ ...column, stale: true });

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

export const emptyColumn = (stageId: string | null): LiveColumn => ({
  stageId,
  count: 0,
  issues: [],
  nextCursor: null,
});

export const mapColumns = (board: LiveBoard, change: (column: LiveColumn) => LiveColumn): LiveBoard => ({
  ...board,
  columns: board.columns.map((column) => closeWindow(change(column))),
});

/** Changes one column; that of issues without a stage comes and goes with them. */
export function changeColumn(
  board: LiveBoard,
  stageId: string | null,
  change: (column: LiveColumn) => LiveColumn,
): LiveBoard {
  const isThere = board.columns.some((column) => column.stageId === stageId);
  const columns = isThere ? board.columns : [...board.columns, emptyColumn(stageId)];
  const changed = mapColumns({ ...board, columns }, (column) => (column.stageId === stageId ? change(column) : column));
  const isSpent = (column: LiveColumn) => column.stageId === null && column.count === 0 && !column.stale;
  return { ...changed, columns: changed.columns.filter((column) => !isSpent(column)) };
}

export const findCard = (board: LiveBoard, number: number): Card | undefined => {
  for (const { issues } of board.columns) {
    const card = issues.find((shown) => shown.number === number);
    if (card) return card;
  }
  return undefined;
};

export const addCard = (board: LiveBoard, card: Card): LiveBoard =>
  changeColumn(board, card.stageId, (column) => withCard(column, card));

export const removeCard = (board: LiveBoard, { stageId, number }: Card): LiveBoard =>
  changeColumn(board, stageId, (column) => withoutCard(column, number));

/** A column with the next cards from behind its window; page and board are of the same seq. */
export const withPage = (
  board: LiveBoard,
  stageId: string | null,
  { items, nextCursor }: { items: Card[]; nextCursor: string | null },
): LiveBoard => ({
  ...board,
  columns: board.columns.map((column) => {
    if (column.stageId !== stageId) return column;
    const { edge: _, ...rest } = column;
    return { ...rest, issues: [...column.issues, ...items], nextCursor };
  }),
});

/** An issue that is not shown left a column, other than `except`; which one is known when one alone hides issues. */
export function leaveHidden(board: LiveBoard, except?: string | null): LiveBoard {
  const sources = board.columns.filter((column) => hidesIssues(column) && column.stageId !== except);
  const leave = (column: LiveColumn) =>
    sources.length === 1 ? { ...column, count: column.count - 1 } : markStale(column);
  return mapColumns(board, (column) => (sources.includes(column) ? leave(column) : column));
}
