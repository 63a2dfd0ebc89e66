/** The week of week.ts, and what board, reports, activity and notifications must say of it, worked out by hand. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Activity, Card, Notification } from "../../protocol/index.ts";
import { playWeek, type Week } from "./play.ts";
import { type Name, project } from "./week.ts";

vi.setConfig({ hookTimeout: 120_000 });
let week: Week;
beforeAll(async () => {
  week = await playWeek();
});
afterAll(() => week?.close());

const stages = ["Todo", "In Progress", "Review", "Done"];
const names = ["ada", "grace", "linus", "robo"] as const;
const numbersOf = (cards: Card[]): number[] => cards.map(({ number }) => number);

/** All pages of a list. */
async function all<T>(read: (cursor: string | null) => Promise<{ items: T[]; nextCursor: string | null }>) {
  const items: T[] = [];
  for (let cursor: string | null = null, more = true; more; more = cursor !== null) {
    const page = await read(cursor);
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}

const countBy = <T>(items: T[], keyOf: (item: T) => string): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1;
  return counts;
};

test("every evening the board of everyone who is there is the server's", () => {
  const { evenings } = week;
  expect(evenings.map(({ boards }) => Object.keys(boards).length)).toEqual([4, 2, 4, 4, 4, 4]);
  for (const { server, boards } of evenings) {
    for (const board of Object.values(boards)) expect(board).toBe(server);
  }
  expect(new Set(evenings.map(({ server }) => server)).size).toBe(6);
});

test("in the end everyone's board is a fresh one", async () => {
  const fresh = await week.grace.here().ok("board.get", { project, perColumn: 100 });

  for (const name of names) {
    const { columns, ...kept } = week[name].board();
    const { columns: loaded, ...others } = fresh;
    expect(kept).toEqual(others);
    expect(columns.map(({ count }) => count)).toEqual(loaded.map(({ count }) => count));
    expect(columns.map(({ issues }) => issues.slice(0, 100))).toEqual(loaded.map(({ issues }) => issues));
  }
});

test("everyone took each event once, in order, also those who were away", () => {
  const [first = 0, last = 0] = [week.ada.taken[0]?.seq, week.ada.taken.at(-1)?.seq];
  for (const name of names) {
    const seqs = week[name].taken.map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: last - first + 1 }, (_, i) => first + i));
  }
});

test("the columns have their issues in the order in which people put them", async () => {
  const { stages: shown, columns } = await week.linus.here().ok("board.get", { project, perColumn: 10 });

  expect(shown.map(({ name }) => name)).toEqual(stages);
  expect(columns.map(({ stageId }) => stageId)).toEqual(stages.map((name) => week.id(name)));
  // 200 less 9 done, 1 under way and 1 deleted.
  expect(columns.map(({ count }) => count)).toEqual([189, 1, 0, 9]);
  expect(columns.map(({ issues }) => numbersOf(issues))).toEqual([
    // 100 to the top, 50 below it, 4 reopened below that; 1-3 and 5-10 have left.
    [100, 50, 4, 11, 12, 13, 14, 15, 16, 18],
    [10],
    [],
    // As they came: 1 on Monday, three on Wednesday, two on Thursday, three on Friday; 2 and 4 were reopened.
    [1, 3, 6, 5, 7, 17, 9, 8, 2],
  ]);
});

test("the swim lanes count their issues", async () => {
  const { columns } = await week.linus.here().ok("board.get", { project, perColumn: 1, laneBy: "lane" });

  const lanes = columns.map(({ lanes = [] }) =>
    Object.fromEntries(lanes.map(({ key, count }) => [key ?? "none", count])),
  );
  const [shop, pay] = [week.id("Shop"), week.id("Pay")];
  // ada's 67 (1, 4 .. 199) are in Shop, grace's 67 (2, 5 .. 200) in Pay, linus's 66 (3, 6 .. 198) in none.
  // Done: ada's 1, 7; grace's 5, 17, 8, 2; linus's 3, 6, 9. Under way: ada's 10. Deleted: linus's 60.
  expect(lanes[0]).toEqual({ [shop]: 67 - 2 - 1, [pay]: 67 - 4, none: 66 - 3 - 1 });
  expect(lanes[1]).toEqual({ [shop]: 1 });
  expect(lanes[3]).toEqual({ [shop]: 2, [pay]: 4, none: 3 });
});

