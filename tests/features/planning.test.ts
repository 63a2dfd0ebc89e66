import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { digestText } from "../../protocol/digest.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

test("tags are set, heard, filtered by name, and leave every card when they are deleted", async () => {
  const { ann, bob, project, issue, stream } = await createWorld(app, {
    members: { ann: "admin", bob: "viewer" },
    stages: { todo: ["write", "read"] },
  });
  const bug = await ann.ok("tag.create", { project, name: "bug" });
  const ui = await ann.ok("tag.create", { project, name: "ui" });

  await ann.ok("issue.setTags", { project, issue: issue.write, tagIds: [bug.id, ui.id] });
  await ann.ok("issue.setTags", { project, issue: issue.write, tagIds: [ui.id] });
  const listed = await bob.ok("issue.list", { project, tag: ["ui"] });
  await ann.ok("tag.delete", { project, tagId: ui.id });

  expect(listed.items.map(({ title, tags }) => [title, tags.map(({ name }) => name)])).toEqual([["write", ["ui"]]]);
  expect((await bob.next("issue.tagged")).data["changes"]).toMatchObject({ tags: [{ name: "bug" }, { name: "ui" }] });
  expect((await bob.next("issue.untagged")).data["changes"]).toMatchObject({ tags: [{ name: "ui" }] });
  expect((await bob.next("tag.removed")).stream).toBe(stream);
  expect((await ann.ok("issue.get", { project, issue: issue.write })).tags).toEqual([]);
});

test("the same tags or people again change nothing", async () => {
  const { ann, project, issue } = await createWorld(app, { members: { ann: "admin" }, stages: { todo: ["write"] } });
  const tag = await ann.ok("tag.create", { project, name: "bug" });
  const at = { project, issue: issue.write };
  const first = await ann.call("issue.setTags", { ...at, tagIds: [tag.id] });
  await ann.ok("issue.setAssignees", { ...at, userIds: [ann.userId] });

  const tags = await ann.call("issue.setTags", { ...at, tagIds: [tag.id] });
  const people = await ann.call("issue.setAssignees", { ...at, userIds: [ann.userId] });

  expect(first).toMatchObject({ ok: true, seq: expect.any(Number) });
  expect(tags).not.toHaveProperty("seq");
  expect(people).not.toHaveProperty("seq");
});

test("assignees must be insiders, and the history names them", async () => {
  const { ann, bob, eve, project, issue } = await createWorld(app, {
    members: { ann: "admin", bob: "developer", eve: "outsider" },
    stages: { todo: ["write"] },
  });
  const at = { project, issue: issue.write };

  const refusal = await ann.refused("issue.setAssignees", { ...at, userIds: [eve.userId] });
  await ann.ok("issue.setAssignees", { ...at, userIds: [bob.userId] });
  const { items } = await ann.ok("activity.list", { project, issue: issue.write, type: "issue.assigned" });

  expect(refusal.code).toBe("invalid");
  expect(items[0]?.changes).toEqual([{ field: "assignees", from: [], to: [bob.userId], fromName: "", toName: "bob" }]);
});

test("kinds stand under the kind above, and a parent's kind cannot be pulled away", async () => {
  const { ann, project } = await createWorld(app, { members: { ann: "developer" } });
  const create = (title: string, kind: "epic" | "story" | "task", parent?: number) =>
    ann.call("issue.create", { project, title, kind, ...(parent !== undefined && { parent }) });
  const number = async (ack: ReturnType<typeof create>) => {
    const { ok, ...rest } = await ack;
    return ok && "data" in rest ? rest.data.number : 0;
  };
  const epic = await number(create("Checkout", "epic"));
  const story = await number(create("Pay", "story", epic));
  const task = await number(create("Button", "task", story));

  const underEpic = await create("Lost", "task", epic);
  const epicUnderStory = await ann.refused("issue.update", { project, issue: epic, patch: { parent: story } });
  const pulled = await ann.refused("issue.update", { project, issue: story, patch: { kind: "task", parent: null } });
  const freed = await ann.ok("issue.update", { project, issue: task, patch: { kind: "story", parent: epic } });

  expect(underEpic).toMatchObject({ ok: false, error: { code: "invalid" } });
  expect(epicUnderStory.code).toBe("invalid");
  expect(pulled.code).toBe("invalid");
  expect(freed).toMatchObject({ kind: "story", parent: epic });
});

