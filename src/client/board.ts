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
import type {
  Card,
  EventData,
  EventType,
  Lane,
  Sprint,
  Stage,
  TagRef,
  UserRef,
  WireEvent,
} from "../../protocol/index.ts";
import {
  addCard,
  changeColumn,
  emptyColumn,
  findCard,
  hidesIssues,
  isInWindow,
  type LiveBoard,
  type LiveColumn,
  leaveHidden,
  mapColumns,
  markStale,
  removeCard,
} from "./columns.ts";

export type { LiveBoard, LiveColumn } from "./columns.ts";

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

type Applier = (board: LiveBoard, data: unknown, at: string) => LiveBoard;

/** The board after one more event. */
export function applyEvent(board: LiveBoard, event: WireEvent): LiveBoard {
  if (event.seq <= board.seq) return board;
  if (event.seq !== board.seq + 1) throw new GapError(board.seq, event.seq);
  const apply = Object.hasOwn(appliers, event.type) ? appliers[event.type as keyof typeof appliers] : undefined;
  const changed = apply ? (apply as Applier)(board, event.data, event.at) : board;
  return { ...changed, seq: event.seq };
}

export const applyEvents = (board: LiveBoard, events: readonly WireEvent[]): LiveBoard =>
  events.reduce((later, event) => applyEvent(later, event), board);

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
  const without = card
    ? removeCard(board, card)
    : mapColumns(board, (column) => (hidesIssues(column) ? markStale(column) : column));
  return mapCards(
    without,
    (child) => child.parent === number,
    (child) => ({ ...child, parent: null }),
  );
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

/** Changes every shown card that `concerns` names, in its place. */
function mapCards(board: LiveBoard, concerns: (card: Card) => boolean, change: (card: Card) => Card): LiveBoard {
  const columns = board.columns.map((column) =>
    column.issues.some(concerns)
      ? { ...column, issues: column.issues.map((card) => (concerns(card) ? change(card) : card)) }
      : column,
  );
  return { ...board, columns };
}

const shows = ({ reporter, assignees }: Card, userId: string): boolean =>
  reporter.id === userId || assignees.some(({ id }) => id === userId);

/** Another name or picture of someone, wherever the board shows the person. */
function withUser(board: LiveBoard, { user }: EventData<"profile.updated">): LiveBoard {
  const replace = (other: UserRef) => (other.id === user.id ? user : other);
  const changed = mapCards(
    board,
    (card) => shows(card, user.id),
    (card) => ({ ...card, reporter: replace(card.reporter), assignees: card.assignees.map(replace) }),
  );
  return { ...changed, members: board.members.map((member) => ({ ...member, user: replace(member.user) })) };
}

const byName = (a: TagRef, b: TagRef): number => (a.name < b.name ? -1 : 1);

/** Tags stand by name, on the board and on each card. */
function withTag(board: LiveBoard, { tag }: EventData<"tag.updated">): LiveBoard {
  const replace = (tags: TagRef[]) => tags.map((other) => (other.id === tag.id ? tag : other)).sort(byName);
  const isOn = ({ tags }: Card) => tags.some(({ id }) => id === tag.id);
  const changed = mapCards(board, isOn, (card) => ({ ...card, tags: replace(card.tags) }));
  return { ...changed, tags: replace(board.tags) };
}

function withoutTag(board: LiveBoard, { tagId }: EventData<"tag.removed">): LiveBoard {
  const drop = (tags: TagRef[]) => tags.filter(({ id }) => id !== tagId);
  const isOn = ({ tags }: Card) => tags.some(({ id }) => id === tagId);
  const changed = mapCards(board, isOn, (card) => ({ ...card, tags: drop(card.tags) }));
  return { ...changed, tags: drop(board.tags) };
}

const withLanes = (board: LiveBoard, lanes: Lane[]): LiveBoard => ({
  ...board,
  lanes: lanes.toSorted((a, b) => a.position - b.position),
});

