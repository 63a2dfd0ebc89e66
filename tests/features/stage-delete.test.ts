import { afterAll, beforeAll, expect, test } from "vitest";
import { type Running, startApp } from "../support/harness.ts";
import { eventsOf } from "../support/log.ts";
import { seedIssues } from "../support/seed.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const time = expect.stringMatching(/^\d{4}.*\.\d{3}Z$/);

test("the issues of a deleted stage go to the bottom of another, in their order, and take its status", async () => {
  const { ann, bob, project, stage, issue, titles, stream } = await createWorld(app, {
    members: { ann: "admin", bob: "viewer" },
    stages: { todo: ["one", "two", "resolved"], done: ["first"] },
  });
  await ann.ok("issue.update", { project, issue: issue.two, patch: { title: "two!" } });
  await ann.ok("issue.move", { project, issue: issue.two, after: null });

  const events = await eventsOf(ann, stream, () =>
    ann.ok("stage.delete", { project, stageId: stage.todo, moveTo: stage.done }),
  );

  expect(await titles("done")).toEqual(["first", "two!", "one", "resolved"]);
  const { items } = await bob.ok("issue.list", { project, sort: "created" });
  const moved = items.toReversed().slice(0, 3);
  expect(events).toEqual([
    ...moved.map(({ number, version, updatedAt, rank }) => ({
      type: "issue.moved",
      data: { number, version, updatedAt, changes: { stageId: stage.done, rank, status: "resolved" } },
    })),
    { type: "stage.deleted", data: { stageId: stage.todo } },
  ]);
  const { items: history } = await bob.ok("activity.list", { project, issue: issue.one, limit: 1 });
  expect(history[0]?.changes).toEqual([
    { field: "stageId", from: stage.todo, to: stage.done, fromName: "todo", toName: "done" },
    { field: "status", from: "open", to: "resolved" },
  ]);
});

test("a status that the other stage shares is no change", async () => {
  const { ann, project, stage, stream } = await createWorld(app, { stages: { todo: ["one"], ideas: [] } });

  const events = await eventsOf(ann, stream, () =>
    ann
      .ok("stage.delete", { project, stageId: stage.ideas, moveTo: stage.todo })
      .then(() =>
        ann
          .ok("stage.create", { project, name: "more ideas", status: "open" })
          .then(({ id }) => ann.ok("stage.delete", { project, stageId: stage.todo, moveTo: id })),
      ),
  );

  const changes = events.find(({ type }) => type === "issue.moved")?.data["changes"];
  expect(Object.keys(changes ?? {}).toSorted()).toEqual(["rank", "stageId"]);
});

test("without another stage the issues stay without one, as they are", async () => {
  const { ann, bob, project, stage, stream } = await createWorld(app, {
    members: { ann: "admin", bob: "viewer" },
    stages: { todo: ["one", "two"], done: ["three"] },
  });

  const events = await eventsOf(ann, stream, () => ann.ok("stage.delete", { project, stageId: stage.todo }));

  const moved = (number: number) => ({ number, version: 2, updatedAt: time, changes: { stageId: null } });
  expect(events.map(({ data }) => data)).toEqual([moved(1), moved(2), { stageId: stage.todo }]);
  const { columns } = await bob.ok("board.get", { project });
  expect(columns).toMatchObject([
    { stageId: stage.done, count: 1 },
    { stageId: null, count: 2, issues: [{ title: "one", status: "open" }, { title: "two" }], nextCursor: null },
  ]);
});

test("deleted issues follow without an event, and come back where their stage's issues went", async () => {
  const { ann, project, stage, issue, titles, stream } = await createWorld(app, {
    stages: { todo: ["deleted"], doing: ["deleted too"], done: ["one"] },
  });
  await ann.ok("issue.delete", { project, issue: issue.deleted });
  await ann.ok("issue.delete", { project, issue: issue["deleted too"] });

  const events = await eventsOf(ann, stream, async () => {
    await ann.ok("stage.delete", { project, stageId: stage.todo, moveTo: stage.done });
    await ann.ok("stage.delete", { project, stageId: stage.doing });
  });
  const followed = await ann.ok("issue.restore", { project, issue: issue.deleted });
  const left = await ann.ok("issue.restore", { project, issue: issue["deleted too"] });

  expect(events.map(({ type }) => type)).toEqual(["stage.deleted", "stage.deleted"]);
  expect(followed).toMatchObject({ stageId: stage.done, status: "resolved" });
  expect(left).toMatchObject({ stageId: null, status: "in_progress" });
  expect(await titles("done")).toEqual(["one", "deleted"]);
});

test("a stage cannot take its own issues", async () => {
  const { ann, project, stage } = await createWorld(app, { stages: { todo: ["one"] } });
  const { todo: stageId = "" } = stage;

  expect(await ann.refused("stage.delete", { project, stageId, moveTo: stageId })).toMatchObject({ code: "invalid" });
  expect(await ann.refused("stage.delete", { project, stageId, moveTo: stageId.toUpperCase() })).toMatchObject({
    code: "invalid",
  });
});

test("without any stage issues are still created, changed, deleted and restored, and moved into a new stage later", async () => {
  const { ann, project, stage, titles } = await createWorld(app, { stages: { todo: ["one"] } });
  await ann.ok("stage.delete", { project, stageId: stage.todo });

  const two = await ann.ok("issue.create", { project, title: "two" });
  const closed = await ann.ok("issue.update", { project, issue: 1, patch: { status: "closed" } });
  await ann.ok("issue.delete", { project, issue: 2 });
  const restored = await ann.ok("issue.restore", { project, issue: 2 });
  expect(await ann.refused("issue.move", { project, issue: 1 })).toMatchObject({ code: "not_found" });
  const { id: stageId } = await ann.ok("stage.create", { project, name: "new", status: "in_progress" });
  const moved = await ann.ok("issue.move", { project, issue: 1, stageId });
  const set = await ann.ok("issue.update", { project, issue: 2, patch: { status: "in_progress" } });

  expect([two, closed, restored]).toMatchObject([
    { stageId: null, status: "open" },
    { stageId: null, status: "closed" },
    { stageId: null, status: "open" },
  ]);
  expect([moved, set]).toMatchObject([
    { stageId, status: "in_progress" },
    { stageId, status: "in_progress" },
  ]);
  expect(await titles(stageId)).toEqual(["one", "two"]);
  const { columns } = await ann.ok("board.get", { project });
  expect(columns).toMatchObject([{ stageId, count: 2 }]);
});

test("a stage of a thousand issues is deleted at once, with an event for each", async () => {
  const { ann, project, projectId, stage, stream } = await createWorld(app, { stages: { todo: [], done: ["one"] } });
  await seedIssues(app, { projectId, count: 1000, stageIds: [stage.todo ?? ""] });
  const { head } = await ann.ok("sync.pull", { stream, after: 0, limit: 1 });

  const reply = await ann.call("stage.delete", { project, stageId: stage.todo, moveTo: stage.done });

  expect(reply).toMatchObject({ ok: true, seq: head + 1001 });
  const { columns } = await ann.ok("board.get", { project, perColumn: 100 });
  expect(columns).toMatchObject([{ stageId: stage.done, count: 1001 }]);
  expect(columns[0]?.issues.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
});
