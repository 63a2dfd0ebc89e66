import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Client } from "../support/client.ts";
import { type Running, startApp, startAppForTest } from "../support/harness.ts";
import { createWorld, type World } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const dates = { startsAt: "2030-03-04T08:00:00.000Z", endsAt: "2030-03-15T17:00:00.000Z" };
const soon = { startsAt: "2030-03-18T08:00:00.000Z", endsAt: "2030-03-29T17:00:00.000Z" };

const plan = (person: Client, project: string, name = "Sprint 1", when = dates) =>
  person.ok("sprint.create", { project, name, ...when });

/** A sprint under way, with these issues in it. */
async function underWay({ ann, project, issue }: World<"ann">, titles: string[]) {
  const { id: sprintId } = await plan(ann, project);
  for (const title of titles) await ann.ok("issue.setSprint", { project, issue: issue[title], sprintId });
  await ann.ok("sprint.start", { project, sprintId });
  return sprintId;
}

/** The events of a stream after a seq. */
const eventsAfter = async (person: Client, stream: string, after: number) =>
  (await person.ok("sync.pull", { stream, after })).events;
const headOf = async (person: Client, stream: string) => (await person.ok("sync.pull", { stream, after: 0 })).head;

test("a sprint is planned, started and completed, and everyone hears", async () => {
  const { ann, bob, project, stream } = await createWorld(app, { members: { ann: "owner", bob: "viewer" } });

  const planned = await ann.ok("sprint.create", { project, name: " Sprint 1 ", goal: "Pay by card", ...dates });
  const started = await ann.ok("sprint.start", { project, sprintId: planned.id });
  const ack = await ann.call("sprint.complete", { project, sprintId: planned.id });

  const never = { startedAt: null, endedAt: null, completedAt: null };
  expect(planned).toEqual({
    id: planned.id,
    name: "Sprint 1",
    goal: "Pay by card",
    state: "planned",
    ...dates,
    ...never,
  });
  expect(started).toEqual({ ...planned, state: "active", startedAt: expect.any(String) });
  expect(ack).toMatchObject({ ok: true, data: { ...started, state: "completed", completedAt: expect.any(String) } });
  await bob.caughtUp(stream, ack.ok ? (ack.seq ?? 0) : 0);
  const heard = bob.heard.filter(({ type }) => type.startsWith("sprint."));
  expect(heard.map(({ type, data }) => [type, data])).toEqual([
    ["sprint.created", { sprint: planned }],
    ["sprint.started", { sprint: started }],
    ["sprint.completed", { sprint: ack.ok && ack.data }],
  ]);
  expect(await bob.ok("sprint.get", { project, sprintId: planned.id })).toEqual(ack.ok && ack.data);
});

test("developers plan, admins start, complete and delete", async () => {
  const { ann, bob, cid, dan, eve, project } = await createWorld(app, {
    members: { ann: "admin", bob: "developer", cid: "reporter", dan: "viewer", eve: "outsider" },
  });
  const { id: sprintId } = await plan(bob, project);
  const at = { project, sprintId };
  const tries = (person: Client) =>
    Promise.all([
      person.call("sprint.create", { project, name: "Mine", ...dates }),
      person.call("sprint.update", { ...at, patch: { goal: "Ours" } }),
      person.call("sprint.start", at),
      person.call("sprint.complete", at),
      person.call("sprint.delete", at),
      person.call("sprint.get", at),
      person.call("sprint.report", at),
      person.call("backlog.list", { project }),
    ]);
  const codes = async (person: Client) => (await tries(person)).map((ack) => (ack.ok ? "ok" : ack.error.code));

  const [no, gone] = ["forbidden", "not_found"];
  expect(await codes(bob)).toEqual(["ok", "ok", no, no, no, "ok", "ok", "ok"]);
  expect(await codes(cid)).toEqual([no, no, no, no, no, "ok", "ok", "ok"]);
  expect(await codes(dan)).toEqual([no, no, no, no, no, "ok", "ok", "ok"]);
  expect(await codes(eve)).toEqual(Array(8).fill(gone));
  expect(await ann.ok("sprint.start", at)).toMatchObject({ state: "active" });
});