/** Planned and active sprints stand by start; a completed one leaves. */
function withSprint(board: LiveBoard, { sprint }: EventData<"sprint.updated">): LiveBoard {
  const others = board.sprints.filter(({ id }) => id !== sprint.id);
  const sprints = sprint.state === "completed" ? others : [...others, sprint];
  const order = (a: Sprint, b: Sprint) =>
    a.startsAt === b.startsAt ? (a.id < b.id ? -1 : 1) : a.startsAt < b.startsAt ? -1 : 1;
  return { ...board, sprints: sprints.sort(order) };
}

function withoutSprint(board: LiveBoard, { sprintId }: EventData<"sprint.deleted">): LiveBoard {
  const changed = mapCards(
    board,
    (card) => card.sprintId === sprintId,
    (card) => ({ ...card, sprintId: null }),
  );
  return { ...changed, sprints: board.sprints.filter(({ id }) => id !== sprintId) };
}

function withoutField(board: LiveBoard, { fieldId }: EventData<"field.deleted">): LiveBoard {
  return mapCards(
    board,
    ({ fields }) => fieldId in fields,
    ({ fields: { [fieldId]: _, ...fields }, ...card }) => ({ ...card, fields }),
  );
}

/** Comments and logged time update their issue at the event's moment, and leave its version. */
const touchCard = (board: LiveBoard, number: number, at: string, change: (card: Card) => Partial<Card>): LiveBoard =>
  mapCards(
    board,
    (card) => card.number === number,
    (card) => ({ ...card, ...change(card), updatedAt: at }),
  );

const count =
  (by: 1 | -1) =>
  ({ commentCount }: Card) => ({ commentCount: commentCount + by });
const spend =
  (seconds: number) =>
  ({ timeSpentSeconds }: Card) => ({ timeSpentSeconds: timeSpentSeconds + seconds });

/** What each event does to the board; those that are not here do nothing to it. */
const appliers: { [T in EventType]?: (board: LiveBoard, data: EventData<T>, at: string) => LiveBoard } = {
  "issue.created": (board, { issue }) => addCard(board, issue),
  "issue.restored": (board, { issue }) => addCard(board, issue),
  "issue.updated": changeIssue,
  "issue.moved": changeIssue,
  "issue.status_changed": changeIssue,
  "issue.assigned": changeIssue,
  "issue.unassigned": changeIssue,
  "issue.tagged": changeIssue,
  "issue.untagged": changeIssue,
  "issue.sprint_changed": changeIssue,
  "issue.deleted": deleteIssue,
  "issue.purged": purgeIssue,
  "tag.created": (board, { tag }) => ({ ...board, tags: [...board.tags, tag].sort(byName) }),
  "tag.updated": withTag,
  "tag.removed": withoutTag,
  "lane.created": (board, { lane }) => withLanes(board, [...board.lanes, lane]),
  "lane.updated": (board, { lane }) =>
    withLanes(
      board,
      board.lanes.map((other) => (other.id === lane.id ? lane : other)),
    ),
  "lane.reordered": (board, { laneIds }) =>
    withLanes(
      board,
      board.lanes.map((lane) => ({ ...lane, position: laneIds.indexOf(lane.id) })),
    ),
  "lane.deleted": (board, { laneId }) => {
    const changed = mapCards(
      board,
      (card) => card.laneId === laneId,
      (card) => ({ ...card, laneId: null }),
    );
    return withLanes(
      changed,
      board.lanes.filter(({ id }) => id !== laneId),
    );
  },
  "field.deleted": withoutField,
  "sprint.created": withSprint,
  "sprint.updated": withSprint,
  "sprint.started": withSprint,
  "sprint.ended": withSprint,
  "sprint.completed": withSprint,
  "sprint.deleted": withoutSprint,
  "comment.created": (board, { comment }, at) => touchCard(board, comment.issue, at, count(1)),
  "comment.edited": (board, { comment }, at) => touchCard(board, comment.issue, at, () => ({})),
  "comment.deleted": (board, { number }, at) => touchCard(board, number, at, count(-1)),
  "time.logged": (board, { entry }, at) => touchCard(board, entry.issue, at, spend(entry.seconds)),
  "time.deleted": (board, { number, seconds }, at) => touchCard(board, number, at, spend(-seconds)),
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
  "profile.updated": withUser,
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
