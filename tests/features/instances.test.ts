/** Two servers on one database: what one commits, the clients of both hear, once and in order, whatever helps or fails. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, inject, onTestFinished, test, vi } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { createDatabase, startAppForTest } from "../support/harness.ts";
import { startProxy } from "../support/proxy.ts";
import { startRedis } from "../support/redis.ts";
import { createWorld } from "../support/world.ts";

const redisUrl = inject("redisUrl");
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const NEVER_MS = 600_000;

type Options = { redis?: string; pollMs?: number };

/** ann on the one instance and on the other, with a project that both listen to from its first event. */
async function newPair({ redis, pollMs = 1000 }: Options = {}) {
  const databaseUrl = await createDatabase();
  const proxy = await startProxy(databaseUrl);
  const settings = redis === undefined ? {} : { REDIS_URL: redis };
  const one = await startAppForTest({ databaseUrl, settings, pollMs });
  const other = await startAppForTest({ databaseUrl: proxy.url, settings, pollMs });
  onTestFinished(() => proxy.close());
  const { ann, project, stream, issue } = await createWorld(one, {
    stages: { todo: ["a", "b", "c", "d", "e", "f"] },
    listening: false,
  });
  const elsewhere = await connect(other.url, ann);
  onTestFinished(() => elsewhere.close());
  const arrivals = new Map<Client, Map<number, number>>();
  for (const client of [ann, elsewhere]) {
    const times = new Map<number, number>();
    arrivals.set(client, times);
    client.socket.on("events", ({ events }: { events: { seq: number }[] }) => {
      for (const { seq } of events) times.set(seq, performance.now());
    });
  }
  const { head } = await ann.ok("project.subscribe", { project });
  await elsewhere.ok("project.subscribe", { project });
  return { proxy, one, other, ann, elsewhere, project, stream, numbers: Object.values(issue), head, arrivals };
}
type Pair = Awaited<ReturnType<typeof newPair>>;

/**
 * Writes until `during` is over; gives the time of each ack by seq. An instance that writes sees by its own commits what
 * it missed, so tests of what carries events from one to the other write on the one alone.
 */
async function writeDuring(pair: Pair, by: Client[], during: () => Promise<unknown>): Promise<Map<number, number>> {
  const acked = new Map<number, number>();
  let going = true;
  const writers = pair.numbers.map(async (number, i) => {
    const writer = by[i % by.length];
    while (writer && going) {
      const patch = { title: `${number} ${acked.size} ${performance.now()}` };
      const ack = await writer.call("issue.update", { project: pair.project, issue: number, patch });
      if (!ack.ok) throw new Error(JSON.stringify(ack));
      acked.set(ack.seq ?? 0, performance.now());
      await sleep(10);
    }
  });
  await during();
  going = false;
  await Promise.all(writers);
  return acked;
}

/** Every event was acked, and heard by both, in order and once; gives the longest wait of either for an event, in ms. */
async function checkHeard(pair: Pair, acked: Map<number, number>): Promise<number> {
  const last = pair.head + acked.size;
  expect([...acked.keys()].sort((a, b) => a - b)).toEqual(range(pair.head + 1, last));
  for (const client of [pair.ann, pair.elsewhere]) {
    await client.caughtUp(pair.stream, last);
    expect(client.heard.map(({ seq }) => seq)).toEqual(range(pair.head + 1, last));
  }
  const waits = [...pair.arrivals.values()].flatMap((times) =>
    [...times].map(([seq, time]) => time - (acked.get(seq) ?? 0)),
  );
  return Math.max(...waits);
}

test.skipIf(!redisUrl)("Redis alone carries all, in order and once", async () => {
  const pair = await newPair({ redis: redisUrl, pollMs: NEVER_MS });
  pair.proxy.mute("rhythm listen");

  const acked = await writeDuring(pair, [pair.ann], () => sleep(1000));

  expect(await checkHeard(pair, acked)).toBeLessThan(1000);
});

test("the doorbell of Postgres alone carries all, in order and once", async () => {
  const pair = await newPair({ pollMs: NEVER_MS });

  const acked = await writeDuring(pair, [pair.ann], () => sleep(1000));

  expect(await checkHeard(pair, acked)).toBeLessThan(1000);
});

