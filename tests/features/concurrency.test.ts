/** Many at once on one project, over two instances: the outcome is that of some order, and every client sees the same. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Ack } from "../../protocol/index.ts";
import { applyEvents, type LiveBoard } from "../../src/client/board.ts";
import { type Client, connect } from "../support/client.ts";
import { createDatabase, type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

let one: Running;
let other: Running;
/** How many statements that change an issue are still let through before one fails. */
let untilFault = Number.POSITIVE_INFINITY;
beforeAll(async () => {
  const databaseUrl = await createDatabase();
  one = await startApp({
    databaseUrl,
    onStatement(text) {
      if (!text.startsWith('update "issues"')) return;
      untilFault -= 1;
      if (untilFault === -1) throw new Error("a fault of the database, made by the test");
    },
  });
  other = await startApp({ databaseUrl });
});
afterAll(async () => {
  await one.close();
  await other.close();
});

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const codeOf = (ack: Ack): string => (ack.ok ? (ack.replayed ? "replayed" : "ok") : ack.error.code);
const codesOf = (acks: Ack[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const ack of acks) counts[codeOf(ack)] = (counts[codeOf(ack)] ?? 0) + 1;
  return counts;
};

type Watcher = { client: Client; from: number; snapshot: LiveBoard };

/** Clients of one user, by turns on either instance, each with a snapshot of the board and what follows. */
async function watch(user: Client, project: string, count: number): Promise<Watcher[]> {
  const watchers = range(1, count).map(async (i) => {
    const client = await connect((i % 2 ? one : other).url, user);
    onTestFinished(() => client.close());
    const { head } = await client.ok("project.subscribe", { project });
    return { client, from: head, snapshot: await client.ok("board.get", { project, perColumn: 100 }) };
  });
  return Promise.all(watchers);
}

/** Every watcher heard everything once and in order, and its board equals the server's. */
async function checkInStep(watchers: Watcher[], { project, stream }: { project: string; stream: string }) {
  const [first] = watchers;
  if (!first) throw new Error("nobody watches");
  const { head } = await first.client.ok("sync.pull", { stream, after: 0 });
  const present = await first.client.ok("board.get", { project, perColumn: 100 });
  for (const { client, from, snapshot } of watchers) {
    if (head > from) await client.caughtUp(stream, head);
    expect(client.heard.map(({ seq }) => seq)).toEqual(range(from + 1, head));
    expect(applyEvents(snapshot, client.heard)).toEqual(present);
  }
  const ranks = present.columns.flatMap(({ issues }) => issues.map(({ stageId, rank }) => `${stageId} ${rank}`));
  expect(new Set(ranks).size).toBe(ranks.length);
  for (const { issues } of present.columns) {
    expect(issues.map(({ rank }) => rank)).toEqual(issues.map(({ rank }) => rank).sort());
  }
}

test("forty clients that move the same ten issues all see the same board", async () => {
  const titles = range(1, 10).map((i) => `issue ${i}`);
  const world = await createWorld(one, { stages: { todo: titles, doing: [], done: [] }, listening: false });
  const { ann, project, stage, issue } = world;
  const watchers = await watch(ann, project, 40);
  const stageIds = Object.values(stage);
  const numbers = Object.values(issue);
  const any = <T>(from: T[]): T => from[Math.floor(Math.random() * from.length)];
  const acks: Ack[] = [];

  for (let round = 1; round <= 4; round += 1) {
    const moves = watchers.map(({ client }) => {
      const [number, neighbour] = [any(numbers), any(numbers)];
      const spot = any([
        {},
        { after: null },
        ...(neighbour === number ? [] : [{ after: neighbour }, { before: neighbour }]),
      ]);
      return client.call("issue.move", { project, issue: number, stageId: any(stageIds), ...spot });
    });
    acks.push(...(await Promise.all(moves)));
  }

  const counts = codesOf(acks);
  expect((counts["ok"] ?? 0) + (counts["not_found"] ?? 0)).toBe(160);
  expect(counts["ok"]).toBeGreaterThan(80);
  await checkInStep(watchers, world);
});

test("a stage with room for one lets exactly one of twenty in", async () => {
  const titles = range(1, 20).map((i) => `issue ${i}`);
  const world = await createWorld(one, { stages: { todo: titles, doing: [] }, listening: false });
  const { ann, project, stage, issue } = world;
  await ann.ok("stage.update", { project, stageId: stage.doing, patch: { wipLimit: 1, wipMode: "block" } });
  const watchers = await watch(ann, project, 20);

  for (let round = 1; round <= 3; round += 1) {
    const acks = await Promise.all(
      watchers.map(({ client }, i) =>
        client.call("issue.move", { project, issue: issue[titles[i]], stageId: stage.doing }),
      ),
    );
    expect(codesOf(acks)).toEqual({ ok: 1, wip_exceeded: 19 });
    const winner = acks.findIndex(({ ok }) => ok);
    await ann.ok("issue.move", { project, issue: issue[titles[winner]], stageId: stage.todo });
  }

  await checkInStep(watchers, world);
});