test("sprints are paged, the latest start first", async () => {
  const { ann, project } = await createWorld(app);
  const when = (day: number) => ({ startsAt: `2030-01-0${day}T00:00:00Z`, endsAt: "2030-02-01T00:00:00Z" });
  for (const [i, day] of [3, 1, 2, 2].entries()) await plan(ann, project, `S${i}`, when(day));

  const first = await ann.ok("sprint.list", { project, limit: 2 });
  const second = await ann.ok("sprint.list", { project, limit: 2, cursor: first.nextCursor });

  const names = [...first.items, ...second.items].map(({ name }) => name);
  expect([names[0], names.slice(1, 3).sort(), names[3]]).toEqual(["S0", ["S2", "S3"], "S1"]);
  expect(second.nextCursor).toBeNull();
});

test("dates must be in order and of our time", async () => {
  const { ann, project } = await createWorld(app);
  const { id: sprintId } = await plan(ann, project);
  const create = (when: object) => ann.refused("sprint.create", { project, name: "Odd", ...dates, ...when });
  const update = (patch: object) => ann.refused("sprint.update", { project, sprintId, patch });

  const refusals = await Promise.all([
    create({ endsAt: dates.startsAt }),
    create({ endsAt: "2030-03-04T07:59:59Z" }),
    create({ startsAt: "0000-01-01T00:00:00Z" }),
    create({ endsAt: "9999-12-31T00:00:00Z" }),
    update({ endsAt: dates.startsAt }),
    update({ startsAt: dates.endsAt }),
    update({ startsAt: "2030-05-02T00:00:00Z", endsAt: "2030-05-01T00:00:00Z" }),
  ]);

  expect(refusals.map(({ code }) => code)).toEqual(Array(7).fill("invalid"));
  expect(
    refusals.map(({ details }) => details?.issues).map((issues) => (issues as { path: string }[])[0]?.path),
  ).toEqual([...["endsAt", "endsAt", "startsAt", "endsAt"], ...["patch.endsAt", "patch.endsAt", "patch.endsAt"]]);
});

test("an update tells what it changed, and nothing when it changed nothing", async () => {
  const { ann, project, stream } = await createWorld(app);
  const sprint = await plan(ann, project);
  const head = await headOf(ann, stream);
  const update = (patch: object) => ann.ok("sprint.update", { project, sprintId: sprint.id, patch });

  expect(await update({})).toEqual(sprint);
  expect(await update({ name: "Sprint 1", startsAt: "2030-03-04T08:00:00.000000Z" })).toEqual(sprint);
  const changed = await update({ name: "Sprint A", goal: "Faster", endsAt: "2030-03-16T17:00:00Z" });

  expect(changed).toEqual({ ...sprint, name: "Sprint A", goal: "Faster", endsAt: "2030-03-16T17:00:00.000Z" });
  const events = await eventsAfter(ann, stream, head);
  expect(events.map(({ type, data }) => [type, data])).toEqual([["sprint.updated", { sprint: changed }]]);
  const { items } = await ann.ok("activity.list", { project, limit: 1 });
  expect(items[0]?.changes.map(({ field, from }) => [field, from])).toEqual([
    ["name", "Sprint 1"],
    ["goal", ""],
    ["endsAt", dates.endsAt],
  ]);
});

test("a completed sprint keeps its dates, but not its name", async () => {
  const world = await createWorld(app);
  const { ann, project } = world;
  const sprintId = await underWay(world, []);
  await ann.ok("sprint.complete", { project, sprintId });
  const at = { project, sprintId };

  const refusal = await ann.refused("sprint.update", { ...at, patch: { name: "Old", endsAt: soon.endsAt } });
  const renamed = await ann.ok("sprint.update", { ...at, patch: { name: "Old", endsAt: dates.endsAt } });

  expect(refusal).toMatchObject({ code: "conflict", details: { current: { state: "completed" } } });
  expect(renamed).toMatchObject({ name: "Old", ...dates });
});

