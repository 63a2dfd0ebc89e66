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
const id = expect.stringMatching(/^[0-9a-f-]{36}$/);
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

test("a reporter's issue needs a title only, and lands in the first stage", async () => {
  const { bob, project, stage } = await createWorld(app, { members: { bob: "reporter" } });

  const issue = await bob.ok("issue.create", { project, title: "  The cart forgets its content " });

  expect(issue).toEqual({
    id,
    project,
    number: 1,
    key: "WEB-1",
    title: "The cart forgets its content",
    description: "",
    status: "open",
    priority: "normal",
    type: "task",
    kind: "task",
    stageId: stage.todo,
    laneId: null,
    rank: "a0",
    sprintId: null,
    parent: null,
    reporter: { id: bob.userId, displayName: "bob", avatarUrl: null, kind: "user" },
    assignees: [],
    tags: [],
    estimate: null,
    commentCount: 0,
    timeSpentSeconds: 0,
    fields: {},
    version: 1,
    createdAt: time,
    updatedAt: issue.createdAt,
    deletedAt: null,
  });
});

test("a developer sets every field, and the room hears the card without the description", async () => {
  const { ann, bob, project, stage, stream } = await createWorld(app, {
    members: { ann: "developer", bob: "viewer" },
  });
  const fields = {
    title: "Pay with a saved card",
    description: "  As *asked* by\nmany. ",
    type: "feature",
    kind: "story",
    priority: "critical",
    estimate: 2.5,
  } as const;

  const reply = await ann.call("issue.create", {
    project,
    ...fields,
    stageId: stage.doing,
    assigneeIds: [bob.userId, ann.userId],
  });

  expect(reply).toMatchObject({ ok: true, stream, data: { ...fields, stageId: stage.doing, status: "in_progress" } });
  if (!reply.ok) return;
  const { description, ...card } = reply.data;
  expect(description).toBe(fields.description);
  expect(card.assignees.map(({ displayName }) => displayName)).toEqual(["bob", "ann"]);
  const event = await bob.next("issue.created");
  expect(event.data).toEqual({ issue: card });
  expect(event).toMatchObject({ seq: reply.seq, actor: { id: ann.userId, kind: "user" } });
});

test("reporters may leave planning empty but not plan", async () => {
  const { ann, project } = await createWorld(app, { members: { ann: "reporter" } });

  const empty = await ann.call("issue.create", { project, title: "One", assigneeIds: [], estimate: null });
  const assigned = await ann.refused("issue.create", { project, title: "Two", assigneeIds: [ann.userId] });
  const estimated = await ann.refused("issue.create", { project, title: "Two", estimate: 0 });

  expect(empty).toMatchObject({ ok: true, data: { assignees: [], estimate: null } });
  expect([assigned, estimated]).toMatchObject([
    { code: "forbidden", details: { needed: "developer" } },
    { code: "forbidden", details: { needed: "developer" } },
  ]);
});

test("only people who can see the project are assigned, each once", async () => {
  const { ann, guest, boss, stranger, project } = await createWorld(app, {
    members: { ann: "developer", guest: "guest", boss: "org-admin", stranger: "outsider" },
  });
  const assign = (assigneeIds: string[]) => ann.call("issue.create", { project, title: "Assigned", assigneeIds });

  const insiders = await assign([boss.userId, guest.userId, boss.userId.toUpperCase()]);
  const outsider = await assign([ann.userId, stranger.userId]);
  const nobody = await assign([nobodysId]);

  expect(insiders).toMatchObject({ ok: true, data: { assignees: [{ id: boss.userId }, { id: guest.userId }] } });
  for (const refused of [outsider, nobody]) {
    expect(refused).toMatchObject({
      ok: false,
      error: { code: "invalid", details: { issues: [{ path: "assigneeIds" }] } },
    });
  }
});

test("new issues go to the bottom of their stage", async () => {
  const { ann, project, stage, titles } = await createWorld(app, {
    stages: { todo: ["one", "two"], doing: ["three"] },
  });

  await ann.ok("issue.create", { project, title: "four" });
  await ann.ok("issue.create", { project, title: "five", stageId: stage.doing });

  expect(await titles("todo")).toEqual(["one", "two", "four"]);
  expect(await titles("doing")).toEqual(["three", "five"]);
});

test("a stage that is not the project's is not found", async () => {
  const { ann, project } = await createWorld(app);
  const other = await createWorld(app);

  for (const stageId of [nobodysId, other.stage.todo]) {
    expect(await ann.refused("issue.create", { project, title: "Lost", stageId })).toMatchObject({ code: "not_found" });
  }
});

test("issues created at once get numbers without gaps, in the order of their events", async () => {
  const { ann, bob, project, stream } = await createWorld(app, { members: { ann: "developer", bob: "reporter" } });

  const events = await eventsOf(ann, stream, () =>
    Promise.all(
      Array.from({ length: 40 }, (_, i) => (i % 2 ? ann : bob).ok("issue.create", { project, title: `Issue ${i}` })),
    ),
  );

  const issues = events.map(
    ({ data }) => data["issue"] as { number: number; key: string; rank: string; createdAt: string },
  );
  expect(issues.map(({ number }) => number)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  expect(issues.map(({ key }) => key)).toEqual(issues.map(({ number }) => `WEB-${number}`));
  expect(new Set(issues.map(({ rank }) => rank)).size).toBe(40);
  expect(issues.map(({ createdAt }) => createdAt)).toEqual(issues.map(({ createdAt }) => createdAt).toSorted());
});

test("an issue is read whole, also when deleted; purged it is gone, and never made it is not found", async () => {
  const { ann, bob, project } = await createWorld(app, { members: { ann: "admin", bob: "viewer" } });
  const other = await createWorld(app, { stages: { todo: ["one", "two", "three", "four"] } });
  const create = (title: string) => ann.ok("issue.create", { project, title, description: "Words" });
  const [alive, deleted, purged] = [await create("alive"), await create("deleted"), await create("purged")];
  await ann.ok("issue.delete", { project, issue: deleted.number });
  await ann.ok("issue.purge", { project, issue: purged.number });

  expect(await bob.ok("issue.get", { project, issue: alive.number })).toEqual(alive);
  expect(await bob.ok("issue.get", { project, issue: deleted.number })).toMatchObject({
    deletedAt: time,
    description: "Words",
  });
  expect(await bob.refused("issue.get", { project, issue: purged.number })).toMatchObject({ code: "gone" });
  expect(await bob.refused("issue.get", { project, issue: other.issue.four })).toMatchObject({ code: "not_found" });
});

test("a number is never used again, even when its issue was purged", async () => {
  const { ann, project } = await createWorld(app, { stages: { todo: ["one"] } });
  await ann.ok("issue.purge", { project, issue: 1 });

  const next = await ann.ok("issue.create", { project, title: "two" });

  expect(next).toMatchObject({ number: 2, key: "WEB-2" });
});
