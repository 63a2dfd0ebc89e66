import { afterAll, beforeAll, expect, test } from "vitest";
import { type Running, startApp } from "../support/harness.ts";
import { eventsOf } from "../support/log.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

test("every field present changes, and the event holds those alone", async () => {
  const { ann, bob, project } = await createWorld(app, {
    members: { ann: "developer", bob: "viewer" },
    stages: { todo: ["write"] },
  });
  const patch = {
    title: "Write more",
    description: "Much more",
    type: "bug",
    kind: "epic",
    priority: "critical",
    estimate: 3,
  } as const;

  const after = await ann.ok("issue.update", { project, issue: 1, patch });

  expect(after).toMatchObject({ ...patch, version: 2, status: "open" });
  const event = await bob.next("issue.updated");
  expect(event.data).toEqual({ number: 1, version: 2, updatedAt: after.updatedAt, changes: patch });
  expect(await bob.ok("issue.get", { project, issue: 1 })).toEqual(after);
});

test("fields that stay the same are no change", async () => {
  const { ann, project, stream } = await createWorld(app, { stages: { todo: ["write"] } });
  const before = await ann.ok("issue.get", { project, issue: 1 });
  const { title, description, type, kind, priority, estimate, status } = before;
  const same = { title, description, type, kind, priority, estimate, status };

  const events = await eventsOf(ann, stream, async () => {
    for (const patch of [same, {}]) {
      const reply = await ann.call("issue.update", { project, issue: 1, patch });
      expect(reply).toMatchObject({ ok: true, data: before });
      expect(reply).not.toHaveProperty("seq");
    }
  });

  expect(events).toEqual([]);
});

test("an update that saw another version conflicts and shows what stands", async () => {
  const { ann, bob, project } = await createWorld(app, {
    members: { ann: "developer", bob: "developer" },
    stages: { todo: ["write"] },
  });
  const current = await bob.ok("issue.update", { project, issue: 1, patch: { title: "Bob's" }, expect: 1 });

  const refusal = await ann.refused("issue.update", { project, issue: 1, patch: { title: "Ann's" }, expect: 1 });

  expect(refusal).toMatchObject({ code: "conflict", status: 409, details: { current } });
  expect(await ann.ok("issue.get", { project, issue: 1 })).toEqual(current);
});

test("of two updates that saw the same version one wins", async () => {
  const { ann, bob, project } = await createWorld(app, {
    members: { ann: "developer", bob: "developer" },
    stages: { todo: ["write"] },
  });
  const update = (client: typeof ann, title: string) =>
    client.call("issue.update", { project, issue: 1, patch: { title }, expect: 1 });

  const replies = await Promise.all([update(ann, "Ann's"), update(bob, "Bob's")]);

  expect(replies.filter(({ ok }) => ok)).toHaveLength(1);
});

test("a new status takes an issue to the bottom of the first stage of that status", async () => {
  const { ann, project, stage, titles, stream } = await createWorld(app, {
    stages: { todo: ["write", "read"], doing: ["test"], done: [] },
  });
  await ann.ok("stage.create", { project, name: "review", status: "in_progress" });
  let rank = "";

  const events = await eventsOf(ann, stream, async () => {
    rank = (await ann.ok("issue.update", { project, issue: 1, patch: { status: "in_progress" } })).rank;
  });

  expect(await titles("doing")).toEqual(["test", "write"]);
  expect(events).toMatchObject([
    { type: "issue.status_changed", data: { number: 1, version: 2, changes: { status: "in_progress" } } },
  ]);
  expect(events[0]?.data["changes"]).toEqual({ status: "in_progress", stageId: stage.doing, rank });
});

test("an issue stays where it stands when its stage has the new status", async () => {
  const { ann, project, titles, stream } = await createWorld(app, { stages: { todo: ["write"], done: ["read"] } });
  // Without a stage of the status it keeps its place, and so its stage has another status than the issue.
  await ann.ok("issue.update", { project, issue: 1, patch: { status: "closed" } });

  const events = await eventsOf(ann, stream, () =>
    ann.ok("issue.update", { project, issue: 1, patch: { status: "open" } }),
  );

  expect(await titles("todo")).toEqual(["write"]);
  expect(events.map(({ data }) => data["changes"])).toEqual([{ status: "open" }]);
});

