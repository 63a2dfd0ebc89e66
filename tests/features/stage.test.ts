import { afterAll, beforeAll, expect, test } from "vitest";
import { type Running, startApp } from "../support/harness.ts";
import { eventsOf } from "../support/log.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const nobodysId = "5b0c7c7e-2c4f-4d0c-9c51-6a3c1d7a9e10";

test("a new stage stands at the right end", async () => {
  const { ann, bob, project } = await createWorld(app, { members: { ann: "admin", bob: "viewer" } });

  const stage = await ann.ok("stage.create", { project, name: " Review ", status: "in_progress" });

  expect(stage).toMatchObject({ name: "Review", status: "in_progress", wipLimit: null, wipMode: "block" });
  expect((await bob.next("stage.created")).data).toEqual({ stage });
  const { items } = await bob.ok("stage.list", { project });
  expect(items.map(({ name }) => name)).toEqual(["todo", "doing", "done", "Review"]);
  expect(items.at(-1)).toEqual(stage);
});

test("a project has at most as many stages as reorder can name", async () => {
  const { ann, project, stage } = await createWorld(app, { stages: { todo: [] } });
  const { pool } = app.parts.database;
  await pool.query(
    `insert into stages (project_id, name, status, position)
     select project_id, 'stage ' || n, 'open', position + n from stages, generate_series(1, 99) n where id = $1`,
    [stage.todo],
  );

  expect(await ann.refused("stage.create", { project, name: "One more", status: "open" })).toMatchObject({
    code: "invalid",
  });
  const { items } = await ann.ok("stage.list", { project });
  await ann.ok("stage.reorder", { project, stageIds: items.map(({ id }) => id).toReversed() });
});

test("another name or limit is one event and touches no issue", async () => {
  const { ann, bob, project, stage, stream } = await createWorld(app, {
    members: { ann: "admin", bob: "viewer" },
    stages: { todo: ["one", "closed"] },
  });
  await ann.ok("issue.update", { project, issue: 2, patch: { status: "closed" } });
  const patch = { name: "Ideas", wipLimit: 5, wipMode: "warn" } as const;

  const events = await eventsOf(ann, stream, () => ann.ok("stage.update", { project, stageId: stage.todo, patch }));

  const { items } = await bob.ok("stage.list", { project });
  expect(items).toMatchObject([{ id: stage.todo, ...patch, status: "open" }]);
  expect(events).toEqual([{ type: "stage.updated", data: { stage: items[0] } }]);
  expect(await bob.ok("issue.get", { project, issue: 2 })).toMatchObject({ status: "closed", version: 2 });
  const { items: history } = await bob.ok("activity.list", { project, type: "stage.updated" });
  expect(history[0]?.changes).toEqual([
    { field: "name", from: "todo", to: "Ideas" },
    { field: "wipLimit", from: null, to: 5 },
    { field: "wipMode", from: "block", to: "warn" },
  ]);
});

test("another status applies to all issues of the stage, each with its own event and history", async () => {
  const { ann, project, stage, issue, stream } = await createWorld(app, {
    stages: { todo: ["open", "closed", "resolved", "deleted"], doing: ["elsewhere"] },
  });
  await ann.ok("issue.update", { project, issue: issue.closed, patch: { status: "closed" } });
  await ann.ok("issue.update", { project, issue: issue.resolved, patch: { status: "resolved" } });
  await ann.ok("issue.delete", { project, issue: issue.deleted });

  const events = await eventsOf(ann, stream, () =>
    ann.ok("stage.update", { project, stageId: stage.todo, patch: { status: "resolved" } }),
  );

  const changed = (number: number | undefined, version: number) => ({
    type: "issue.status_changed",
    data: { number, version, updatedAt: expect.stringMatching(/^\d{4}.*\.\d{3}Z$/), changes: { status: "resolved" } },
  });
  expect(events).toEqual([
    { type: "stage.updated", data: { stage: expect.objectContaining({ status: "resolved" }) } },
    changed(issue.open, 2),
    changed(issue.closed, 3),
  ]);
  const { items } = await ann.ok("activity.list", { project, type: "issue.status_changed", limit: 2 });
  expect(items.map(({ changes }) => changes)).toEqual([
    [{ field: "status", from: "closed", to: "resolved" }],
    [{ field: "status", from: "open", to: "resolved" }],
  ]);
  expect(await ann.ok("issue.restore", { project, issue: issue.deleted ?? 0 })).toMatchObject({ status: "resolved" });
});

test("a patch that changes nothing is no event", async () => {
  const { ann, project, stage, stream } = await createWorld(app, { stages: { todo: ["one"] } });

  const events = await eventsOf(ann, stream, async () => {
    await ann.ok("stage.update", { project, stageId: stage.todo, patch: {} });
    await ann.ok("stage.update", { project, stageId: stage.todo, patch: { name: "todo", wipLimit: null } });
    await ann.ok("stage.reorder", { project, stageIds: [stage.todo] });
  });

  expect(events).toEqual([]);
});

test("stages stand in the order given", async () => {
  const { ann, bob, project, stage } = await createWorld(app, { members: { ann: "admin", bob: "viewer" } });
  const stageIds = [stage.done, stage.todo, stage.doing].map(String);

  const { items } = await ann.ok("stage.reorder", { project, stageIds });

  expect(items.map(({ id, position }) => [id, position])).toEqual(stageIds.map((id, i) => [id, i]));
  expect((await bob.next("stage.reordered")).data).toEqual({ stageIds });
  expect(await bob.ok("stage.list", { project })).toEqual({ items, nextCursor: null });
  const { columns } = await bob.ok("board.get", { project });
  expect(columns.map(({ stageId }) => stageId)).toEqual(stageIds);
  const { items: history } = await bob.ok("activity.list", { project, type: "stage.reordered" });
  expect(history).toMatchObject([
    { changes: [{ field: "order", to: stageIds, fromName: "todo, doing, done", toName: "done, todo, doing" }] },
  ]);
});

test("an order must name each stage of the project once", async () => {
  const { ann, project, stage } = await createWorld(app);
  const { todo = "", doing = "", done = "" } = stage;

  for (const stageIds of [
    [todo, doing],
    [todo, doing, done, done],
    [todo, doing, doing],
    [todo, doing, nobodysId],
    [todo, doing, done, nobodysId],
  ]) {
    expect(await ann.refused("stage.reorder", { project, stageIds })).toMatchObject({ code: "invalid" });
  }
  await ann.ok("stage.reorder", { project, stageIds: [done, doing, todo].map((id) => id.toUpperCase()) });
});

test("stages of other projects are not found", async () => {
  const { ann, project, stage } = await createWorld(app);
  const other = await createWorld(app);

  for (const stageId of [other.stage.todo, nobodysId].map(String)) {
    const refusals = [
      await ann.refused("stage.update", { project, stageId, patch: { name: "Mine" } }),
      await ann.refused("stage.delete", { project, stageId }),
      await ann.refused("stage.delete", { project, stageId: stage.todo, moveTo: stageId }),
      await ann.refused("board.column", { project, stageId }),
    ];
    expect(refusals.map(({ code }) => code)).toEqual(Array(4).fill("not_found"));
  }
});
