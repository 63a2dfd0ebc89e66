import { afterAll, beforeAll, expect, test } from "vitest";
import { type Running, startApp } from "../support/harness.ts";
import { eventsOf } from "../support/log.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

test("a deleted issue leaves board, lists and column, and everyone hears when", async () => {
  const { ann, bob, project, titles } = await createWorld(app, {
    members: { ann: "admin", bob: "viewer" },
    stages: { todo: ["one", "two"] },
  });

  await ann.ok("issue.delete", { project, issue: 1 });

  const { deletedAt, updatedAt } = await bob.ok("issue.get", { project, issue: 1 });
  expect((await bob.next("issue.deleted")).data).toEqual({ number: 1, version: 2, updatedAt, changes: { deletedAt } });
  expect(deletedAt).toBe(updatedAt);
  expect(await titles("todo")).toEqual(["two"]);
  const { columns } = await bob.ok("board.get", { project });
  expect(columns).toMatchObject([{ count: 1, issues: [{ title: "two" }] }]);
});

test("a restored issue comes back to the bottom of its stage as it was, and everyone hears the card", async () => {
  const { ann, bob, project, stage, issue, titles } = await createWorld(app, {
    members: { ann: "admin", bob: "viewer" },
    stages: { todo: ["one", "two"], done: [] },
  });
  const before = await ann.ok("issue.update", { project, issue: issue.one, patch: { status: "closed" } });
  await ann.ok("issue.delete", { project, issue: issue.one });

  const after = await ann.ok("issue.restore", { project, issue: issue.one });

  const { description: _, ...card } = after;
  const { rank, version, updatedAt, ...same } = before;
  expect(after).toMatchObject({ ...same, version: version + 2, stageId: stage.todo, deletedAt: null });
  expect((await bob.next("issue.restored")).data).toEqual({ issue: card });
  expect(await titles("todo")).toEqual(["two", "one"]);
});

test("a purged issue is gone for ever, deleted before or not", async () => {
  const { ann, bob, project, issue, titles, stream } = await createWorld(app, {
    members: { ann: "admin", bob: "viewer" },
    stages: { todo: ["alive", "deleted", "other"] },
  });
  await ann.ok("issue.delete", { project, issue: issue.deleted });

  const events = await eventsOf(ann, stream, async () => {
    await ann.ok("issue.purge", { project, issue: issue.alive });
    await ann.ok("issue.purge", { project, issue: issue.deleted });
  });

  expect(events).toMatchObject([
    { type: "issue.purged", data: { number: issue.alive, version: 1, changes: {} } },
    { type: "issue.purged", data: { number: issue.deleted, version: 2, changes: {} } },
  ]);
  expect(await bob.refused("issue.get", { project, issue: issue.alive })).toMatchObject({ code: "gone", status: 410 });
  expect(await titles("todo")).toEqual(["other"]);
});

test("the history of a purged issue stays, without its title", async () => {
  const { ann, project } = await createWorld(app, { members: { ann: "admin" }, stages: { todo: ["secret"] } });
  await ann.ok("issue.purge", { project, issue: 1 });

  const { items } = await ann.ok("activity.list", { project, issue: 1 });

  expect(items).toMatchObject([
    { type: "issue.purged", issue: { number: 1, key: "WEB-1", title: null }, changes: [] },
    { type: "issue.created", issue: { number: 1, key: "WEB-1", title: null }, changes: [] },
  ]);
});

test("only what is there is deleted, only what was deleted is restored", async () => {
  const { ann, project, issue } = await createWorld(app, { stages: { todo: ["alive", "deleted", "purged"] } });
  await ann.ok("issue.delete", { project, issue: issue.deleted });
  await ann.ok("issue.purge", { project, issue: issue.purged });
  const refusals = async (name: "issue.delete" | "issue.restore" | "issue.purge", numbers: (number | undefined)[]) =>
    Promise.all(numbers.map(async (number) => (await ann.refused(name, { project, issue: number ?? 0 })).code));

  expect(await refusals("issue.delete", [issue.deleted, issue.purged, 4])).toEqual(["gone", "gone", "not_found"]);
  expect(await refusals("issue.restore", [issue.alive, issue.purged, 4])).toEqual(["conflict", "gone", "not_found"]);
  expect(await refusals("issue.purge", [issue.purged, 4])).toEqual(["gone", "not_found"]);
});

test("a delete sent again with its command id is answered again, and deletes nothing twice", async () => {
  const { ann, project, stream } = await createWorld(app, { stages: { todo: ["one"] } });
  const input = { project, issue: 1, commandId: "5b0c7c7e-2c4f-4d0c-9c51-6a3c1d7a9e10" };
  const first = await ann.call("issue.delete", input);

  const events = await eventsOf(ann, stream, async () => {
    expect(await ann.call("issue.delete", input)).toMatchObject({
      ok: true,
      replayed: true,
      seq: first.ok && first.seq,
    });
  });

  expect(events).toEqual([]);
});

test("developers neither delete nor restore nor purge", async () => {
  const { ann, project } = await createWorld(app, { members: { ann: "developer" }, stages: { todo: ["one"] } });

  for (const name of ["issue.delete", "issue.restore", "issue.purge"] as const) {
    expect(await ann.refused(name, { project, issue: 1 })).toMatchObject({ code: "forbidden" });
  }
});
