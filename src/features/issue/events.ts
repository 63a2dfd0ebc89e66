import type { Card, Change, Issue, IssueChanges } from "../../../protocol/index.ts";
import type { Tx } from "../../kernel/transact.ts";

/** An issue as events and boards carry it. */
export function toCard({ description: _, ...card }: Issue): Card {
  return card;
}

/** The data of an event about one issue. */
export const changedData = (issue: Pick<Issue, "number" | "version" | "updatedAt">, changes: IssueChanges) => ({
  number: issue.number,
  version: issue.version,
  updatedAt: issue.updatedAt,
  changes,
});

const fields = [
  "title",
  "description",
  "status",
  "type",
  "kind",
  "priority",
  "estimate",
  "stageId",
  "laneId",
  "rank",
  "sprintId",
  "parent",
  "assignees",
  "tags",
] as const;
type Field = (typeof fields)[number];

const differs = (before: Issue, after: Issue) => (field: Field) =>
  typeof before[field] === "object"
    ? JSON.stringify(before[field]) !== JSON.stringify(after[field])
    : before[field] !== after[field];

/** The fields that differ, with their new values. */
export function changesBetween(before: Issue, after: Issue): Partial<Pick<Issue, Field>> {
  return Object.fromEntries(fields.filter(differs(before, after)).map((field) => [field, after[field]]));
}

/** What stages, lanes and sprints are called, by id. */
export type Names = Readonly<Record<string, string>>;

/** Ids and what they are called then, so that the history reads well when they are gone. */
function historyOf(field: Field, before: Issue, after: Issue, names: Names): Change {
  if (field === "assignees" || field === "tags") {
    const nameOf = (ref: { displayName: string } | { name: string }) => ("name" in ref ? ref.name : ref.displayName);
    const [from, to] = [before[field], after[field]];
    const called = { fromName: from.map(nameOf).join(", "), toName: to.map(nameOf).join(", ") };
    return { field, from: from.map(({ id }) => id), to: to.map(({ id }) => id), ...called };
  }
  const [from, to] = [before[field], after[field]];
  const fromName = names[String(from)];
  const toName = names[String(to)];
  return { field, from, to, ...(fromName !== undefined && { fromName }), ...(toName !== undefined && { toName }) };
}

/** What people read of it: values before and after. A place within a column is no news. */
export function historyBetween(before: Issue, after: Issue, names: Names = {}): Change[] {
  return fields
    .filter((field) => field !== "rank" && differs(before, after)(field))
    .map((field) => historyOf(field, before, after, names));
}

const ids = (refs: { id: string }[]) => refs.map(({ id }) => id);
const gained = (before: string[], after: string[]) => after.some((id) => !before.includes(id));

/** The events that tell of a list of people or tags: one when some came, one when some went. */
const listEvents = {
  assignees: ["issue.assigned", "issue.unassigned"],
  tags: ["issue.tagged", "issue.untagged"],
} as const;

/**
 * Says what became of an issue: `issue.moved` when it was moved, else `issue.status_changed` with the stage that
 * followed; then one event each for sprint, people and tags, and `issue.updated` for the rest.
 */
export function emitDifferences(tx: Tx, before: Issue, after: Issue, options: { names: Names; moved: boolean }): void {
  const { status, stageId, rank, sprintId, assignees, tags, ...others } = changesBetween(before, after);
  const history = historyBetween(before, after, options.names);
  const emit = (type: Parameters<typeof sendChange>[1], changes: IssueChanges, told: string[]) =>
    sendChange(
      tx,
      type,
      after,
      changes,
      history.filter(({ field }) => told.includes(field)),
    );

  const placed = { ...(stageId !== undefined && { stageId }), ...(rank !== undefined && { rank }) };
  const { laneId, ...rest } = others;
  const inLane = laneId === undefined ? {} : { laneId };
  if (options.moved) {
    const data = { ...placed, ...inLane, rank: after.rank, ...(status !== undefined && { status }) };
    emit("issue.moved", data, ["stageId", "laneId", "status"]);
  } else if (status !== undefined) emit("issue.status_changed", { status, ...placed }, ["stageId", "status"]);
  if (sprintId !== undefined) emit("issue.sprint_changed", { sprintId }, ["sprintId"]);
  for (const field of ["assignees", "tags"] as const) {
    const [came, went] = listEvents[field];
    const [old, present] = [ids(before[field]), ids(after[field])];
    if (gained(old, present)) emit(came, { [field]: after[field] }, [field]);
    if (gained(present, old)) emit(went, { [field]: after[field] }, [field]);
  }
  const remaining = options.moved ? rest : { ...rest, ...inLane };
  if (Object.keys(remaining).length > 0) emit("issue.updated", remaining, Object.keys(remaining));
}

type ChangeEvent =
  | "issue.moved"
  | "issue.status_changed"
  | "issue.sprint_changed"
  | "issue.assigned"
  | "issue.unassigned"
  | "issue.tagged"
  | "issue.untagged"
  | "issue.updated";

function sendChange(tx: Tx, type: ChangeEvent, issue: Issue, changes: IssueChanges, history: Change[]): void {
  tx.emit(type, changedData(issue, changes), { issue: issue.number, changes: history });
}
