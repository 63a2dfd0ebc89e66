import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../support/client.ts";
import { type Running, startApp, startAppForTest } from "../support/harness.ts";
import { eventsOf } from "../support/log.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

type Limit = { wipLimit: number | null; wipMode?: "warn" | "block" };

/** todo holds one, two and deleted; doing holds three and has the limit. */
async function createLimited(limit: Limit) {
  const world = await createWorld(app, { stages: { todo: ["one", "two", "deleted"], doing: ["three"] } });
  const { ann, project, stage, issue } = world;
  await ann.ok("issue.move", { project, issue: issue.deleted, stageId: stage.doing });
  await ann.ok("issue.delete", { project, issue: issue.deleted });
  await ann.ok("stage.update", { project, stageId: stage.doing, patch: limit });
  return world;
}

test("a full stage that blocks takes no issue, however it comes", async () => {
  const { ann, project, stage, issue, titles, stream } = await createLimited({ wipLimit: 1 });
  const { one, deleted } = issue;

  const events = await eventsOf(ann, stream, async () => {
    for (const refusal of [
      await ann.refused("issue.create", { project, title: "new", stageId: stage.doing }),
      await ann.refused("issue.move", { project, issue: one, stageId: stage.doing, after: null }),
      await ann.refused("issue.update", { project, issue: one, patch: { status: "in_progress", title: "No" } }),
      await ann.refused("issue.restore", { project, issue: deleted }),
      await ann.refused("stage.delete", { project, stageId: stage.todo, moveTo: stage.doing }),
    ]) {
      expect(refusal).toMatchObject({
        code: "wip_exceeded",
        status: 409,
        details: { stageId: stage.doing, wipLimit: 1 },
      });
    }
  });

  expect(events).toEqual([]);
  expect(await titles("doing")).toEqual(["three"]);
  expect(await titles("todo")).toEqual(["one", "two"]);
});

test.each<[string, Limit]>([
  ["only warns", { wipLimit: 1, wipMode: "warn" }],
  ["has no limit", { wipLimit: null, wipMode: "block" }],
  ["has just enough room", { wipLimit: 5, wipMode: "block" }],
])("a stage that %s takes them all", async (_, limit) => {
  const { ann, project, stage, issue, titles } = await createLimited(limit);

  await ann.ok("issue.create", { project, title: "new", stageId: stage.doing });
  await ann.ok("issue.update", { project, issue: issue.one, patch: { status: "in_progress" } });
  await ann.ok("issue.restore", { project, issue: issue.deleted });
  await ann.ok("stage.delete", { project, stageId: stage.todo, moveTo: stage.doing });

  expect(await titles("doing")).toEqual(["three", "new", "one", "deleted", "two"]);
});

test("a stage takes all issues of another or none", async () => {
  const { ann, project, stage, titles } = await createLimited({ wipLimit: 2 });

  const refusal = await ann.refused("stage.delete", { project, stageId: stage.todo, moveTo: stage.doing });

  expect(refusal).toMatchObject({ code: "wip_exceeded" });
  expect(await titles("todo")).toEqual(["one", "two"]);
});

test("an empty stage is deleted into a full one", async () => {
  const { ann, project, stage } = await createLimited({ wipLimit: 1 });
  const { id: empty } = await ann.ok("stage.create", { project, name: "empty", status: "open" });

  await ann.ok("stage.delete", { project, stageId: empty, moveTo: stage.doing });
});

test("issues move within a full stage, leave it, and make room", async () => {
  const { ann, project, stage, issue, titles } = await createLimited({ wipLimit: 1 });

  await ann.ok("issue.move", { project, issue: issue.three, stageId: stage.doing, after: null });
  await ann.ok("issue.move", { project, issue: issue.three, stageId: stage.todo });
  await ann.ok("issue.move", { project, issue: issue.one, stageId: stage.doing });

  expect(await titles("doing")).toEqual(["one"]);
});

test("a limit below what stands there sends nobody away", async () => {
  const { ann, project, stage, issue } = await createLimited({ wipLimit: null });
  await ann.ok("issue.move", { project, issue: issue.one, stageId: stage.doing });

  const limited = await ann.ok("stage.update", { project, stageId: stage.doing, patch: { wipLimit: 1 } });
  const refusal = await ann.refused("issue.move", { project, issue: issue.two, stageId: stage.doing });

  expect(limited).toMatchObject({ wipLimit: 1, wipMode: "block" });
  expect(refusal).toMatchObject({ code: "wip_exceeded" });
});

test("without a stage named, a full first stage refuses new issues", async () => {
  const { ann, project, stage } = await createWorld(app, { stages: { todo: ["one"], doing: [] } });
  await ann.ok("stage.update", { project, stageId: stage.todo, patch: { wipLimit: 1 } });

  expect(await ann.refused("issue.create", { project, title: "two" })).toMatchObject({ code: "wip_exceeded" });
});

test("under concurrent moves over two instances a stage takes exactly what it may", async () => {
  const names = Array.from({ length: 30 }, (_, i) => `issue ${i}`);
  const { ann, project, stage, issue, titles } = await createWorld(app, { stages: { todo: names, doing: [] } });
  const second = await startAppForTest({ databaseUrl: app.databaseUrl });
  const again = await connect(second.url, ann);
  await ann.ok("stage.update", { project, stageId: stage.doing, patch: { wipLimit: 7 } });

  const replies = await Promise.all(
    names.map((name, i) =>
      (i % 2 ? ann : again).call("issue.move", { project, issue: issue[name], stageId: stage.doing }),
    ),
  );

  const codes = replies.map((reply) => (reply.ok ? "ok" : reply.error.code));
  expect(codes.filter((code) => code === "ok")).toHaveLength(7);
  expect(codes.filter((code) => code === "wip_exceeded")).toHaveLength(23);
  expect(await titles("doing")).toHaveLength(7);
  again.close();
});