// Sprint 1 as planned: ten issues of 1, six of 2, four of 5: 20 issues, 10 + 12 + 20 = 42.
// Tuesday: 21 and 22 come in with 3 each: 22, 48. Wednesday: 20 (5) goes, 17 grows from 5 to 8: 21, 46.
const burndown = [
  // Done: 1, 2.
  { date: "2026-03-02", remainingIssues: 18, remainingEstimate: 40, ideal: 33.6 },
  // Done: 1, 2, 4.
  { date: "2026-03-03", remainingIssues: 19, remainingEstimate: 45, ideal: 25.2 },
  // Done: 1 to 6.
  { date: "2026-03-04", remainingIssues: 15, remainingEstimate: 40, ideal: 16.8 },
  // 2 and 4 are open again, 7 (1) and 17 (8) are done: 1, 3, 5, 6, 7, 17.
  { date: "2026-03-05", remainingIssues: 15, remainingEstimate: 33, ideal: 8.4 },
  // And 9, 8, 2: 9 done, with 8 * 1 + 8 = 16.
  { date: "2026-03-06", remainingIssues: 12, remainingEstimate: 30, ideal: 0 },
];

test("the burndown goes down day by day, and past days stay", () => {
  const { evenings } = week;
  for (const [i, { report }] of evenings.entries()) expect(report.burndown).toEqual(burndown.slice(0, i + 1));
  expect(evenings.map(({ report }) => report.sprint.state)).toEqual([...Array(5).fill("active"), "completed"]);
});

test("cumulative flow has every issue of the sprint once a day", () => {
  expect(week.evenings.at(-1)?.report.flow).toEqual([
    // Under way: 3, 4, 5.
    { date: "2026-03-02", open: 15, in_progress: 3, resolved: 2, closed: 0 },
    // Under way: 3 in review, 5, 6, 7.
    { date: "2026-03-03", open: 15, in_progress: 4, resolved: 3, closed: 0 },
    // Under way: 7, 17.
    { date: "2026-03-04", open: 13, in_progress: 2, resolved: 6, closed: 0 },
    // Under way: 2, 8, 9.
    { date: "2026-03-05", open: 12, in_progress: 3, resolved: 6, closed: 0 },
    // Under way: 10; closed: 1.
    { date: "2026-03-06", open: 11, in_progress: 1, resolved: 8, closed: 1 },
  ]);
});

test("commitment, result, velocity and changes of scope are as they were made", () => {
  const report = week.evenings.at(-1)?.report;

  expect(report?.committed).toEqual({ issues: 20, estimate: 42 });
  expect(report?.completed).toEqual({ issues: 9, estimate: 16 });
  expect(report?.velocity).toEqual([{ sprintId: week.id("Sprint 1"), name: "Sprint 1", committed: 42, completed: 16 }]);
  expect(report?.scopeChanges.map(({ at, ...change }) => ({ on: at.slice(0, 10), ...change }))).toEqual([
    { on: "2026-03-03", number: 21, change: "added", estimate: 3 },
    { on: "2026-03-03", number: 22, change: "added", estimate: 3 },
    { on: "2026-03-04", number: 20, change: "removed", estimate: 5 },
    { on: "2026-03-04", number: 17, change: "estimate", estimate: 8 },
  ]);
  expect(report?.sprint).toMatchObject({ state: "completed", endsAt: "2026-03-06T17:00:00.000Z" });
  expect(report?.sprint.completedAt?.slice(0, 13)).toBe("2026-03-06T17");
});