test("the poll alone carries all, at most 2 s late", async () => {
  const pair = await newPair();
  pair.proxy.mute("rhythm listen");

  const acked = await writeDuring(pair, [pair.ann], () => sleep(2500));

  const longest = await checkHeard(pair, acked);
  expect(longest).toBeLessThan(2000);
  // Else something other than the poll has carried it.
  expect(longest).toBeGreaterThan(200);
});

test("listening begins again after its connection was cut", async () => {
  const pair = await newPair({ pollMs: NEVER_MS });
  const listening = async () => {
    const { rows } = await pair.one.parts.database.pool.query(
      "select pid from pg_stat_activity where datname = current_database() and application_name = 'rhythm listen'",
    );
    return rows.map(({ pid }) => pid as number);
  };
  const before = await listening();

  const acked = await writeDuring(pair, [pair.ann], async () => {
    await sleep(200);
    await pair.one.parts.database.pool.query("select pg_terminate_backend(pid) from unnest($1::int[]) as pid", [
      before,
    ]);
    await vi.waitFor(
      async () => expect((await listening()).filter((pid) => !before.includes(pid))).toHaveLength(2),
      10_000,
    );
    await sleep(300);
  });

  expect(before).toHaveLength(2);
  expect(await checkHeard(pair, acked)).toBeLessThan(2000);
});

test.skipIf(!redisUrl).each([
  ["is killed and comes back, and nothing is left but the poll", "kill"],
  ["is silent for a while", "pause"],
] as const)("while Redis %s, both instances hear all, at most 2 s late", async (_, how) => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const pair = await newPair({ redis: redis.url });
  if (how === "kill") pair.proxy.mute("rhythm listen");

  const acked = await writeDuring(pair, how === "kill" ? [pair.ann] : [pair.ann, pair.elsewhere], async () => {
    await sleep(500);
    if (how === "kill") await redis.kill();
    else redis.pause();
    await sleep(4000);
    if (how === "kill") await redis.restart();
    else redis.resume();
    await sleep(1500);
  });

  expect(await checkHeard(pair, acked)).toBeLessThan(2000);
  expect(acked.size).toBeGreaterThan(300);
});

test.skipIf(!redisUrl)("an instance starts, serves and stops while Redis is away", async () => {
  const redis = await startRedis();
  await redis.kill();
  const app = await startAppForTest({ settings: { REDIS_URL: redis.url } });
  const { ann, project, issue } = await createWorld(app, { stages: { todo: ["write"] } });

  const renamed = await ann.call("issue.update", { project, issue: issue.write, patch: { title: "read" } });
  await ann.next("issue.updated");
  const started = performance.now();
  await app.close();

  expect(renamed.ok).toBe(true);
  expect(performance.now() - started).toBeLessThan(3000);
});

test.skipIf(!redisUrl)("an instance stops although Redis went away", async () => {
  const redis = await startRedis();
  const app = await startAppForTest({ settings: { REDIS_URL: redis.url } });
  await redis.kill();
  const started = performance.now();

  await app.close();

  expect(performance.now() - started).toBeLessThan(3000);
});

test("a command id that is sent to both instances at once is applied once", async () => {
  const { ann, elsewhere, project, stream, head, numbers } = await newPair();
  const commandId = randomUUID();
  const input = { project, issue: numbers[0] ?? 0, patch: { title: "once" }, commandId };

  const acks = await Promise.all(range(1, 20).map((i) => (i % 2 ? ann : elsewhere).call("issue.update", input)));
  const other = await elsewhere.refused("issue.update", { ...input, patch: { title: "twice" } });

  expect(other.code).toBe("conflict");
  const answers = acks.map((ack) => (ack.ok ? [ack.data, ack.seq, ack.stream] : [ack.error]));
  expect(answers[0]).toEqual([expect.objectContaining({ title: "once" }), head + 1, stream]);
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  expect(acks.filter((ack) => ack.ok && !ack.replayed)).toHaveLength(1);
  expect((await ann.ok("sync.pull", { stream, after: head })).events).toHaveLength(1);
  await Promise.all([ann, elsewhere].map((client) => client.caughtUp(stream, head + 1)));
});
