import { describe, expect, test } from "vitest";
import { type PlanEvent, toHistory } from "../../src/features/sprint/facts.ts";
import { addHistory, type History, type Span, startTally, toFigures } from "../../src/features/sprint/report.ts";

const sprintId = "11111111-1111-4111-8111-111111111111";
const other = "22222222-2222-4222-8222-222222222222";

/** Monday to Thursday; started by event 10, completed by event 100. */
const span: Span = {
  sprintId,
  startedSeq: 10,
  startedAt: "2026-03-02T09:00:00.000Z",
  completedSeq: 100,
  until: "2026-03-05T18:00:00.000Z",
  endsAt: "2026-03-05T17:00:00.000Z",
};
const figuresOf = (histories: History[], of: Span = span) => {
  const tally = startTally(of);
  for (const history of histories) addHistory(tally, history);
  return toFigures(tally);
};

type Said = { status?: PlanEvent["status"]; estimate?: number | null; sprintId?: string | null };
type Line = [seq: number, at: string, type: string, said?: Said, changes?: PlanEvent["changes"]];

/** Events as the log has them, times as "03-02 10:00". */
const eventsOf = (issue: number, lines: Line[]): PlanEvent[] =>
  lines.map(([seq, at, type, said = {}, changes = null]) => ({
    issue,
    seq,
    at: `2026-${at.replace(" ", "T")}:00.000Z`,
    type,
    status: said.status ?? null,
    estimate: said.estimate === undefined ? null : JSON.stringify(said.estimate),
    sprintId: said.sprintId === undefined ? null : JSON.stringify(said.sprintId),
    changes,
  }));

const historyOf = (issue: number, lines: Line[]): History => toHistory(issue, eventsOf(issue, lines), undefined);

const created = (seq: number, at: string, estimate: number | null, inSprint: string | null = sprintId): Line => [
  seq,
  at,
  "issue.created",
  { status: "open", estimate, sprintId: inSprint },
];

/** A sprint in which all that can happen does. Estimates in brackets. */
const team = [
  // Done on Tuesday (3).
  historyOf(1, [
    created(1, "02-20 10:00", 3),
    [11, "03-02 10:00", "issue.moved", { status: "in_progress" }],
    [20, "03-03 10:00", "issue.moved", { status: "resolved" }],
  ]),
  // Done on Monday, reopened on Wednesday, unfinished, moved out after completion (5).
  historyOf(2, [
    created(2, "02-20 11:00", 5, null),
    [3, "02-21 10:00", "issue.sprint_changed", { sprintId }],
    [12, "03-02 11:00", "issue.status_changed", { status: "resolved" }],
    [30, "03-04 09:00", "issue.status_changed", { status: "in_progress" }],
    [101, "03-05 18:00", "issue.sprint_changed", { sprintId: null }],
  ]),
  // Taken out on Tuesday, back on Wednesday, done on Thursday (2).
  historyOf(3, [
    created(4, "02-20 12:00", 2),
    [21, "03-03 11:00", "issue.sprint_changed", { sprintId: other }],
    [31, "03-04 10:00", "issue.sprint_changed", { sprintId }],
    [40, "03-05 10:00", "issue.moved", { status: "resolved" }],
  ]),
  // Deleted on Wednesday (8).
  historyOf(4, [created(5, "02-20 13:00", 8), [32, "03-04 11:00", "issue.deleted"]]),
  // Estimated after the start: 1 on Monday, 4 on Tuesday; unfinished.
  historyOf(5, [
    created(6, "02-20 14:00", null),
    [13, "03-02 12:00", "issue.updated", { estimate: 1 }],
    [22, "03-03 12:00", "issue.updated", { estimate: 4 }],
    [102, "03-05 18:00", "issue.sprint_changed", { sprintId: other }],
  ]),
  // Put in on Tuesday, closed on Wednesday (3).
  historyOf(6, [
    created(7, "02-20 15:00", 3, null),
    [23, "03-03 13:00", "issue.sprint_changed", { sprintId }],
    [33, "03-04 12:00", "issue.status_changed", { status: "closed" }],
  ]),
  // Made in the sprint on Wednesday, purged on Thursday (1).
  historyOf(7, [created(34, "03-04 13:00", 1), [41, "03-05 11:00", "issue.purged"]]),
  // Left before the start.
  historyOf(8, [created(8, "02-20 16:00", 13), [9, "02-21 11:00", "issue.sprint_changed", { sprintId: null }]]),
];

