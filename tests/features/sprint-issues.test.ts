import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Output } from "../../protocol/index.ts";
import type { Client } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
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

/** A completed sprint in which these issues were. */
async function completed({ ann, project, issue }: World<"ann">, titles: string[]) {
  const { id: sprintId } = await plan(ann, project);
  for (const title of titles) await ann.ok("issue.setSprint", { project, issue: issue[title], sprintId });
  await ann.ok("sprint.start", { project, sprintId });
  await ann.ok("sprint.complete", { project, sprintId });
  return sprintId;
}

test("an issue goes into a sprint, to another, and back to the backlog", async () => {
  const { ann, bob, project, issue } = await createWorld(app, {
    members: { ann: "developer", bob: "viewer" },
    stages: { todo: ["write"] },
  });
  const [one, two] = [await plan(ann, project), await plan(ann, project, "Sprint 2", soon)];
  const set = (sprintId: string | null) => ann.call("issue.setSprint", { project, issue: issue.write, sprintId });

  const acks = [await set(one.id), await set(two.id), await set(two.id.toUpperCase()), await set(null)];

  expect(acks.map((ack) => ack.ok && [ack.data.sprintId, ack.data.version])).toEqual([
    [one.id, 2],
    [two.id, 3],
    [two.id, 3],
    [null, 4],
  ]);
  expect(acks[2]).not.toHaveProperty("seq");
  await bob.next("issue.sprint_changed", ({ data }) => data.version === 4);
  const heard = bob.heard.filter(({ type }) => type === "issue.sprint_changed");
  expect(heard.map(({ data }) => [data.number, data.version, data.changes])).toEqual([
    [issue.write, 2, { sprintId: one.id }],
    [issue.write, 3, { sprintId: two.id }],
    [issue.write, 4, { sprintId: null }],
  ]);
  const { items } = await ann.ok("activity.list", { project, issue: issue.write, type: "issue.sprint_changed" });
  expect(items.map(({ changes }) => changes[0])).toEqual([
    { field: "sprintId", from: two.id, to: null, fromName: "Sprint 2" },
    { field: "sprintId", from: one.id, to: two.id, fromName: "Sprint 1", toName: "Sprint 2" },
    { field: "sprintId", from: null, to: one.id, toName: "Sprint 1" },
  ]);
});

test("epics, completed sprints and deleted issues are refused", async () => {
  const world = await createWorld(app, { stages: { todo: ["write", "read"] } });
  const { ann, project, issue } = world;
  const past = await completed(world, []);
  const { id: sprintId } = await plan(ann, project);
  const epic = await ann.ok("issue.create", { project, title: "All of it", kind: "epic" });
  await ann.ok("issue.delete", { project, issue: issue.read });
  const set = (number: number, to: string | null) =>
    ann.refused("issue.setSprint", { project, issue: number, sprintId: to });

  expect(await set(epic.number, sprintId)).toMatchObject({ code: "invalid" });
  expect(await set(issue.write, past)).toMatchObject({ code: "conflict" });
  expect(await set(issue.write, randomUUID())).toMatchObject({ code: "not_found" });
  expect(await set(issue.read, sprintId)).toMatchObject({ code: "gone" });
  expect(await set(999, sprintId)).toMatchObject({ code: "not_found" });
  expect(await ann.ok("issue.setSprint", { project, issue: epic.number, sprintId: null })).toEqual(epic);
});

test("a finished issue leaves a completed sprint when it is reopened, but does not return", async () => {
  const world = await createWorld(app, { stages: { todo: [], done: ["test"] } });
  const { ann, project, issue, stage } = world;
  const sprintId = await completed(world, ["test"]);
  await ann.ok("issue.move", { project, issue: issue.test, stageId: stage.todo });
  const at = { project, issue: issue.test };

  expect(await ann.ok("issue.setSprint", { ...at, sprintId })).toMatchObject({ sprintId });
  expect(await ann.ok("issue.setSprint", { ...at, sprintId: null })).toMatchObject({ sprintId: null });
  expect(await ann.refused("issue.setSprint", { ...at, sprintId })).toMatchObject({ code: "conflict" });
});

test("the backlog holds what is to be done and in no sprint, in board order", async () => {
  const { ann, project, issue, stage } = await createWorld(app, {
    stages: { todo: ["a", "b", "c", "in sprint", "deleted"], doing: ["d", "e"], done: ["done"], odd: ["f", "g"] },
  });
  const { id: sprintId } = await plan(ann, project);
  await ann.ok("issue.setSprint", { project, issue: issue["in sprint"], sprintId });
  await ann.ok("issue.delete", { project, issue: issue.deleted });
  await ann.ok("issue.create", { project, title: "epic", kind: "epic" });
  await ann.ok("issue.move", { project, issue: issue.c, after: null });
  await ann.ok("stage.delete", { project, stageId: stage.odd });

  const pagesOf = async (limit: number) => {
    const pages: string[][] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page: Output<"backlog.list"> = await ann.ok("backlog.list", { project, cursor, limit });
      pages.push(page.items.map(({ title }) => title));
      cursor = page.nextCursor;
    }
    return pages;
  };

  expect(await pagesOf(2)).toEqual([["c", "a"], ["b", "d"], ["e", "f"], ["g"]]);
  expect(await pagesOf(3)).toEqual([["c", "a", "b"], ["d", "e", "f"], ["g"]]);
  expect(await pagesOf(50)).toEqual([["c", "a", "b", "d", "e", "f", "g"]]);
  const { description: _, ...card } = await ann.ok("issue.get", { project, issue: issue.c });
  expect((await ann.ok("backlog.list", { project })).items[0]).toEqual(card);
});

test("a forged backlog cursor is refused", async () => {
  const { ann, project } = await createWorld(app);
  const forged = ['["x","a",1]', '[0,"a","y"]', "[1,2]"].map((text) => Buffer.from(text).toString("base64url"));

  const refusals = await Promise.all(forged.map((cursor) => ann.refused("backlog.list", { project, cursor })));

  expect(refusals.map(({ code }) => code)).toEqual(["invalid", "invalid", "invalid"]);
});