test("a sprint starts once, and alone", async () => {
  const { ann, project } = await createWorld(app);
  const [first, second] = [await plan(ann, project), await plan(ann, project, "Sprint 2", soon)];
  const start = (sprintId: string) => ann.refused("sprint.start", { project, sprintId });
  const complete = (sprintId: string) => ann.refused("sprint.complete", { project, sprintId });
  expect(await complete(first.id)).toMatchObject({ code: "conflict", details: { current: { state: "planned" } } });
  await ann.ok("sprint.start", { project, sprintId: first.id.toUpperCase() });

  expect(await start(first.id)).toMatchObject({ code: "conflict", details: { current: { state: "active" } } });
  expect(await start(second.id)).toMatchObject({ code: "conflict", details: { active: { id: first.id } } });
  expect(await start(randomUUID())).toMatchObject({ code: "not_found" });

  await ann.ok("sprint.complete", { project, sprintId: first.id });
  expect(await complete(first.id)).toMatchObject({ code: "conflict", details: { current: { state: "completed" } } });
  expect(await start(first.id)).toMatchObject({ code: "conflict" });
  expect(await ann.ok("sprint.start", { project, sprintId: second.id })).toMatchObject({ state: "active" });
});

test("a project may allow several active sprints", async () => {
  const { ann, project } = await createWorld(app, {});
  const [one, two, three] = [await plan(ann, project), await plan(ann, project), await plan(ann, project)];
  const start = ({ id: sprintId }: { id: string }) => ann.call("sprint.start", { project, sprintId });

  const updated = await ann.ok("project.update", { project, patch: { parallelSprints: true } });
  const started = [await start(one), await start(two)];
  await ann.ok("project.update", { project, patch: { parallelSprints: false } });
  const refused = await start(three);

  expect(updated.parallelSprints).toBe(true);
  expect(started.map(({ ok }) => ok)).toEqual([true, true]);
  expect(refused).toMatchObject({ ok: false, error: { code: "conflict" } });
});

test("another project's sprint is not found", async () => {
  const [{ ann, project, issue }, other] = [
    await createWorld(app, { stages: { todo: ["write"] } }),
    await createWorld(app),
  ];
  const { id: sprintId } = await plan(other.ann, other.project);
  const mine = await plan(ann, project);
  await ann.ok("sprint.start", { project, sprintId: mine.id });
  const at = { project, sprintId };

  const refusals = await Promise.all([
    ann.refused("sprint.get", at),
    ann.refused("sprint.update", { ...at, patch: { name: "Mine" } }),
    ann.refused("sprint.start", at),
    ann.refused("sprint.complete", at),
    ann.refused("sprint.complete", { project, sprintId: mine.id, unfinished: sprintId }),
    ann.refused("sprint.delete", at),
    ann.refused("sprint.report", at),
    ann.refused("issue.setSprint", { ...at, issue: issue.write }),
  ]);

  expect(refusals.map(({ code }) => code)).toEqual(Array(8).fill("not_found"));
});

test("completing sends what is unfinished to the backlog, with an event for each issue", async () => {
  const world = await createWorld(app, { stages: { todo: ["write", "read"], done: ["test"], doing: ["plan"] } });
  const { ann, project, issue, stream } = world;
  const sprintId = await underWay(world, ["write", "read", "test"]);
  const before = await ann.ok("issue.get", { project, issue: issue.write });
  const head = await headOf(ann, stream);

  await ann.ok("sprint.complete", { project, sprintId });

  const events = await eventsAfter(ann, stream, head);
  expect(events.map(({ type, data }) => [type, data.number])).toEqual([
    ["sprint.completed", undefined],
    ["issue.sprint_changed", issue.write],
    ["issue.sprint_changed", issue.read],
  ]);
  const after = await ann.ok("issue.get", { project, issue: issue.write });
  expect(after).toEqual({ ...before, sprintId: null, version: before.version + 1, updatedAt: after.updatedAt });
  expect(events[1]?.data).toEqual({
    number: issue.write,
    version: after.version,
    updatedAt: after.updatedAt,
    changes: { sprintId: null },
  });
  expect(await ann.ok("issue.get", { project, issue: issue.test })).toMatchObject({ sprintId, version: 2 });
  const { items } = await ann.ok("activity.list", { project, issue: issue.write, limit: 1 });
  expect(items[0]?.changes).toEqual([{ field: "sprintId", from: sprintId, to: null, fromName: "Sprint 1" }]);
});