describe("a sprint worked out by hand", () => {
  const figures = figuresOf(team);

  test("commits to what it holds at the start, unfinished ones too", () => {
    // Issues 1 to 5: 3 + 5 + 2 + 8 + none.
    expect(figures.committed).toEqual({ issues: 5, estimate: 18 });
  });

  test("completes what is done and still in it at the end", () => {
    // Issues 1, 3 and 6: 3 + 2 + 3.
    expect(figures.completed).toEqual({ issues: 3, estimate: 8 });
  });

  test("burns down by what is left at each day's end", () => {
    expect(figures.burndown).toEqual([
      // 1 (3), 3 (2), 4 (8), 5 (1).
      { date: "2026-03-02", remainingIssues: 4, remainingEstimate: 14, ideal: 13.5 },
      // 4 (8), 5 (4), 6 (3).
      { date: "2026-03-03", remainingIssues: 3, remainingEstimate: 15, ideal: 9 },
      // 2 (5), 3 (2), 5 (4), 7 (1).
      { date: "2026-03-04", remainingIssues: 4, remainingEstimate: 12, ideal: 4.5 },
      // 2 (5), 5 (4).
      { date: "2026-03-05", remainingIssues: 2, remainingEstimate: 9, ideal: 0 },
    ]);
  });

  test("names each change of scope after the start, in order", () => {
    expect(figures.scopeChanges.map(({ number, change, estimate }) => [number, change, estimate])).toEqual([
      [5, "estimate", 1],
      [3, "removed", 2],
      [5, "estimate", 4],
      [6, "added", 3],
      [3, "added", 2],
      [4, "removed", 8],
      [7, "added", 1],
      [7, "removed", 1],
    ]);
    expect(figures.scopeChanges[0]?.at).toBe("2026-03-02T12:00:00.000Z");
  });

  test("counts its issues by status at each day's end", () => {
    expect(figures.flow).toEqual([
      { date: "2026-03-02", open: 3, in_progress: 1, resolved: 1, closed: 0 },
      { date: "2026-03-03", open: 3, in_progress: 0, resolved: 2, closed: 0 },
      { date: "2026-03-04", open: 3, in_progress: 1, resolved: 1, closed: 1 },
      { date: "2026-03-05", open: 1, in_progress: 1, resolved: 2, closed: 1 },
    ]);
  });

  test("does not depend on the order in which issues are read", () => {
    expect(figuresOf(team.toReversed())).toEqual(figures);
  });
});

test("another sprint sees only what came to it", () => {
  const { committed, completed, scopeChanges } = figuresOf(team, { ...span, sprintId: other });

  expect([committed, completed]).toEqual([
    { issues: 0, estimate: 0 },
    { issues: 0, estimate: 0 },
  ]);
  // Issue 3 came on Tuesday and went on Wednesday; issue 5 came after the end.
  expect(scopeChanges.map(({ number, change }) => [number, change])).toEqual([
    [3, "added"],
    [3, "removed"],
  ]);
});

test("an active sprint is told up to now, later days stay open", () => {
  const active = { ...span, completedSeq: Number.POSITIVE_INFINITY, until: "2026-03-03T23:59:00.000Z" };
  const soFar = [
    historyOf(1, [created(1, "02-20 10:00", 6), [11, "03-03 10:00", "issue.moved", { status: "closed" }]]),
  ];

  const { burndown, completed } = figuresOf(soFar, active);

  expect(burndown).toEqual([
    { date: "2026-03-02", remainingIssues: 1, remainingEstimate: 6, ideal: 4.5 },
    { date: "2026-03-03", remainingIssues: 0, remainingEstimate: 0, ideal: 3 },
  ]);
  expect(completed).toEqual({ issues: 1, estimate: 6 });
});

test("a sprint that goes on behind its end has an ideal of zero there", () => {
  const late = { ...span, endsAt: "2026-03-03T17:00:00.000Z" };

  const { burndown } = figuresOf([historyOf(1, [created(1, "02-20 10:00", 6)])], late);

  expect(burndown.map(({ ideal }) => ideal)).toEqual([3, 0, 0, 0]);
  expect(burndown.map(({ remainingEstimate }) => remainingEstimate)).toEqual([6, 6, 6, 6]);
});

test("a sprint started behind its end has one planned day", () => {
  const late = { ...span, endsAt: "2026-02-27T17:00:00.000Z", until: "2026-03-02T18:00:00.000Z" };

  const { burndown } = figuresOf([historyOf(1, [created(1, "02-20 10:00", 6)])], late);

  expect(burndown).toEqual([{ date: "2026-03-02", remainingIssues: 1, remainingEstimate: 6, ideal: 0 }]);
});

