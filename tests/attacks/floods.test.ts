/** Too much and too big: whoever sends it is limited or cut off, and nobody else waits for it. */
import { once } from "node:events";
import { request } from "node:http";
import { connect as openTcp } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { connectRaw, openRaw } from "../support/raw-socket.ts";
import { createUser, createWorld } from "../support/world.ts";
import { countRows, faultsIn, openTarget, quantile, report, size, type Target, tally } from "./target.ts";

/** As they are when nobody sets them. */
const usual = { RATE_LIMIT_COMMANDS_PER_SECOND: "20", RATE_LIMIT_COMMANDS_BURST: "60" };

let target: Target;
beforeAll(async () => {
  target = await openTarget(usual);
});
afterAll(async () => {
  expect(faultsIn(target.said())).toEqual([]);
  expect(await target.stop()).toBe(0);
});

/** Each asks twice a second until stopped; gives how long the answers took, in ms. */
function workOn(people: Client[], project: string): () => Promise<number[]> {
  let going = true;
  const waits: number[] = [];
  const working = people.map(async (person, i) => {
    await sleep(i * 50);
    for (let round = 0; going; round += 1) {
      const asked = performance.now();
      await person.ok("issue.create", { project, title: `${i} ${round}` });
      waits.push(performance.now() - asked);
      await sleep(100);
    }
  });
  return async () => {
    going = false;
    await Promise.all(working);
    return waits;
  };
}

async function openScene() {
  const { ann, project } = await createWorld(target.near, { listening: false });
  const people = await Promise.all(Array.from({ length: 10 }, () => connect(target.url, ann)));
  for (const person of people) await person.ok("project.subscribe", { project });
  onTestFinished(() => {
    for (const person of people) person.close();
  });
  return { ann, project, people };
}

test("one socket that sends 10,000 messages a second gets 20, and others their answers", {
  timeout: 180_000,
}, async () => {
  const { project, people } = await openScene();
  const seconds = size(3, 20);
  const quiet = workOn(people, project);
  await sleep(seconds * 500);
  const before = await quiet();
  const pest = await connectRaw(target.url, (await createUser(target.near, "pest")).token);
  onTestFinished(() => pest.ws.terminate());
  const during = workOn(people, project);
  const started = performance.now();

  let sent = 0;
  for (let tick = 0; tick < seconds * 100; tick += 1) {
    for (; sent < (tick + 1) * 100; sent += 1) pest.ws.send(`42${sent}["session.whoami",{}]`);
    await sleep(Math.max(0, started + tick * 10 - performance.now()));
  }
  const took = (performance.now() - started) / 1000;
  const after = await during();

  const answered = pest.received.filter((frame) => frame.startsWith("43"));
  const answers = tally(answered.map((frame) => /"code":"(\w+)"/.exec(frame)?.[1] ?? "ok"));
  report("S4 flood of one socket", {
    perSecond: Math.round(sent / took),
    sent,
    answers,
    quietP95: quantile(before, 0.95),
    floodP95: quantile(after, 0.95),
  });
  const { ok = 0, rate_limited: limited = 0, ...others } = answers;
  expect(others).toEqual({});
  expect(ok).toBeGreaterThanOrEqual(60);
  expect(ok).toBeLessThanOrEqual(60 + 20 * (took + 1));
  expect(limited).toBeGreaterThan(100);
  const metrics = await (await fetch(`${target.url}/metrics`)).text();
  expect(Number(/^rhythm_sockets_paused_total (\d+)/m.exec(metrics)?.[1])).toBeGreaterThan(0);
});

test("sockets that never say who they are are closed within 10 s, and others do not notice", {
  timeout: 120_000,
}, async () => {
  const { project, people } = await openScene();
  const count = size(250, 1000);
  const stop = workOn(people, project);
  const open = Array.from({ length: count }, async () => {
    const raw = await openRaw(target.url);
    const opened = performance.now();
    await raw.closed;
    return performance.now() - opened;
  });

  const lasted = await Promise.all(open);
  const waits = await stop();

  const longest = Math.round(Math.max(...lasted) / 100) / 10;
  report("S4 unauthenticated sockets", { count, longestSeconds: longest, othersP95Ms: quantile(waits, 0.95) });
  expect(longest).toBeLessThanOrEqual(10);
});

test("messages that are too big close the connection that sends them, whatever they announce", async () => {
  const { token } = await createUser(target.near, "pest");
  const warm = target.memory() ?? 0;
  const sizes = { "64 KiB and one byte": 65_537, "1 MB": 1e6, "100 MB": 1e8 };
  for (const bytes of Object.values(sizes)) {
    for (const binary of [false, true]) {
      const raw = await connectRaw(target.url, token);
      raw.ws.send(Buffer.alloc(bytes, "4"), { binary });
      await raw.closed;
    }
  }
  // In pieces of 60 KB, each below the limit.
  const raw = await connectRaw(target.url, token);
  for (let i = 0; i < 1000 && raw.isOpen(); i += 1) {
    raw.ws.send("4".repeat(60_000), { fin: false });
    await sleep(0);
  }
  await raw.closed;
  const growthMb = (target.memory() ?? 0) - warm;
  report("S3 big frames", { growthMb });

  expect(growthMb).toBeLessThan(80);
});

