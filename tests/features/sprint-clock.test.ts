import { expect, onTestFinished, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { createDatabase, startApp, startAppForTest } from "../support/harness.ts";
import { createWorld, type World } from "../support/world.ts";

const MINUTE_MS = 60_000;
/** Longer than any test. */
const NEVER_MS = 3_600_000;

/** A clock that only moves when told to. */
function stoppedClock() {
  const start = Date.now();
  let passed = 0;
  const inMinutes = (minutes: number) => new Date(start + minutes * MINUTE_MS);
  return {
    now: () => inMinutes(passed),
    goTo: (minutes: number) => {
      passed = minutes;
    },
    at: (minutes: number) => inMinutes(minutes).toISOString(),
    /** Began yesterday. */
    endsIn: (minutes: number) => ({
      startsAt: inMinutes(-1440).toISOString(),
      endsAt: inMinutes(minutes).toISOString(),
    }),
  };
}

async function activate({ ann, project }: World<"ann">, dates: { startsAt: string; endsAt: string }) {
  const { id: sprintId } = await ann.ok("sprint.create", { project, name: "Sprint", ...dates });
  return ann.ok("sprint.start", { project, sprintId });
}

const history = async ({ ann, stream }: { ann: Client; stream: string }) =>
  (await ann.ok("sync.pull", { stream, after: 0 })).events;
const typesOf = async (world: { ann: Client; stream: string }) =>
  (await history(world)).map(({ type }) => type).filter((type) => type.startsWith("sprint."));

test("when the end of an active sprint passes, the system says so once", async () => {
  const clock = stoppedClock();
  const app = await startAppForTest({ now: clock.now, sprintPollMs: 10 });
  const world = await createWorld(app);
  const { ann, project } = world;
  const sprint = await activate(world, clock.endsIn(1));

  clock.goTo(1);

  const ended = await ann.next("sprint.ended");
  expect(ended.actor).toEqual({ id: null, kind: "system" });
  expect(ended.data).toEqual({ sprint: { ...sprint, endedAt: clock.at(1) } });
  expect(await ann.ok("sprint.get", { project, sprintId: sprint.id })).toEqual(ended.data.sprint);
  await ann.ok("sprint.complete", { project, sprintId: sprint.id });
  expect(await typesOf(world)).toEqual(["sprint.created", "sprint.started", "sprint.ended", "sprint.completed"]);
});

test("a timer of the instance that started the sprint tells without a poll", async () => {
  const app = await startAppForTest({ sprintPollMs: NEVER_MS });
  const world = await createWorld(app);
  const endsAt = new Date(Date.now() + 300).toISOString();

  await activate(world, { startsAt: new Date(0).toISOString(), endsAt });

  const { sprint } = (await world.ann.next("sprint.ended")).data as { sprint: { endedAt: string } };
  expect(sprint.endedAt >= endsAt).toBe(true);
});

test("an end that is moved forward is told at its new time", async () => {
  const app = await startAppForTest({ sprintPollMs: NEVER_MS });
  const world = await createWorld(app);
  const { ann, project } = world;
  const dates = { startsAt: new Date(0).toISOString(), endsAt: new Date(Date.now() + NEVER_MS).toISOString() };
  const { id: sprintId } = await activate(world, dates);

  const patch = { endsAt: new Date(Date.now() + 200).toISOString() };
  await ann.ok("sprint.update", { project, sprintId, patch });

  expect((await ann.next("sprint.ended")).data).toMatchObject({ sprint: { endsAt: patch.endsAt } });
});

test("sprints put off, planned or completed do not end", async () => {
  const clock = stoppedClock();
  const app = await startAppForTest({ now: clock.now, sprintPollMs: 10 });
  const [putOff, planned, completed, control] = [
    await createWorld(app),
    await createWorld(app),
    await createWorld(app),
    await createWorld(app),
  ];
  const { id: sprintId } = await activate(putOff, clock.endsIn(1));
  const patch = { endsAt: clock.at(3) };
  await putOff.ann.ok("sprint.update", { project: putOff.project, sprintId, patch });
  await planned.ann.ok("sprint.create", { project: planned.project, name: "Later", ...clock.endsIn(1) });
  const early = await activate(completed, clock.endsIn(1));
  await completed.ann.ok("sprint.complete", { project: completed.project, sprintId: early.id });
  await activate(control, clock.endsIn(2));

  clock.goTo(2);

  await control.ann.next("sprint.ended");
  expect(await typesOf(putOff)).toEqual(["sprint.created", "sprint.started", "sprint.updated"]);
  expect(await typesOf(planned)).toEqual(["sprint.created"]);
  expect(await typesOf(completed)).toEqual(["sprint.created", "sprint.started", "sprint.completed"]);
  clock.goTo(3);
  expect((await putOff.ann.next("sprint.ended")).data).toMatchObject({ sprint: patch });
});

test("a sprint put off after its end does not end again", async () => {
  const clock = stoppedClock();
  const app = await startAppForTest({ now: clock.now, sprintPollMs: 10 });
  const [world, control] = [await createWorld(app), await createWorld(app)];
  const { id: sprintId } = await activate(world, clock.endsIn(1));
  await activate(control, clock.endsIn(3));
  clock.goTo(1);
  await world.ann.next("sprint.ended");

  const patch = { endsAt: clock.at(2) };
  const updated = await world.ann.ok("sprint.update", { project: world.project, sprintId, patch });
  clock.goTo(3);
  await control.ann.next("sprint.ended");

  expect(updated).toMatchObject({ ...patch, endedAt: clock.at(1) });
  expect((await typesOf(world)).filter((type) => type === "sprint.ended")).toHaveLength(1);
});

test("completing a sprint behind its end tells of that first", async () => {
  const clock = stoppedClock();
  const app = await startAppForTest({ now: clock.now, sprintPollMs: NEVER_MS });
  const world = await createWorld(app);
  const { id: sprintId } = await activate(world, clock.endsIn(10));

  clock.goTo(10);
  const completed = await world.ann.ok("sprint.complete", { project: world.project, sprintId });

  const [ended, last] = (await history(world)).slice(-2);
  expect(ended).toMatchObject({ type: "sprint.ended", data: { sprint: { state: "active", endedAt: clock.at(10) } } });
  expect(last).toMatchObject({ type: "sprint.completed", data: { sprint: completed } });
  expect(completed.endedAt).toBe(clock.at(10));
});

test("a server that was down at the end catches up when it starts", async () => {
  const clock = stoppedClock();
  const databaseUrl = await createDatabase();
  const settings = { databaseUrl, now: clock.now, sprintPollMs: NEVER_MS };
  const before = await startApp(settings);
  const world = await createWorld(before);
  await activate(world, clock.endsIn(5));
  const { seq = 0, epoch = "" } = world.ann.heard.at(-1) ?? {};
  await before.close();

  clock.goTo(7);
  const after = await startAppForTest(settings);
  const ann = await connect(after.url, world.ann);
  onTestFinished(() => ann.close());
  const { events } = await ann.ok("project.subscribe", { project: world.project, since: { epoch, seq } });
  const ended = events[0] ?? (await ann.next("sprint.ended"));

  expect(ended).toMatchObject({ seq: seq + 1, type: "sprint.ended", data: { sprint: { endedAt: clock.at(7) } } });
});

test("over two instances each end is told once", async () => {
  const clock = stoppedClock();
  const databaseUrl = await createDatabase();
  const settings = { databaseUrl, now: clock.now, sprintPollMs: 5 };
  const [here] = [await startAppForTest(settings), await startAppForTest(settings)];
  const { ann, org } = await createWorld(here);
  const projects = await Promise.all(
    Array.from({ length: 20 }, (_, i) => ann.ok("project.create", { org, name: `P${i}`, key: `P${i}` })),
  );
  for (const { ref } of projects) {
    await activate({ ann, project: ref } as World<"ann">, clock.endsIn(1));
    await ann.ok("project.subscribe", { project: ref });
  }

  clock.goTo(1);

  for (const { id } of projects) await ann.next("sprint.ended", ({ stream }) => stream === `project:${id}`);
  const told = await Promise.all(projects.map(({ id }) => typesOf({ ann, stream: `project:${id}` })));
  expect(told).toEqual(Array(20).fill(["sprint.created", "sprint.started", "sprint.ended"]));
});