test("issues created at once are numbered without gaps", async () => {
  const world = await createWorld(one, { listening: false });
  const { ann, project, stage } = world;
  const watchers = await watch(ann, project, 10);

  const created = await Promise.all(
    range(0, 59).map((i) =>
      watchers[i % 10].client.ok("issue.create", { project, title: `issue ${i}`, stageId: stage.doing }),
    ),
  );

  expect(created.map(({ number }) => number).sort((a, b) => a - b)).toEqual(range(1, 60));
  await checkInStep(watchers, world);
});

test.each([
  ["", Number.POSITIVE_INFINITY],
  [", nor does a fault that makes all of it run again", 2],
])("a command that is refused harms none that is sent with it%s", async (_, letThrough) => {
  const titles = range(1, 12).map((i) => `issue ${i}`);
  const world = await createWorld(one, { stages: { todo: titles, doing: [], full: ["in the way"] } });
  const { ann, project, stage, issue } = world;
  await ann.ok("stage.update", { project, stageId: stage.full, patch: { wipLimit: 1 } });
  const [watcher] = await watch(ann, project, 1);
  const commandId = randomUUID();
  const reused = randomUUID();
  const to = (title: string, more: object) => ({ project, issue: issue[title], stageId: stage.doing, ...more });
  const before = (await ann.ok("sync.pull", { stream: world.stream, after: 0 })).head;

  untilFault = letThrough;
  // The first is on its way alone; the others wait for it and share what follows.
  const first = ann.call("issue.move", to("issue 1", {}));
  const burst = {
    valid: ["issue 2", "issue 3", "issue 4", "issue 5"].map((title) => ann.call("issue.move", to(title, {}))),
    nowhere: ["issue 6", "issue 7"].map((title) => ann.call("issue.move", to(title, { stageId: randomUUID() }))),
    full: ["issue 8", "issue 9"].map((title) => ann.call("issue.move", to(title, { stageId: stage.full }))),
    missing: [ann.call("issue.move", to("issue 10", { issue: 999 }))],
    repeated: range(1, 3).map(() => ann.call("issue.move", to("issue 10", { commandId }))),
    reused: ["issue 11", "issue 12"].map((title) => ann.call("issue.move", to(title, { commandId: reused }))),
    created: range(1, 3).map((i) => ann.call("issue.create", { project, title: `new ${i}`, stageId: stage.doing })),
  };
  const outcomes: Record<string, object> = {};
  for (const [kind, calls] of Object.entries(burst)) outcomes[kind] = codesOf(await Promise.all<Ack>(calls));

  expect((await first).ok).toBe(true);
  expect(untilFault === Number.POSITIVE_INFINITY || untilFault < 0).toBe(true);
  expect(outcomes).toEqual({
    valid: { ok: 4 },
    nowhere: { not_found: 2 },
    full: { wip_exceeded: 2 },
    missing: { not_found: 1 },
    repeated: { ok: 1, replayed: 2 },
    reused: { ok: 1, conflict: 1 },
    created: { ok: 3 },
  });
  expect((await ann.ok("sync.pull", { stream: world.stream, after: 0 })).head).toBe(before + 1 + 4 + 1 + 1 + 3);
  await checkInStep([watcher], world);
});

test("inserts into one gap without end keep their order, and ranks get short again", async () => {
  const world = await createWorld(one, { stages: { todo: ["top", "x", "y", "z", "bottom"] }, listening: false });
  const { ann, project, issue, titles } = world;
  const watchers = await watch(ann, project, 4);
  const longest = () =>
    Math.max(...watchers[0].client.heard.map(({ data }) => String((data.changes as { rank: string }).rank).length));

  let last: string[] = [];
  for (let i = 0; i < 300; i += 1) {
    const title = ["x", "y", "z"][i % 3];
    await watchers[i % 4].client.ok("issue.move", { project, issue: issue[title], after: issue.top });
    last = [title, ...last.filter((one) => one !== title)].slice(0, 3);
    if (i % 50 === 49) expect(await titles("todo")).toEqual(["top", ...last, "bottom"]);
  }

  await checkInStep(watchers, world);
  expect(longest()).toBe(41);
  const { columns } = await ann.ok("board.get", { project });
  expect(Math.max(...columns[0].issues.map(({ rank }) => rank.length))).toBeLessThan(20);
});