test("the workflow refuses what it does not allow, in every way to change a status", async () => {
  const { ann, bob, project, issue, stage } = await createWorld(app, {
    members: { ann: "admin", bob: "developer" },
    stages: { todo: ["write", "read"], doing: [], done: [] },
  });
  await ann.ok("workflow.set", { project, transitions: [{ from: "open", to: "in_progress" }] });
  const at = { project, issue: issue.write };

  const moved = await bob.refused("issue.move", { ...at, stageId: stage.done });
  const updated = await bob.refused("issue.update", { ...at, patch: { status: "resolved" } });
  const bulk = await bob.refused("issue.bulk", {
    project,
    issues: [issue.write, issue.read],
    move: { stageId: stage.done },
  });
  const allowed = await bob.ok("issue.move", { ...at, stageId: stage.doing });

  expect([moved.code, updated.code, bulk.code]).toEqual(Array(3).fill("transition_refused"));
  expect(allowed.status).toBe("in_progress");
});

test("a bulk move takes all in the order given, or none when one cannot come", async () => {
  const { ann, project, issue, stage, titles } = await createWorld(app, {
    members: { ann: "admin" },
    stages: { todo: ["a", "b", "c"], doing: ["x"] },
  });
  await ann.ok("stage.update", { project, stageId: stage.doing, patch: { wipLimit: 3, wipMode: "block" } });
  const move = { stageId: stage.doing };

  const full = await ann.refused("issue.bulk", { project, issues: [issue.a, issue.b, issue.c], move });
  const none = await titles("todo");
  const { items } = await ann.ok("issue.bulk", { project, issues: [issue.c, issue.a], move });

  expect(full.code).toBe("wip_exceeded");
  expect(none).toEqual(["a", "b", "c"]);
  expect(items.map(({ title, status }) => [title, status])).toEqual([
    ["c", "in_progress"],
    ["a", "in_progress"],
  ]);
  expect(await titles("doing")).toEqual(["x", "c", "a"]);
});

test("lanes and custom fields are set, filtered and emptied with their owner", async () => {
  const { ann, project, issue } = await createWorld(app, {
    members: { ann: "admin" },
    stages: { todo: ["write", "read"] },
  });
  const lane = await ann.ok("lane.create", { project, name: "Expedite" });
  const field = await ann.ok("field.create", { project, name: "Customer", kind: "select", options: ["Shop"] });
  const at = { project, issue: issue.write };

  await ann.ok("issue.move", { ...at, laneId: lane.id });
  const wrong = await ann.refused("issue.setField", { ...at, fieldId: field.id, value: "Nobody" });
  await ann.ok("issue.setField", { ...at, fieldId: field.id, value: "Shop" });
  const inLane = await ann.ok("issue.list", { project, laneId: lane.id });
  const ofShop = await ann.ok("issue.list", { project, field: { [field.id]: "Shop" } });
  await ann.ok("lane.delete", { project, laneId: lane.id });
  await ann.ok("field.delete", { project, fieldId: field.id });

  expect(wrong.code).toBe("invalid");
  expect(inLane.items.map(({ title }) => title)).toEqual(["write"]);
  expect(ofShop.items.map(({ title }) => title)).toEqual(["write"]);
  expect(await ann.ok("issue.get", at)).toMatchObject({ laneId: null, fields: {} });
});

test("the digest is what a client computes from its cards, and changes with them", async () => {
  const { ann, project, stage, issue } = await createWorld(app, {
    members: { ann: "admin" },
    stages: { todo: ["write", "read"], doing: ["test"] },
  });
  const mine = async () => {
    const { columns } = await ann.ok("board.get", { project, perColumn: 100 });
    return createHash("sha256")
      .update(digestText(columns.flatMap(({ issues }) => issues)))
      .digest("hex");
  };
  const before = await ann.ok("sync.digest", { project });
  const same = await mine();

  await ann.ok("issue.move", { project, issue: issue.write, stageId: stage.doing });
  const after = await ann.ok("sync.digest", { project });

  expect(before.digest).toBe(same);
  expect(after).toEqual({ seq: before.seq + 1, digest: await mine() });
  expect(after.digest).not.toBe(before.digest);
});