test("a batch of small packets as big as one big packet is no way around the limits", async () => {
  const { token } = await createUser(target.near, "pest");
  const raw = await connectRaw(target.url, token);
  onTestFinished(() => raw.ws.close());

  for (let i = 0; i < 2000; i += 1) raw.ws.send(`42${i}["session.whoami",{}]`);

  await raw.frame(/^431999/);
  const refused = raw.received.filter((frame) => frame.includes('"rate_limited"')).length;
  expect(refused).toBeGreaterThan(1500);
});

test("long values and long lists are refused, and write nothing", async () => {
  const { ann, project } = await createWorld(target.near, { stages: { todo: ["one"] }, listening: false });
  const { token } = ann;
  const pest = await connect(target.url, ann);
  onTestFinished(() => pest.close());
  const ids = (count: number) => Array.from({ length: count }, () => "0f8fad5b-d9cb-469f-a165-70867728950e");
  const before = await countRows(target);
  const overHttp = async (name: string, body: object) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const text = JSON.stringify(body);
    return (await fetch(`${target.url}/api/v1/commands/${name}`, { method: "POST", headers, body: text })).status;
  };

  const codes = [
    await pest.refused("issue.create", { project, title: "x".repeat(60_000) }),
    await pest.refused("issue.setTags", { project, issue: 1, tagIds: ids(1500) }),
    await pest.refused("issue.create", { project, title: "x", assigneeIds: ids(1500) }),
    await pest.refused("issue.bulk", {
      project,
      issues: Array.from({ length: 10_000 }, (_, i) => i + 1),
      patch: { priority: "major" },
    }),
    await pest.refused("comment.add", { project, issue: 1, body: "x".repeat(20_001) }),
    await pest.refused("issue.list", { project, q: "a ".repeat(20_000) }),
  ].map(({ code }) => code);
  const statuses = [
    await overHttp("issue.create", { project, title: "x".repeat(1_000_000) }),
    await overHttp("issue.setTags", { project, issue: 1, tagIds: ids(10_000) }),
    await overHttp("draft.save", { payload: { text: "x".repeat(5_000_000) } }),
    await overHttp("draft.save", { payload: Object.fromEntries(ids(9000).map((id, i) => [`${i}`, id])) }),
  ];

  expect(new Set(codes)).toEqual(new Set(["invalid"]));
  expect(statuses).toEqual([413, 413, 413, 413]);
  expect(await countRows(target)).toEqual(before);
});

test("bodies of 100 MB are not read, with a length or in chunks", async () => {
  const { token } = await createUser(target.near, "pest");
  const warm = target.memory() ?? 0;
  const path = "/api/v1/commands/org.create";
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  for (const length of [{ "content-length": "100000000" }, {}]) {
    const asked = request(`${target.url}${path}`, { method: "POST", headers: { ...headers, ...length } });
    asked.on("error", () => undefined);
    const answered = once(asked, "response");
    for (let i = 0; i < 20; i += 1) asked.write("x".repeat(65_536));
    const [response] = await answered;
    expect(response.statusCode).toBe(413);
    asked.destroy();
  }
  report("S3 big bodies", { growthMb: (target.memory() ?? 0) - warm });
});

test("a thousand connections that only open and close again leave nothing behind", async () => {
  const port = Number(new URL(target.url).port);
  const open = async () => {
    const metrics = await (await fetch(`${target.url}/metrics`)).text();
    return [/^rhythm_sockets (\d+)/m, /^rhythm_subscriptions (\d+)/m].map((line) => line.exec(metrics)?.[1]);
  };
  const handles = async () => {
    const metrics = await (await fetch(`${target.url}/metrics`)).text();
    return Number(/^rhythm_process_open_fds (\d+)/m.exec(metrics)?.[1] ?? 0);
  };
  const [before, handlesBefore] = [await open(), await handles()];
  const { token } = await createUser(target.near, "pest");

  for (let i = 0; i < 1000; i += 20) {
    await Promise.all(
      Array.from({ length: 20 }, async (_, j) => {
        if (j === 0) (await connectRaw(target.url, token)).ws.terminate();
        else if (j < 4) (await openRaw(target.url)).ws.terminate();
        else {
          const tcp = openTcp(port, "127.0.0.1");
          await once(tcp, "connect");
          tcp.destroy();
        }
      }),
    );
  }

  await expect.poll(open, { timeout: 10_000 }).toEqual(before);
  await expect.poll(handles, { timeout: 10_000 }).toBeLessThan(handlesBefore + 20);
});