test("what was left went to the next sprint, the rest is the backlog", async () => {
  const grace = week.grace.here();
  const next = await grace.ok("sprint.board", { project, sprintId: week.id("Sprint 2") });
  const backlog = await all((cursor) => grace.ok("backlog.list", { project, cursor, limit: 100 }));

  expect(next.columns.map(({ issues }) => numbersOf(issues))).toEqual([
    [4, 11, 12, 13, 14, 15, 16, 18, 19, 21, 22],
    [10],
    [],
    [],
  ]);
  // 200 less 9 done, 12 in Sprint 2 and 1 deleted; 20 was taken out of the sprint.
  expect(backlog).toHaveLength(178);
  expect(numbersOf(backlog).slice(0, 4)).toEqual([100, 50, 20, 23]);
  // 61 came back on Thursday, behind 190.
  expect(numbersOf(backlog).slice(-12)).toEqual([190, 61, 191, 192, 193, 194, 195, 196, 197, 198, 199, 200]);
});

const monday = "2026-03-02T00:00:00Z";
const saturday = "2026-03-07T00:00:00Z";

test("the time report adds up by person, by issue and by day", async () => {
  const ask = (from: string, to: string, groupBy: "user" | "issue") =>
    week.grace.here().ok("time.report", { project, from, to, groupBy });
  const byUser = await ask(monday, saturday, "user");
  const byIssue = await ask(monday, saturday, "issue");
  const midweek = await ask("2026-03-03T00:00:00Z", "2026-03-05T00:00:00Z", "user");

  const lines = ({ groups }: typeof byUser) =>
    groups.map(({ user, issue, seconds, entryCount }) => [user?.displayName ?? issue?.number, seconds, entryCount]);
  // grace 3600 + 1800 + 5400, linus 7200 + 900, ada 1200: her 600 on 17 was a slip.
  expect(lines(byUser)).toEqual([
    ["grace", 10_800, 3],
    ["linus", 8100, 2],
    ["ada", 1200, 1],
  ]);
  expect(lines(byIssue)).toEqual([
    [3, 7200, 1],
    [5, 5400, 1],
    [1, 3600 + 1200, 2],
    [2, 1800, 1],
    [8, 900, 1],
  ]);
  expect([byUser.totalSeconds, byIssue.totalSeconds]).toEqual([20_100, 20_100]);
  // Tuesday and Wednesday.
  expect(lines(midweek)).toEqual([
    ["linus", 7200, 1],
    ["grace", 5400, 1],
  ]);
});

const readActivity = (filter: { issue?: number; actor?: string } = {}) =>
  all<Activity>((cursor) => week.grace.here().ok("activity.list", { project, ...filter, cursor, limit: 100 }));

test("the activity has as many lines of each type as were played", async () => {
  expect(countBy(await readActivity(), ({ type }) => type)).toEqual({
    "project.member_added": 3,
    "project.member_role_changed": 1,
    "stage.created": 1,
    "stage.reordered": 1,
    "stage.updated": 1,
    "lane.created": 2,
    "tag.created": 2,
    "issue.created": 120 + 30 + 20 + 20 + 10,
    // 20 bugs by robo, 3 times ui by grace.
    "issue.tagged": 20 + 3,
    // Estimates: 20 on Monday, 2 on Tuesday, 1 on Wednesday.
    "issue.updated": 20 + 2 + 1,
    // Planned, added, removed, and taken to Sprint 2.
    "issue.sprint_changed": 20 + 2 + 1 + 12,
    "issue.assigned": 3,
    // Monday 5 + 2, Tuesday 4 and 2 within Todo, Wednesday 4, Thursday 5, Friday 4.
    "issue.moved": 7 + 6 + 4 + 5 + 4,
    // 2 reopened, 1 closed.
    "issue.status_changed": 2,
    "issue.deleted": 2,
    "issue.restored": 1,
    "relation.added": 3,
    "relation.removed": 1,
    // By robo: 1, 2; 4; 3, 6, 5; 7, 17; 9, 8, 2. By people: 5.
    "comment.created": 11 + 5,
    "comment.edited": 1,
    // grace 3, linus 2, ada 2, one of which she took back.
    "time.logged": 7,
    "time.deleted": 1,
    "sprint.created": 2,
    "sprint.started": 1,
    "sprint.ended": 1,
    "sprint.completed": 1,
  });
});

