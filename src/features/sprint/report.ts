/**
 * Reports as a fold over the event log, so that they stay true of past sprints.
 * - Issues do not touch each other here: each adds its own history to the tally of a sprint.
 * - Before and after are told by seq alone; `at` only says on which UTC day. It can be a little earlier than that of the
 *   event before it, so days never go back.
 * - What follows `sprint.completed` does not count: unfinished issues leave the sprint after it.
 */
import type { Issue, SprintReport } from "../../../protocol/index.ts";

export type Standing = Pick<Issue, "sprintId" | "status" | "estimate"> & {
  /** Neither deleted nor purged, nor yet to be created. */
  present: boolean;
};

/** What one event says of an issue, and as far as known what was so before. */
export type Fact = { seq: number; at: string; says: Partial<Standing>; before: Partial<Standing> };

/** The facts of one issue in the order of their seqs, and how it stood before the first of them. */
export type History = { number: number; start: Standing; facts: Fact[] };

export type Span = {
  sprintId: string;
  /** Seq of `sprint.started`. */
  startedSeq: number;
  startedAt: string;
  /** Seq of `sprint.completed`; Infinity until then. */
  completedSeq: number;
  /** When it was completed, or now. */
  until: string;
  /** The planned end, where the ideal line meets zero. */
  endsAt: string;
};

type Total = SprintReport["committed"];
type Day = { remaining: Total; flow: Record<Issue["status"], number> };
export type Tally = {
  span: Span;
  committed: Total;
  completed: Total;
  days: Day[];
  scopeChanges: (SprintReport["scopeChanges"][number] & { seq: number })[];
};

const DAY_MS = 86_400_000;
const dayOf = (at: string): number => Math.floor(Date.parse(at) / DAY_MS);
const isDone = ({ status }: Pick<Standing, "status">): boolean => status === "resolved" || status === "closed";

function add(total: Total, { estimate }: Standing): void {
  total.issues += 1;
  total.estimate += estimate ?? 0;
}

function addDay(day: Day, standing: Standing): void {
  day.flow[standing.status] += 1;
  if (!isDone(standing)) add(day.remaining, standing);
}

const nothing = (): Total => ({ issues: 0, estimate: 0 });

/** An empty tally with one entry for each UTC day of the sprint. */
export function startTally(span: Span): Tally {
  const length = Math.max(1, dayOf(span.until) - dayOf(span.startedAt) + 1);
  const days = Array.from({ length }, () => ({
    remaining: nothing(),
    flow: { open: 0, in_progress: 0, resolved: 0, closed: 0 },
  }));
  return { span, committed: nothing(), completed: nothing(), days, scopeChanges: [] };
}

function changeOfScope(before: Standing | undefined, after: Standing | undefined) {
  if (!before) return after && ("added" as const);
  if (!after) return "removed" as const;
  return before.estimate === after.estimate ? undefined : ("estimate" as const);
}

/** Adds one issue to the tally of a sprint. */
export function addHistory({ span, committed, completed, days, scopeChanges }: Tally, history: History): void {
  const { sprintId, startedSeq, completedSeq, startedAt } = span;
  const inSprint = (standing: Standing) => (standing.present && standing.sprintId === sprintId ? standing : undefined);
  const counted = history.facts.filter(({ seq }) => seq <= completedSeq);

  let standing = history.start;
  for (const { seq, says } of counted) if (seq <= startedSeq) standing = { ...standing, ...says };
  const promised = inSprint(standing);
  if (promised) add(committed, promised);

  let day = 0;
  const closeDays = (upTo: number) => {
    const end = Math.max(day, upTo);
    const member = inSprint(standing);
    if (member) for (const total of days.slice(day, end)) addDay(total, member);
    day = end;
  };
  for (const { seq, at, says } of counted) {
    if (seq <= startedSeq) continue;
    closeDays(Math.min(dayOf(at) - dayOf(startedAt), days.length - 1));
    const before = inSprint(standing);
    standing = { ...standing, ...says };
    const after = inSprint(standing);
    const change = changeOfScope(before, after);
    const { estimate } = after ?? before ?? standing;
    if (change) scopeChanges.push({ seq, at, number: history.number, change, estimate });
  }
  closeDays(days.length);
  const kept = inSprint(standing);
  if (kept && isDone(kept)) add(completed, kept);
}

/** Sums of fractions, without the noise of binary numbers. */
const tidy = (value: number): number => Math.round(value * 1e6) / 1e6;
const tidyTotal = ({ issues, estimate }: Total): Total => ({ issues, estimate: tidy(estimate) });

/** The figures of a tally that holds every issue. */
export function toFigures({ span, committed, completed, days, scopeChanges }: Tally) {
  const firstDay = dayOf(span.startedAt);
  const plannedDays = Math.max(1, dayOf(span.endsAt) - firstDay + 1);
  const dateOf = (index: number) => new Date((firstDay + index) * DAY_MS).toISOString().slice(0, 10);
  return {
    committed: tidyTotal(committed),
    completed: tidyTotal(completed),
    burndown: days.map(({ remaining }, i) => ({
      date: dateOf(i),
      remainingIssues: remaining.issues,
      remainingEstimate: tidy(remaining.estimate),
      ideal: tidy(committed.estimate * Math.max(0, 1 - (i + 1) / plannedDays)),
    })),
    scopeChanges: scopeChanges.toSorted((a, b) => a.seq - b.seq).map(({ seq: _, ...change }) => change),
    flow: days.map(({ flow }, i) => ({ date: dateOf(i), ...flow })),
  } satisfies Partial<SprintReport>;
}
