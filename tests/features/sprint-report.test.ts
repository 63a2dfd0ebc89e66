import { afterAll, beforeAll, expect, test } from "vitest";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld, type World } from "../support/world.ts";

const today = new Date();
let app: Running;
beforeAll(async () => {
  // Without the sprint clock, which would have something to say in the afternoon.
  app = await startApp({ now: () => today, sweepMs: null });
});
afterAll(() => app.close());

const DAY_MS = 86_400_000;
/** Noon, UTC, so many days from today. */
const noon = (days: number): string =>
  `${new Date(today.getTime() + days * DAY_MS).toISOString().slice(0, 10)}T12:00:00.000Z`;
const dateOf = (days: number): string => noon(days).slice(0, 10);

/** Does something as if it were done at noon of another day: the log is what reports go by. */
async function on<T>({ stream }: { stream: string }, days: number, work: () => Promise<T>): Promise<T> {
  const { pool } = app.parts.database;
  const { rows } = await pool.query("select seq from streams where id = $1", [stream]);
  const done = await work();
  const events = await pool.query("update events set at = $3 where stream = $1 and seq > $2 returning type, data", [
    stream,
    rows[0].seq,
    noon(days),
  ]);
  for (const { type, data } of events.rows) {
    if (type === "sprint.created") await setTime("created_at", data.sprint.id, days);
    if (type === "sprint.started") await setTime("started_at", data.sprint.id, days);
    if (type === "sprint.completed") await setTime("completed_at", data.sprint.id, days);
  }
  return done;
}

const setTime = (column: string, id: string, days: number) =>
  app.parts.database.pool.query(`update sprints set ${column} = $1 where id = $2`, [noon(days), id]);

/** Three days ago a sprint of four days began with write (3) and read (5); test (2) waits. */
async function underWay() {
  const world = await createWorld(app, { stages: { todo: ["write", "read", "test"], done: [] }, listening: false });
  const { ann, project, issue } = world;
  const estimates = { write: 3, read: 5, test: 2 };
  for (const [title, estimate] of Object.entries(estimates)) {
    await ann.ok("issue.update", { project, issue: issue[title], patch: { estimate } });
  }
  const dates = { startsAt: noon(-3), endsAt: noon(0) };
  const { id: sprintId } = await on(world, -5, () => ann.ok("sprint.create", { project, name: "Sprint 1", ...dates }));
  await on(world, -4, () => ann.ok("issue.setSprint", { project, issue: issue.write, sprintId }));
  await on(world, -4, () => ann.ok("issue.setSprint", { project, issue: issue.read, sprintId }));
  await on(world, -3, () => ann.ok("sprint.start", { project, sprintId }));
  return { ...world, sprintId };
}

/** On its second day read is done and test comes in; on the third write grows to 4. */
async function atWork() {
  const world = await underWay();
  const { ann, project, issue, stage, sprintId } = world;
  await on(world, -2, () => ann.ok("issue.move", { project, issue: issue.read, stageId: stage.done }));
  await on(world, -2, () => ann.ok("issue.setSprint", { project, issue: issue.test, sprintId }));
  await on(world, -1, () => ann.ok("issue.update", { project, issue: issue.write, patch: { estimate: 4 } }));
  return world;
}

test("a sprint that has not begun has an empty report", async () => {
  const { ann, project } = await createWorld(app);
  const sprint = await ann.ok("sprint.create", { project, name: "Next", startsAt: noon(1), endsAt: noon(2) });

  const report = await ann.ok("sprint.report", { project, sprintId: sprint.id });

  const none = { issues: 0, estimate: 0 };
  expect(report).toEqual({
    sprint,
    ...{ committed: none, completed: none, burndown: [], scopeChanges: [], flow: [], velocity: [] },
    countsFrom: null,
  });
});

test("the report of an active sprint goes up to today", async () => {
  const { ann, project, issue, sprintId } = await atWork();

  const report = await ann.ok("sprint.report", { project, sprintId });

  expect(report.committed).toEqual({ issues: 2, estimate: 8 });
  expect(report.completed).toEqual({ issues: 1, estimate: 5 });
  expect(report.burndown).toEqual([
    { date: dateOf(-3), remainingIssues: 2, remainingEstimate: 8, ideal: 6 },
    { date: dateOf(-2), remainingIssues: 2, remainingEstimate: 5, ideal: 4 },
    { date: dateOf(-1), remainingIssues: 2, remainingEstimate: 6, ideal: 2 },
    { date: dateOf(0), remainingIssues: 2, remainingEstimate: 6, ideal: 0 },
  ]);
  expect(report.scopeChanges).toEqual([
    { at: noon(-2), number: issue.test, change: "added", estimate: 2 },
    { at: noon(-1), number: issue.write, change: "estimate", estimate: 4 },
  ]);
  expect(report.flow).toEqual([
    { date: dateOf(-3), open: 2, in_progress: 0, resolved: 0, closed: 0 },
    ...[-2, -1, 0].map((days) => ({ date: dateOf(days), open: 2, in_progress: 0, resolved: 1, closed: 0 })),
  ]);
  expect([report.velocity, report.countsFrom]).toEqual([[], null]);
});

