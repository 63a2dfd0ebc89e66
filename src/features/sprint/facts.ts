import type { Issue } from "../../../protocol/index.ts";
import type { Fact, History, Standing } from "./report.ts";

/** An event that may change what a report says of an issue, as far as that matters. */
export type PlanEvent = {
  issue: number;
  seq: number;
  at: string;
  type: string;
  /** null: not in this event. */
  status: Issue["status"] | null;
  /** As JSON, which tells null from absent. */
  estimate: string | null;
  sprintId: string | null;
  /** What people read of it; only asked for when older events were pruned. */
  changes: { field: string; from: unknown }[] | null;
};

const notYetCreated: Standing = { present: false, sprintId: null, status: "open", estimate: null };

function toFact({ seq, at, type, status, estimate, sprintId, changes }: PlanEvent): Fact {
  const said: Partial<Standing> = {
    ...(status !== null && { status }),
    ...(estimate !== null && { estimate: JSON.parse(estimate) }),
    ...(sprintId !== null && { sprintId: JSON.parse(sprintId) }),
  };
  if (type === "issue.created") return { seq, at, says: { ...said, present: true }, before: notYetCreated };
  if (type === "issue.restored") {
    return { seq, at, says: { ...said, present: true }, before: { ...said, present: false } };
  }
  if (type === "issue.deleted") return { seq, at, says: { present: false }, before: { present: true } };
  if (type === "issue.purged") return { seq, at, says: { present: false }, before: {} };
  const before = changes?.filter(({ field }) => Object.hasOwn(said, field)).map(({ field, from }) => [field, from]);
  return { seq, at, says: said, before: Object.fromEntries(before ?? []) };
}

/**
 * The history of an issue. When the events of its beginning were pruned, it is told backwards: what the first kept event
 * of a field says was before, and what none changed is so `now`; a purged issue is not there now.
 */
export function toHistory(number: number, events: PlanEvent[], now: Standing | undefined): History {
  const facts = events.map(toFact);
  const start = { ...(now ?? notYetCreated) };
  for (const { before } of facts.toReversed()) Object.assign(start, before);
  return { number, start, facts };
}
