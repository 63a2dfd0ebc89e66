/** What is sent is applied once and in order, whatever the network does; or it is said why not. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Client } from "../../src/client/index.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";
import { isLive, join, startNetwork, until } from "./join.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const quiet = { listening: false, stages: { todo: [] } };
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

async function arrive() {
  const world = await createWorld(app, quiet);
  const network = await startNetwork(app);
  const client = join(network.url, { token: world.ann.token });
  await until(client, isLive);
  return { ...world, network, client };
}
const createMany = (client: Client, project: string, count: number) =>
  Promise.all(range(1, count).map((i) => client.issue.create({ project, title: `N${i}` })));
const isCommand = (frame: string) => /^42\d+\["issue\.create"/.test(frame);
const isAnswer = (frame: string) => frame.startsWith("43");
const idOf = (frame: string): string => /"commandId":"([^"]+)"/.exec(frame)?.[1] ?? "";

test("mutations of a project are applied in the order of their calls", async () => {
  const { client, project, titles } = await arrive();

  const issues = await createMany(client, project, 25);

  expect(issues.map(({ number }) => number)).toEqual(range(1, 25));
  expect(await titles("todo")).toEqual(range(1, 25).map((i) => `N${i}`));
});

test("a line that goes dead right after something came is left after one wait for the answer", async () => {
  const { client, network, project } = await arrive();
  let isDead = true;
  let sent = 0;
  network.rule((way, frame) => {
    // Another connection says hello.
    if (frame.startsWith("0")) isDead = false;
    if (!isDead) return "pass";
    if (way === "up") {
      sent += isCommand(frame) ? 1 : 0;
      return "pass";
    }
    // The last thing that comes down it, in the place of the answer.
    return isAnswer(frame) && sent === 1 ? { instead: '42["presence",{"project":"","users":[]}]' } : "drop";
  });

  const issue = await client.issue.create({ project, title: "once" });

  expect([issue.number, sent]).toEqual([1, 1]);
});

test("one project does not wait for another", async () => {
  const { client, network, ann, org, project } = await arrive();
  await ann.ok("project.create", { org, name: "Slow", slug: "slow" });
  network.rule((way, frame) => (way === "up" && frame.includes(`${org}/slow`) ? "drop" : "pass"));

  const stuck = client.send("issue.create", { project: `${org}/slow`, title: "stuck" });
  const issue = await client.issue.create({ project, title: "free" });
  expect(client.state.current.queued).toBe(1);
  network.rule(() => "pass");

  expect(issue.number).toBe(1);
  expect(await stuck).toMatchObject({ ok: true });
});

test("what is sent while offline waits, is counted, and is applied in order afterwards", async () => {
  const { client, network, project, titles } = await arrive();
  const counts: number[] = [];
  client.onQueue((queued) => void counts.push(queued));
  network.refuse();
  await until(client, ({ status }) => status === "offline");

  const creating = createMany(client, project, 5);
  expect(client.state.current).toEqual({ status: "offline", queued: 5 });
  network.admit();
  await creating;

  expect(await titles("todo")).toEqual(range(1, 5).map((i) => `N${i}`));
  expect(counts).toEqual([1, 2, 3, 4, 5, 4, 3, 2, 1, 0]);
});

test.each([
  ["command", "up", isCommand],
  ["answer", "down", isAnswer],
] as const)("a lost %s is made good with the same id, and applied once", async (_, lossy, matches) => {
  const { client, network, project, titles } = await arrive();
  const ids: string[] = [];
  let lost = 0;
  network.rule((way, frame) => {
    if (isCommand(frame)) ids.push(idOf(frame));
    if (way !== lossy || !matches(frame) || lost === 2) return "pass";
    lost += 1;
    return "drop";
  });

  const issue = await client.issue.create({ project, title: "once" });

  expect([lost, ids.length]).toEqual([2, 3]);
  expect(new Set(ids).size).toBe(1);
  expect(await titles("todo")).toEqual(["once"]);
  expect(issue.number).toBe(1);
});

test("a command that arrives twice, and a connection that is cut at each third, change nothing", async () => {
  const { client, network, project, titles } = await arrive();
  let frames = 0;
  network.rule((_, frame) => {
    if (!isCommand(frame) && !isAnswer(frame)) return "pass";
    frames += 1;
    return frames % 3 === 0 ? "cut" : "twice";
  });

  const issues = await createMany(client, project, 12);

  expect(issues.map(({ title }) => title)).toEqual(range(1, 12).map((i) => `N${i}`));
  expect(await titles("todo")).toEqual(range(1, 12).map((i) => `N${i}`));
});

test("a refusal that may pass is waited out for as long as it says, and any other is final", async () => {
  const { client, network, project } = await arrive();
  const sentAt: number[] = [];
  network.rule((way, frame) => {
    if (way === "up" && isCommand(frame)) sentAt.push(performance.now());
    const id = isAnswer(frame) ? /^43(\d+)/.exec(frame)?.[1] : undefined;
    if (id === undefined || sentAt.length !== 1) return "pass";
    const error = { code: "rate_limited", message: "Too fast", status: 429, retryAfterMs: 150 };
    return { instead: `43${id}${JSON.stringify([{ ok: false, error, requestId: "r" }])}` };
  });

  const ack = await client.send("issue.create", { project, title: "patient" });
  const refused = await client.send("issue.create", { project, title: "" });

  expect(ack).toMatchObject({ ok: true, replayed: true });
  expect((sentAt[1] ?? 0) - (sentAt[0] ?? 0)).toBeGreaterThanOrEqual(149);
  expect(refused).toMatchObject({ ok: false, error: { code: "invalid" } });
  expect(sentAt).toHaveLength(3);
});

test("a full queue refuses, and what it holds is still sent", async () => {
  const { ann, project } = await createWorld(app, quiet);
  const network = await startNetwork(app);
  network.refuse();
  const client = join(network.url, { token: ann.token, maxQueued: 3 });

  const acks = range(1, 4).map((i) => client.send("issue.create", { project, title: `N${i}` }));
  expect(await acks[3]).toMatchObject({ ok: false, error: { code: "unavailable", details: { reason: "queue_full" } } });
  network.admit();

  expect((await Promise.all(acks)).map(({ ok }) => ok)).toEqual([true, true, true, false]);
});

test("closing refuses what is left, and whatever comes", async () => {
  const { client, network, project, titles } = await arrive();
  network.rule((way) => (way === "up" ? "drop" : "pass"));

  const calls = range(1, 3).map((i) => client.send("issue.create", { project, title: `N${i}` }));
  calls.push(client.send("issue.create", { project, title: "last" }));
  client.close();

  const closed = { ok: false, error: { code: "unavailable", details: { reason: "closed" } } };
  for (const ack of await Promise.all(calls)) expect(ack).toMatchObject(closed);
  expect(await client.send("org.list", {})).toMatchObject(closed);
  expect(client.state.current).toEqual({ status: "closed", queued: 0 });
  expect(await titles("todo")).toEqual([]);
});

test("what is too big for the server is refused here, and the connection stays", async () => {
  const { client, network, project } = await arrive();

  const ack = await client.send("issue.create", { project, title: "big", description: "é".repeat(40_000) });

  expect(ack).toMatchObject({ ok: false, error: { code: "payload_too_large", status: 413 } });
  expect((await client.issue.create({ project, title: "small" })).number).toBe(1);
  expect(network.connections()).toBe(1);
});

test("what was handed over may be changed afterwards", async () => {
  const { client, network, project } = await arrive();
  network.refuse();
  const input = { project, title: "as it was" };

  const creating = client.issue.create(input);
  input.title = "as it is";
  network.admit();

  expect((await creating).title).toBe("as it was");
});
