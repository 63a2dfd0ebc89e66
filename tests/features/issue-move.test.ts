import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { MAX_RANK_LENGTH } from "../../src/features/issue/rank.ts";
import { type Running, startApp, startAppForTest } from "../support/harness.ts";
import { eventsOf } from "../support/log.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

test("a move lands under the named issue and everyone in the room hears it", async () => {
  const { ann, bob, project, stage, issue, titles, stream } = await createWorld(app, {
    members: { ann: "developer", bob: "viewer" },
    stages: { todo: ["write"], doing: ["read", "test"] },
  });

  const reply = await ann.call("issue.move", { project, issue: issue.write, stageId: stage.doing, after: issue.read });

  expect(reply).toMatchObject({
    ok: true,
    stream,
    data: { stageId: stage.doing, version: 2, status: "in_progress" },
  });
  expect(await titles("doing")).toEqual(["read", "write", "test"]);
  const event = await bob.next("issue.moved");
  expect(event).toMatchObject({ seq: reply.ok ? reply.seq : 0, data: { number: issue.write, version: 2 } });
  expect(event.data["changes"]).toEqual({
    stageId: stage.doing,
    rank: reply.ok && reply.data.rank,
    status: "in_progress",
  });
});

/** Where `moving` stands after each of these moves of it, one after the other. */
test.each([
  ["its own stage", "todo", ["one", "moving", "two", "three"]],
  ["another stage", "doing", ["one", "two", "three"]],
] as const)("in %s an issue goes below, above, on top or to the bottom", async (_, name, column) => {
  const stages = name === "todo" ? { todo: [...column] } : { todo: ["moving"], doing: [...column] };
  const { ann, project, stage, issue, titles } = await createWorld(app, { stages });
  const move = async (place: object) => {
    await ann.ok("issue.move", { project, issue: issue.moving, stageId: stage[name], ...place });
    return titles(name);
  };

  expect(await move({ after: issue.one })).toEqual(["one", "moving", "two", "three"]);
  expect(await move({ after: issue.three })).toEqual(["one", "two", "three", "moving"]);
  expect(await move({ after: null })).toEqual(["moving", "one", "two", "three"]);
  expect(await move({ before: issue.three })).toEqual(["one", "two", "moving", "three"]);
  expect(await move({ before: issue.one })).toEqual(["moving", "one", "two", "three"]);
  expect(await move({ before: issue.one })).toEqual(["moving", "one", "two", "three"]);
  expect(await move({})).toEqual(["one", "two", "three", "moving"]);
});

test("without a stage an issue stays in its own", async () => {
  const { ann, project, issue, titles, stream } = await createWorld(app, {
    stages: { todo: ["other"], doing: ["one", "two"] },
  });

  const events = await eventsOf(ann, stream, () => ann.ok("issue.move", { project, issue: issue.one }));

  expect(await titles("doing")).toEqual(["two", "one"]);
  expect(events).toMatchObject([{ type: "issue.moved", data: { number: issue.one, version: 2 } }]);
  expect(Object.keys(events[0]?.data["changes"] ?? {})).toEqual(["rank"]);
});

test("into an empty stage any place that needs no neighbour will do", async () => {
  const { ann, project, stage, titles } = await createWorld(app, { stages: { todo: ["one", "two"], done: [] } });

  await ann.ok("issue.move", { project, issue: 1, stageId: stage.done, after: null });
  await ann.ok("issue.move", { project, issue: 1, stageId: stage.todo });
  await ann.ok("issue.move", { project, issue: 1, stageId: stage.done });

  expect(await titles("done")).toEqual(["one"]);
});

test("a move within a stage keeps a status that the stage does not have", async () => {
  const { ann, project, stage } = await createWorld(app, { stages: { todo: ["one", "two"], done: [] } });
  await ann.ok("issue.update", { project, issue: 1, patch: { status: "closed" } });

  const within = await ann.ok("issue.move", { project, issue: 1, stageId: stage.todo });
  const across = await ann.ok("issue.move", { project, issue: 1, stageId: stage.done });

  expect([within.status, across.status]).toEqual(["closed", "resolved"]);
});

test("a neighbour that is missing, deleted or in another stage is not found", async () => {
  const { ann, project, stage, issue, titles, stream } = await createWorld(app, {
    stages: { todo: ["moving", "left behind"], doing: ["deleted", "one"] },
  });
  await ann.ok("issue.delete", { project, issue: issue.deleted });
  const into = { project, issue: issue.moving, stageId: stage.doing };

  const events = await eventsOf(ann, stream, async () => {
    for (const neighbour of [99, issue.deleted, issue["left behind"]]) {
      expect(await ann.refused("issue.move", { ...into, after: neighbour })).toMatchObject({ code: "not_found" });
      expect(await ann.refused("issue.move", { ...into, before: neighbour })).toMatchObject({ code: "not_found" });
    }
  });

  expect(events).toEqual([]);
  expect(await titles("todo")).toEqual(["moving", "left behind"]);
});

test("a place that is no place is invalid", async () => {
  const { ann, project } = await createWorld(app, { stages: { todo: ["one", "two", "three"] } });
  const refusal = async (place: object) => (await ann.refused("issue.move", { project, issue: 1, ...place })).code;

  expect(await refusal({ after: 2, before: 3 })).toBe("invalid");
  expect(await refusal({ after: null, before: 3 })).toBe("invalid");
  expect(await refusal({ after: 1 })).toBe("invalid");
  expect(await refusal({ before: 1 })).toBe("invalid");
  expect(await refusal({ before: null })).toBe("invalid");
});