test("completing sends what is unfinished to the next sprint, deleted issues unseen", async () => {
  const world = await createWorld(app, { stages: { todo: ["write", "read"] } });
  const { ann, project, issue, stream } = world;
  const sprintId = await underWay(world, ["write", "read"]);
  const next = await plan(ann, project, "Sprint 2", soon);
  await ann.ok("issue.delete", { project, issue: issue.read });
  const head = await headOf(ann, stream);

  await ann.ok("sprint.complete", { project, sprintId, unfinished: next.id });

  const events = await eventsAfter(ann, stream, head);
  expect(events.map(({ type, data }) => [type, data.changes])).toEqual([
    ["sprint.completed", undefined],
    ["issue.sprint_changed", { sprintId: next.id }],
  ]);
  expect(await ann.ok("issue.restore", { project, issue: issue.read })).toMatchObject({ sprintId: next.id });
  const { items } = await ann.ok("activity.list", { project, issue: issue.write, limit: 1 });
  expect(items[0]?.changes[0]).toMatchObject({ fromName: "Sprint 1", toName: "Sprint 2" });
});

test("unfinished issues go to a sprint that is still to be done", async () => {
  const world = await createWorld(app, { stages: { todo: ["write"] } });
  const { ann, project, issue } = world;
  const old = await underWay(world, []);
  await ann.ok("sprint.complete", { project, sprintId: old });
  const sprintId = await underWay(world, ["write"]);
  const complete = (unfinished: string) => ann.refused("sprint.complete", { project, sprintId, unfinished });

  expect(await complete(old)).toMatchObject({ code: "conflict", details: { current: { id: old } } });
  expect(await complete(sprintId)).toMatchObject({ code: "invalid" });
  expect(await complete(randomUUID())).toMatchObject({ code: "not_found" });
  expect(await complete("somewhere")).toMatchObject({ code: "invalid" });

  expect(await ann.ok("sprint.get", { project, sprintId })).toMatchObject({ state: "active" });
  expect(await ann.ok("issue.get", { project, issue: issue.write })).toMatchObject({ sprintId, version: 2 });
});

test("completing costs as many statements for thirty issues as for one", async () => {
  let statements: string[] = [];
  const quiet = await startAppForTest({ onStatement: (text) => statements.push(text), sweepMs: null, pollMs: 60_000 });
  const count = async (titles: string[]) => {
    const world = await createWorld(quiet, { stages: { todo: titles }, listening: false });
    const sprintId = await underWay(world, titles);
    // By then the clock has looked, which it does after a start.
    await headOf(world.ann, world.stream);
    statements = [];
    await world.ann.ok("sprint.complete", { project: world.project, sprintId });
    return statements.slice(statements.indexOf("begin"), statements.indexOf("commit") + 1).length;
  };

  const one = await count(["only"]);
  const thirty = await count(Array.from({ length: 30 }, (_, i) => `issue ${i}`));

  expect([one, thirty]).toEqual([6, 6]);
});

test("an active sprint is not deleted; another one leaves its issues behind, as they are", async () => {
  const world = await createWorld(app, { stages: { todo: ["write"], done: ["test"] } });
  const { ann, project, issue, stream } = world;
  const sprintId = await underWay(world, ["test"]);
  const planned = await plan(ann, project, "Sprint 2", soon);
  await ann.ok("issue.setSprint", { project, issue: issue.write, sprintId: planned.id });
  const before = await ann.ok("issue.get", { project, issue: issue.write });
  const head = await headOf(ann, stream);

  expect(await ann.refused("sprint.delete", { project, sprintId })).toMatchObject({ code: "conflict" });
  expect(await ann.ok("sprint.delete", { project, sprintId: planned.id })).toEqual({});

  expect(await ann.ok("issue.get", { project, issue: issue.write })).toEqual({ ...before, sprintId: null });
  const events = await eventsAfter(ann, stream, head);
  expect(events.map(({ type, data }) => [type, data])).toEqual([["sprint.deleted", { sprintId: planned.id }]]);
  await ann.ok("sprint.complete", { project, sprintId });
  await ann.ok("sprint.delete", { project, sprintId });
  expect(await ann.ok("issue.get", { project, issue: issue.test })).toMatchObject({ sprintId: null, version: 2 });
  expect(await ann.ok("sprint.list", { project })).toEqual({ items: [], nextCursor: null });
});