test("a status without a stage leaves an issue where it stands", async () => {
  const { ann, project, stage, stream } = await createWorld(app, { stages: { todo: ["write"], done: [] } });

  const events = await eventsOf(ann, stream, () =>
    ann.ok("issue.update", { project, issue: 1, patch: { status: "closed" } }),
  );

  expect(events.map(({ type, data }) => [type, data["changes"]])).toEqual([
    ["issue.status_changed", { status: "closed" }],
  ]);
  expect(await ann.ok("issue.get", { project, issue: 1 })).toMatchObject({ stageId: stage.todo, status: "closed" });
});

test("setting the status that it has moves nothing, even when a stage of that status came since", async () => {
  const { ann, project, stage, stream } = await createWorld(app, { stages: { todo: ["write"] } });
  await ann.ok("issue.update", { project, issue: 1, patch: { status: "closed" } });
  await ann.ok("stage.create", { project, name: "archive", status: "closed" });

  const events = await eventsOf(ann, stream, () =>
    ann.ok("issue.update", { project, issue: 1, patch: { status: "closed" } }),
  );

  expect(events).toEqual([]);
  expect(await ann.ok("issue.get", { project, issue: 1 })).toMatchObject({ stageId: stage.todo, version: 2 });
});

test("status and title at once are two events of one version, each with its own changes", async () => {
  const { ann, project, stage, stream } = await createWorld(app, { stages: { todo: ["write"], done: [] } });
  const patch = { status: "resolved", title: "Written" } as const;

  const events = await eventsOf(ann, stream, () => ann.ok("issue.update", { project, issue: 1, patch }));

  const { rank, version, updatedAt } = await ann.ok("issue.get", { project, issue: 1 });
  const told = { number: 1, version, updatedAt };
  expect(events).toEqual([
    {
      type: "issue.status_changed",
      data: { ...told, changes: { status: "resolved", stageId: stage.done, ...(rank !== "a0" && { rank }) } },
    },
    { type: "issue.updated", data: { ...told, changes: { title: "Written" } } },
  ]);
});

test("reporters edit the words of their own issues and nothing else", async () => {
  const { ann, bob, project } = await createWorld(app, { members: { ann: "developer", bob: "reporter" } });
  const own = await bob.ok("issue.create", { project, title: "Bob's" });
  const other = await ann.ok("issue.create", { project, title: "Ann's" });
  const edit = (issue: number, patch: object) => bob.call("issue.update", { project, issue, patch });

  const words = await edit(own.number, { title: "Bob's own", description: "In his words" });
  const forbidden = [
    await edit(own.number, { title: "Bob's", priority: "critical" }),
    await edit(own.number, { status: "resolved" }),
    await edit(other.number, { title: "Not his" }),
  ];

  expect(words).toMatchObject({ ok: true, data: { title: "Bob's own", description: "In his words" } });
  expect(forbidden.map((reply) => !reply.ok && reply.error.code)).toEqual(["forbidden", "forbidden", "forbidden"]);
});

test("deleted, purged and unknown issues are not updated", async () => {
  const { ann, project } = await createWorld(app, { stages: { todo: ["deleted", "purged"] } });
  await ann.ok("issue.delete", { project, issue: 1 });
  await ann.ok("issue.purge", { project, issue: 2 });
  const update = (issue: number) => ann.refused("issue.update", { project, issue, patch: { title: "No" } });

  expect(await update(1)).toMatchObject({ code: "gone", details: { deletedAt: expect.any(String) } });
  expect(await update(2)).toMatchObject({ code: "gone" });
  expect(await update(3)).toMatchObject({ code: "not_found" });
});

test("the history of an update shows values before and after, and what the stages are called", async () => {
  const { ann, bob, project, stage } = await createWorld(app, {
    members: { ann: "developer", bob: "viewer" },
    stages: { todo: ["write"], doing: [] },
  });
  const patch = { status: "in_progress", title: "Written", estimate: 2 } as const;

  await ann.ok("issue.update", { project, issue: 1, patch });

  const { items } = await bob.ok("activity.list", { project, issue: 1, limit: 2 });
  expect(items.map(({ type, changes }) => ({ type, changes }))).toEqual([
    {
      type: "issue.updated",
      changes: [
        { field: "title", from: "write", to: "Written" },
        { field: "estimate", from: null, to: 2 },
      ],
    },
    {
      type: "issue.status_changed",
      changes: [
        { field: "status", from: "open", to: "in_progress" },
        { field: "stageId", from: stage.todo, to: stage.doing, fromName: "todo", toName: "doing" },
      ],
    },
  ]);
});