test("unknown stages and issues are not found, deleted and purged issues are gone", async () => {
  const { ann, project } = await createWorld(app, { stages: { todo: ["one", "deleted", "purged"] } });
  const other = await createWorld(app);
  await ann.ok("issue.delete", { project, issue: 2 });
  await ann.ok("issue.purge", { project, issue: 3 });
  const refusal = async (move: { issue: number; stageId?: string }) =>
    (await ann.refused("issue.move", { project, ...move })).code;

  expect(await refusal({ issue: 1, stageId: other.stage.todo ?? "" })).toBe("not_found");
  expect(await refusal({ issue: 1, stageId: "5b0c7c7e-2c4f-4d0c-9c51-6a3c1d7a9e10" })).toBe("not_found");
  expect(await refusal({ issue: 4 })).toBe("not_found");
  expect(await refusal({ issue: 2 })).toBe("gone");
  expect(await refusal({ issue: 3 })).toBe("gone");
});

test("the history of a move names the stages, and a move within a stage has nothing to tell", async () => {
  const { ann, bob, project, stage } = await createWorld(app, {
    members: { ann: "developer", bob: "viewer" },
    stages: { todo: ["one", "two"], doing: [] },
  });
  await ann.ok("issue.move", { project, issue: 1 });
  await ann.ok("issue.move", { project, issue: 1, stageId: stage.doing });

  const { items } = await bob.ok("activity.list", { project, issue: 1, type: "issue.moved" });

  expect(items.map(({ changes }) => changes)).toEqual([
    [
      { field: "status", from: "open", to: "in_progress" },
      { field: "stageId", from: stage.todo, to: stage.doing, fromName: "todo", toName: "doing" },
    ],
    [],
  ]);
});

test("forty moves at once to one spot are forty ranks and forty events", async () => {
  const names = Array.from({ length: 40 }, (_, i) => `issue ${i}`);
  const { ann, bob, project, stage, issue, titles, stream } = await createWorld(app, {
    members: { ann: "developer", bob: "developer" },
    stages: { todo: names, doing: ["anchor"] },
  });

  const events = await eventsOf(ann, stream, () =>
    Promise.all(
      names.map((name, i) =>
        (i % 2 ? ann : bob).ok("issue.move", {
          project,
          issue: issue[name],
          stageId: stage.doing,
          after: issue.anchor,
        }),
      ),
    ),
  );

  const inOrder = events.map(({ data }) => names[Number(data["number"]) - 1]);
  expect(await titles("doing")).toEqual(["anchor", ...inOrder.toReversed()]);
});

test("a rank grown too long is spread with its neighbours: same order, short ranks, told as moves without a history", async () => {
  const { ann, bob, project, stage, issue, titles } = await createWorld(app, {
    members: { ann: "developer", bob: "viewer" },
    stages: { todo: ["a", "b", "c", "d", "e"] },
  });
  const long = "a0".padEnd(MAX_RANK_LENGTH, "V");
  const { pool } = app.parts.database;
  await pool.query("update issues set rank = $2 || number where stage_id = $1", [stage.todo, long]);

  const reply = await ann.call("issue.move", { project, issue: issue.e, after: issue.a });

  expect(await titles("todo")).toEqual(["a", "e", "b", "c", "d"]);
  const { items } = await ann.ok("issue.list", { project, sort: "rank" });
  expect(items.map(({ rank }) => rank)).toEqual(["a0", "a1", "a2", "a3", "a4"]);
  expect(items.map(({ version }) => version)).toEqual([1, 2, 1, 1, 1]);
  for (const { number, rank } of items) {
    await bob.next(
      "issue.moved",
      ({ data }) => data["number"] === number && isDeepStrictEqual(data["changes"], { rank }),
    );
  }
  const { items: history } = await ann.ok("activity.list", { project, type: "issue.moved" });
  expect(history.map(({ seq }) => seq)).toEqual([reply.ok && reply.seq]);
});

test("moved to one place again and again, an issue keeps a short rank", async () => {
  const { ann, project, issue } = await createWorld(app, { stages: { todo: ["one", "moving", "two"] } });
  const move = async (place: object) => (await ann.ok("issue.move", { project, issue: issue.moving, ...place })).rank;
  const ranks: string[] = [];

  for (let i = 0; i < 30; i += 1) ranks.push(await move(i % 2 ? { after: issue.one } : { before: issue.two }));

  expect(new Set(ranks).size).toBe(1);
});

test("a move is six statements, and an event of less than 350 bytes", async () => {
  const statements: string[] = [];
  const quiet = { pollMs: 3_600_000, headEveryMs: 3_600_000, sweepMs: null };
  const { ann, project, stage, issue } = await createWorld(
    await startAppForTest({ onStatement: (text) => statements.push(text), ...quiet }),
    { stages: { todo: ["moving"], doing: ["one", "two"] } },
  );
  statements.length = 0;

  await ann.ok("issue.move", { project, issue: issue.moving, stageId: stage.doing, after: issue.one });

  expect(statements.slice(statements.indexOf("begin"))).toHaveLength(6);
  const { stream: _, epoch: __, ...event } = await ann.next("issue.moved");
  expect(JSON.stringify(event).length).toBeLessThan(350);
});