test("the report of a completed sprint stays as it was", async () => {
  const world = await atWork();
  const { ann, project, issue, stage, sprintId } = world;
  await on(world, -1, () => ann.ok("sprint.complete", { project, sprintId }));
  const report = await ann.ok("sprint.report", { project, sprintId });

  await ann.ok("issue.move", { project, issue: issue.read, stageId: stage.todo });
  await ann.ok("issue.setSprint", { project, issue: issue.read, sprintId: null });
  await ann.ok("issue.update", { project, issue: issue.write, patch: { estimate: 100, status: "resolved" } });
  await ann.ok("issue.delete", { project, issue: issue.test });
  await ann.ok("issue.purge", { project, issue: issue.test });

  expect(report).toMatchObject({
    sprint: { state: "completed" },
    committed: { issues: 2, estimate: 8 },
    completed: { issues: 1, estimate: 5 },
    velocity: [{ sprintId, name: "Sprint 1", committed: 8, completed: 5 }],
  });
  expect(report.burndown.map(({ date, remainingIssues }) => [date, remainingIssues])).toEqual([
    [dateOf(-3), 2],
    [dateOf(-2), 2],
    [dateOf(-1), 2],
  ]);
  expect(await ann.ok("sprint.report", { project, sprintId })).toEqual(report);
});

/** A sprint of one day with one issue of this estimate, done or not. */
async function runSprint(world: World<"ann">, name: string, days: number, estimate: number, done: boolean) {
  const { ann, project, stage } = world;
  const { number } = await ann.ok("issue.create", { project, title: name, stageId: stage.todo, estimate });
  const dates = { startsAt: noon(days), endsAt: noon(days + 1) };
  const { id: sprintId } = await on(world, days, () => ann.ok("sprint.create", { project, name, ...dates }));
  await on(world, days, () => ann.ok("issue.setSprint", { project, issue: number, sprintId }));
  await on(world, days, () => ann.ok("sprint.start", { project, sprintId }));
  if (done) await on(world, days, () => ann.ok("issue.move", { project, issue: number, stageId: stage.done }));
  await on(world, days, () => ann.ok("sprint.complete", { project, sprintId }));
  return sprintId;
}

test("velocity looks back over six completed sprints", async () => {
  const world = await createWorld(app, { listening: false });
  const { ann, project } = world;
  const ids: string[] = [];
  for (const i of [0, 1, 2, 3, 4, 5, 6]) ids.push(await runSprint(world, `S${i}`, i - 20, i + 1, i % 2 === 0));
  const planned = await ann.ok("sprint.create", { project, name: "Next", startsAt: noon(1), endsAt: noon(2) });

  const velocityOf = async (sprintId = "") => (await ann.ok("sprint.report", { project, sprintId })).velocity;

  const latest = await velocityOf(ids[6]);
  expect(latest.map(({ name, committed, completed }) => [name, committed, completed])).toEqual([
    ["S1", 2, 0],
    ["S2", 3, 3],
    ["S3", 4, 0],
    ["S4", 5, 5],
    ["S5", 6, 0],
    ["S6", 7, 7],
  ]);
  expect((await velocityOf(ids[2])).map(({ name }) => name)).toEqual(["S0", "S1", "S2"]);
  expect(await velocityOf(planned.id)).toEqual(latest);
});

const prune = (stream: string, upTo: number) =>
  app.parts.database.pool.query("delete from events where stream = $1 and seq <= $2", [stream, upTo]);

test("figures hold when only what was before the sprint was pruned", async () => {
  const { ann, project, stream, sprintId } = await atWork();
  const report = await ann.ok("sprint.report", { project, sprintId });
  const { events } = await ann.ok("sync.pull", { stream, after: 0 });
  const planned = events.find(({ type }) => type === "sprint.created");

  await prune(stream, (planned?.seq ?? 0) - 1);

  expect(await ann.ok("sprint.report", { project, sprintId })).toEqual(report);
});

test("figures count from the first event that is kept", async () => {
  const { ann, project, stream, sprintId } = await atWork();
  const { events } = await ann.ok("sync.pull", { stream, after: 0 });
  const done = events.find(({ type }) => type === "issue.moved");

  await prune(stream, done?.seq ?? 0);

  const report = await ann.ok("sprint.report", { project, sprintId });
  expect(report.countsFrom).toBe(noon(-2));
  // What was done by then counts as done; nothing of the sprint is lost, for nothing has left it.
  expect(report.committed).toEqual({ issues: 2, estimate: 8 });
  expect(report.completed).toEqual({ issues: 1, estimate: 5 });
  expect(report.burndown.map(({ remainingEstimate }) => remainingEstimate)).toEqual([3, 5, 6, 6]);
});

test("an issue with more events than are read at once is told whole", async () => {
  const { ann, project, issue, stream, sprintId } = await underWay();
  const { pool } = app.parts.database;
  await pool.query(
    `with head as (update streams set seq = seq + 10050 where id = $1 returning seq)
    insert into events (stream, seq, type, at, actor_kind, issue, data)
    select $1, seq - 10050 + n, 'issue.updated', $3, 'system', $2,
      jsonb_build_object('number', $2::int, 'changes', jsonb_build_object('estimate', n))
    from head, generate_series(1, 10050) n`,
    [stream, issue.write, noon(-2)],
  );

  const report = await ann.ok("sprint.report", { project, sprintId });

  expect(report.scopeChanges).toHaveLength(10_050);
  expect(report.burndown.map(({ remainingEstimate }) => remainingEstimate)).toEqual([8, 10_055, 10_055, 10_055]);
});