test("a day's last minute and the next one's first are told apart", () => {
  const issue = historyOf(1, [
    created(1, "02-20 10:00", 1),
    [11, "03-02 23:59", "issue.moved", { status: "in_progress" }],
    [12, "03-03 00:00", "issue.moved", { status: "resolved" }],
  ]);

  const { flow } = figuresOf([issue]);

  expect(flow.slice(0, 2)).toEqual([
    { date: "2026-03-02", open: 0, in_progress: 1, resolved: 0, closed: 0 },
    { date: "2026-03-03", open: 0, in_progress: 0, resolved: 1, closed: 0 },
  ]);
});

test("seq decides what came first when times disagree", () => {
  const issue = historyOf(1, [
    created(1, "02-20 10:00", 1),
    // Committed after the start, but begun before it; and an event begun before the one that it follows.
    [11, "03-01 23:59", "issue.updated", { estimate: 2 }],
    [12, "03-03 00:01", "issue.moved", { status: "resolved" }],
    [13, "03-02 23:59", "issue.moved", { status: "open" }],
  ]);

  const { committed, burndown, scopeChanges } = figuresOf([issue]);

  expect(committed.estimate).toBe(1);
  expect(scopeChanges).toHaveLength(1);
  expect(burndown.map(({ remainingEstimate }) => remainingEstimate)).toEqual([2, 2, 2, 2]);
});

test("an event from a clock ahead of ours counts on the last day", () => {
  const ahead = { ...span, completedSeq: Number.POSITIVE_INFINITY };
  const issue = historyOf(1, [created(1, "02-20 10:00", 1), [11, "03-06 00:00", "issue.moved", { status: "closed" }]]);

  const { burndown, completed } = figuresOf([issue], ahead);

  expect(burndown.map(({ remainingIssues }) => remainingIssues)).toEqual([1, 1, 1, 0]);
  expect(completed.issues).toBe(1);
});

test("a restored issue counts as it came back", () => {
  const issue = historyOf(1, [
    created(1, "02-20 10:00", 2),
    [11, "03-02 10:00", "issue.deleted"],
    [12, "03-03 10:00", "issue.restored", { status: "in_progress", estimate: 2, sprintId }],
  ]);

  const { burndown, scopeChanges } = figuresOf([issue]);

  expect(burndown.map(({ remainingIssues }) => remainingIssues)).toEqual([0, 1, 1, 1]);
  expect(scopeChanges.map(({ change }) => change)).toEqual(["removed", "added"]);
});

test("tenths add up to what people write", () => {
  const issues = [1, 2, 3].map((number) => historyOf(number, [created(number, "02-20 10:00", 0.1)]));

  const { committed, burndown } = figuresOf(issues);

  expect(committed.estimate).toBe(0.3);
  expect(burndown[0]?.remainingEstimate).toBe(0.3);
});

test("a sprint without issues has empty days", () => {
  const { committed, burndown, flow } = figuresOf([]);

  expect(committed).toEqual({ issues: 0, estimate: 0 });
  expect(burndown).toHaveLength(4);
  expect(flow[3]).toEqual({ date: "2026-03-05", open: 0, in_progress: 0, resolved: 0, closed: 0 });
});

describe("when older events were pruned", () => {
  const from = (field: string, value: unknown) => [{ field, from: value }];

  test("the beginning is told from what came later and from what is so now", () => {
    const events = eventsOf(1, [
      [50, "03-03 10:00", "issue.updated", { estimate: 5 }, from("estimate", 3)],
      [51, "03-04 10:00", "issue.updated", { estimate: 8 }, from("estimate", 5)],
      [52, "03-04 11:00", "issue.moved", { status: "resolved" }, from("status", "in_progress")],
    ]);

    const { start } = toHistory(1, events, { present: true, sprintId, status: "resolved", estimate: 8 });

    expect(start).toEqual({ present: true, sprintId, status: "in_progress", estimate: 3 });
  });

  test("an issue that left was in the sprint before", () => {
    const events = eventsOf(1, [
      [50, "03-03 10:00", "issue.sprint_changed", { sprintId: null }, from("sprintId", sprintId)],
    ]);

    const { start } = toHistory(1, events, { present: true, sprintId: null, status: "open", estimate: 1 });

    expect(start.sprintId).toBe(sprintId);
  });

  test("a deleted issue was there before, and a new one was not", () => {
    const now = { present: false, sprintId, status: "open", estimate: 1 } as const;

    const deleted = toHistory(1, eventsOf(1, [[50, "03-03 10:00", "issue.deleted"]]), now);
    const made = toHistory(2, eventsOf(2, [created(51, "03-03 10:00", 1)]), { ...now, present: true });

    expect([deleted.start.present, made.start.present]).toEqual([true, false]);
  });

  test("what nobody touched since is as it is now", () => {
    const now = { present: true, sprintId, status: "open", estimate: 2 } as const;

    expect(figuresOf([toHistory(1, [], now)]).committed).toEqual({ issues: 1, estimate: 2 });
  });
});
