import { afterAll, beforeAll, expect, test } from "vitest";
import type { Activity } from "../../protocol/index.ts";
import { type Running, startApp } from "../support/harness.ts";
import { seedEvents, seedIssues } from "../support/seed.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const time = expect.stringMatching(/^\d{4}.*\.\d{3}Z$/);

/** What ann and bob did to two issues, seq by seq. */
async function createHistory() {
  const world = await createWorld(app, { members: { ann: "admin", bob: "developer", eve: "viewer" } });
  const { ann, bob, eve, project, stage, stream } = world;
  const { head } = await ann.ok("sync.pull", { stream, after: 0, limit: 1 });
  await ann.ok("issue.create", { project, title: "one" });
  await bob.ok("issue.create", { project, title: "two" });
  await bob.ok("issue.move", { project, issue: 1, stageId: stage.doing });
  await ann.ok("issue.update", { project, issue: 1, patch: { title: "One!" } });
  await ann.ok("stage.update", { project, stageId: stage.done ?? "", patch: { name: "Shipped" } });
  await bob.ok("issue.move", { project, issue: 2 });
  const list = async (filter: object = {}) => {
    const { items } = await eve.ok("activity.list", { project, limit: 6, ...filter });
    return items.map(({ seq, type, actor, issue }) => [seq - head, type, actor.displayName, issue?.number ?? null]);
  };
  return { ...world, head, list };
}

test("the newest comes first: who did what to which issue", async () => {
  const { list } = await createHistory();

  expect(await list()).toEqual([
    [6, "issue.moved", "bob", 2],
    [5, "stage.updated", "ann", null],
    [4, "issue.updated", "ann", 1],
    [3, "issue.moved", "bob", 1],
    [2, "issue.created", "bob", 2],
    [1, "issue.created", "ann", 1],
  ]);
});

test("an entry has the values before and after, and what issue and stages are called", async () => {
  const { bob, eve, project, stage, head } = await createHistory();

  const { items } = await eve.ok("activity.list", { project, issue: 1, type: "issue.moved" });

  expect(items).toEqual([
    {
      seq: head + 3,
      at: time,
      type: "issue.moved",
      actor: { id: bob.userId, kind: "user", displayName: "bob" },
      issue: { number: 1, key: "WEB-1", title: "One!" },
      changes: [
        { field: "status", from: "open", to: "in_progress" },
        { field: "stageId", from: stage.todo, to: stage.doing, fromName: "todo", toName: "doing" },
      ],
    },
  ]);
});

test("issue, actor and type filter, alone and together", async () => {
  const { ann, bob, list } = await createHistory();
  const seqs = async (filter: object) => (await list(filter)).map(([seq]) => seq);

  expect(await seqs({ issue: 1 })).toEqual([4, 3, 1]);
  expect(await seqs({ actor: bob.userId.toUpperCase() })).toEqual([6, 3, 2]);
  expect(await seqs({ type: "issue.moved" })).toEqual([6, 3]);
  expect(await seqs({ issue: 1, actor: ann.userId })).toEqual([4, 1]);
  expect(await seqs({ issue: 1, actor: ann.userId, type: "issue.created" })).toEqual([1]);
});

test("an issue, a person or a type that nobody has heard of has no history", async () => {
  const { list } = await createHistory();

  expect(await list({ issue: 99 })).toEqual([]);
  expect(await list({ actor: "5b0c7c7e-2c4f-4d0c-9c51-6a3c1d7a9e10" })).toEqual([]);
  expect(await list({ type: "issue.painted" })).toEqual([]);
});

test("one project's history has nothing of another's", async () => {
  const one = await createHistory();
  const other = await createHistory();

  const { items } = await one.eve.ok("activity.list", { project: one.project, limit: 100 });

  const people = new Set(items.map(({ actor }) => actor.id));
  expect(people.has(one.ann.userId)).toBe(true);
  expect(people.has(other.ann.userId)).toBe(false);
});

test("pages follow each other to the beginning while history goes on", async () => {
  const { ann, eve, project, projectId, stage, stream } = await createWorld(app, {
    members: { ann: "admin", eve: "viewer" },
  });
  await seedIssues(app, { projectId, count: 3, stageIds: [String(stage.todo)] });
  await seedEvents(app, { projectId, count: 100 });
  const { head } = await ann.ok("sync.pull", { stream, after: 0, limit: 1 });

  const entries: Activity[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await eve.ok("activity.list", { project, cursor, limit: 7 });
    entries.push(...page.items);
    cursor = page.nextCursor;
    await ann.ok("issue.move", { project, issue: 1 });
  }

  expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: head }, (_, i) => head - i));
});

test("new ranks that nobody asked for are no history, moves within a stage are", async () => {
  const { ann, project, projectId } = await createWorld(app, { stages: { todo: ["one", "two", "three"] } });
  await app.parts.database.pool.query(
    "update issues set rank = 'a0' || repeat('V', 40) || number where project_id = $1",
    [projectId],
  );

  await ann.ok("issue.move", { project, issue: 3, after: 1 });

  await ann.next("issue.moved", ({ data }) => data["number"] === 2);
  const { items } = await ann.ok("activity.list", { project, type: "issue.moved" });
  expect(items).toMatchObject([{ issue: { number: 3 }, changes: [] }]);
});