test("one issue tells its whole story", async () => {
  const story = (await readActivity({ issue: 2 })).reverse();

  expect(story.map(({ at, type, actor }) => `${at.slice(8, 10)} ${actor.displayName} ${type}`)).toEqual([
    "02 grace issue.created",
    "02 grace issue.tagged",
    "02 ada issue.updated",
    "02 ada issue.sprint_changed",
    "02 grace issue.moved",
    "02 grace issue.moved",
    expect.stringMatching(/^02 (robo comment\.created|grace time\.logged)$/),
    expect.stringMatching(/^02 (robo comment\.created|grace time\.logged)$/),
    "05 grace issue.status_changed",
    "06 grace issue.moved",
    "06 robo comment.created",
  ]);
  const reopened = story.find(({ type }) => type === "issue.status_changed");
  expect(reopened?.changes).toContainEqual({ field: "status", from: "resolved", to: "in_progress" });
  expect(reopened?.changes).toContainEqual(expect.objectContaining({ fromName: "Done", toName: "In Progress" }));
});

test("the bot has tagged every bug and thanked for all that was done, also what it heard of later", async () => {
  const { linus, robo } = week;
  const bugs = await linus.here().ok("issue.list", { project, tag: "bug", sort: "created", limit: 100 });
  const acts = await readActivity({ actor: robo.userId });

  // 10, 20 .. 200 without 60, which was deleted.
  const expected = Array.from({ length: 20 }, (_, i) => 10 * (i + 1)).filter((number) => number !== 60);
  expect(numbersOf(bugs.items).sort((a, b) => a - b)).toEqual(expected);
  expect(countBy(acts, ({ type }) => type)).toEqual({ "issue.tagged": 20, "comment.created": 11 });
  // 150 was reported on Tuesday, when the bot had gone.
  expect(countBy(acts, ({ at, type }) => `${at.slice(8, 10)} ${type}`)).toEqual({
    "02 issue.tagged": 12,
    "02 comment.created": 2,
    "03 issue.tagged": 2,
    "03 comment.created": 1,
    "04 issue.tagged": 3,
    "04 comment.created": 3,
    "05 issue.tagged": 2,
    "05 comment.created": 2,
    "06 issue.tagged": 1,
    "06 comment.created": 3,
  });
});

test("everyone was told what concerned them, once", async () => {
  const last: [Name, number][] = [
    ["grace", 200],
    ["linus", 200],
    ["robo", 200],
    ["ada", 200],
  ];
  // The last lines of the week mention each: streams are handled in order.
  for (const [name, issue] of last) {
    await week[name].here().next("notification.created", ({ data }) => {
      const { issue: number, reason } = data["notification"] as Notification;
      return number === issue && reason === "mentioned";
    });
  }
  const toldTo = async (name: Name) => {
    const told = await all((cursor) => week[name].here().ok("notification.list", { cursor, limit: 100 }));
    return countBy(told, ({ reason }) => reason);
  };

  expect(await toldTo("ada")).toEqual({ mentioned: 2 });
  // In three comments; and assigned to 17.
  expect(await toldTo("grace")).toEqual({ mentioned: 3, assigned: 1 });
  expect(await toldTo("robo")).toEqual({ mentioned: 1 });
  expect(await toldTo("linus")).toEqual({
    mentioned: 2,
    // To 8 and 9.
    assigned: 2,
    watched:
      // Monday: 30, 60, 90, 120 tagged; 3, 6, 9, 12, 15, 18 estimated and planned; 3 moved.
      4 +
      6 +
      6 +
      1 +
      // Tuesday: 21 estimated and planned; 3 and 6 moved.
      2 +
      2 +
      // Wednesday: 150 tagged; thanks on 3 and 6.
      1 +
      2 +
      // Thursday: 180 tagged; 60 deleted.
      1 +
      1 +
      // Friday: thanks on 9, and on 8, to which he is assigned; 12, 15, 18, 21 taken to Sprint 2.
      2 +
      4,
  });
});
