/** Reactions over several instances: whatever stops in the middle, each event is told once, and all are told. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test, vi } from "vitest";
import { connect } from "../support/client.ts";
import { createDatabase, type Running, startApp, startAppForTest } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

vi.setConfig({ testTimeout: 60_000 });
const sweepMs = 100;
const BURST = 200;

/** Ann's issue, which bob comments on; ann listens to her own stream on the instance that stays. */
async function open(app: Running, stays: Running) {
  const world = await createWorld(app, { members: { ann: "developer", bob: "developer" } });
  const { ann, project } = world;
  const { number: issue } = await ann.ok("issue.create", { project, title: "cart" });
  const hears = await connect(stays.url, ann);
  onTestFinished(() => hears.close());
  await hears.ok("user.subscribe", {});
  return { ...world, hears, issue };
}

type Facts = { commented: number[]; notified: number[]; announced: string[]; ids: string[] };

/** Which comments there are, which of them were notified, and which notifications ann's stream announced. */
async function factsOf(app: Running, { stream, userId }: { stream: string; userId: string }): Promise<Facts> {
  const { rows } = await app.parts.database.pool.query(
    `select
      (select array_agg(seq order by seq) from events where stream = $1 and type = 'comment.created') as commented,
      (select array_agg(seq order by seq) from notifications where stream = $1 and user_id = $2) as notified,
      (select array_agg(data #>> '{notification,id}' order by seq) from events
        where stream = 'user:' || $2 and type = 'notification.created') as announced,
      (select array_agg(id::text order by created_at, seq) from notifications where user_id = $2) as ids`,
    [stream, userId],
  );
  const facts = rows[0] as { [K in keyof Facts]: Facts[K] | null };
  const { commented, notified, announced, ids } = facts;
  const numbers = (list: unknown[] | null) => (list ?? []).map(Number);
  return { commented: numbers(commented), notified: numbers(notified), announced: announced ?? [], ids: ids ?? [] };
}

/** Waits until the last comment was notified, then compares all. */
async function expectToldOnce(app: Running, of: { stream: string; userId: string }, atLeast: number): Promise<void> {
  const facts = await vi.waitUntil(
    async () => {
      const now = await factsOf(app, of);
      return now.notified.length >= now.commented.length && now;
    },
    { timeout: 20_000, interval: 50 },
  );
  expect(facts.commented.length).toBeGreaterThanOrEqual(atLeast);
  expect(facts.notified).toEqual(facts.commented);
  expect(facts.announced).toEqual(facts.ids);
}

test("two instances tell each of 200 events once, though one is closed in the middle", async () => {
  const two = await startAppForTest({ sweepMs });
  const one = await startApp({ sweepMs, databaseUrl: two.databaseUrl });
  const { ann, bob, hears, project, issue, stream } = await open(one, two);
  const bobOnTwo = await connect(two.url, bob);
  onTestFinished(() => bobOnTwo.close());

  const sent = Array.from({ length: BURST }, (_, i) =>
    (i % 2 ? bob : bobOnTwo).call("comment.add", { project, issue, body: `${i}` }).catch(() => undefined),
  );
  await hears.next("notification.created");
  await one.close();
  const acks = await Promise.all(sent);

  const done = acks.filter((ack) => ack?.ok).length;
  expect(done).toBeGreaterThan(BURST / 2);
  await expectToldOnce(two, { stream, userId: ann.userId }, done);
  expect([...one.complaints, ...two.complaints]).toEqual([]);
});

test("an instance that is killed in the middle leaves nothing untold and nothing told twice", async () => {
  const stays = await startAppForTest({ sweepMs });
  const { ann, bob, project, issue, stream } = await open(stays, stays);
  const killed = spawn(process.execPath, ["--import", "tsx", "src/main.ts"], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    env: {
      ...process.env,
      PORT: "0",
      DATABASE_URL: stays.databaseUrl,
      JWT_SECRET: "for-tests-only-".repeat(3),
      RATE_LIMIT_COMMANDS_PER_SECOND: "0",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void killed.kill("SIGKILL"));
  let said = "";
  const url = await new Promise<string>((resolve) => {
    killed.stdout.on("data", (text: Buffer) => {
      said += text;
      const ready = /"address":"([^"]+)".*"msg":"ready"/.exec(said);
      if (ready?.[1]) resolve(ready[1]);
    });
  });
  const bobThere = await connect(url, { userId: bob.userId, token: bob.token });

  let acked = 0;
  const sendUntilCut = async (): Promise<void> => {
    while (bobThere.socket.connected) {
      const ack = await bobThere.socket.timeout(3000).emitWithAck("comment.add", { project, issue, body: `${acked}` });
      if (!ack.ok) throw new Error(`refused: ${ack.error.code}`);
      acked += 1;
      if (acked === 2 * BURST) killed.kill("SIGKILL");
    }
  };
  const senders = Promise.allSettled(Array.from({ length: 20 }, sendUntilCut));
  await once(killed, "exit");
  const { notified } = await factsOf(stays, { stream, userId: ann.userId });
  await senders;

  expect(notified.length).toBeGreaterThan(0);
  await expectToldOnce(stays, { stream, userId: ann.userId }, acked);
  bobThere.close();
});

test("the sweep tells of events that nobody was woken for", async () => {
  const silent = await startAppForTest({ sweepMs: null });
  const { ann, bob, hears, project, issue, stream } = await open(silent, silent);
  for (const body of ["one", "two"]) await bob.ok("comment.add", { project, issue, body });
  expect((await ann.ok("notification.list", {})).items).toEqual([]);

  const late = await startAppForTest({ sweepMs, databaseUrl: silent.databaseUrl });

  await hears.next("notification.created");
  await expectToldOnce(late, { stream, userId: ann.userId }, 2);
  await bob.ok("comment.add", { project, issue, body: "three" });
  await expectToldOnce(late, { stream, userId: ann.userId }, 3);
});

test("what is told late is told as it was then", async () => {
  const silent = await startAppForTest({ sweepMs: null });
  const members = { ann: "developer", bob: "reporter", eve: "viewer" } as const;
  const { ann, bob, eve, project } = await createWorld(silent, { members });
  const { number: issue, key } = await ann.ok("issue.create", { project, title: "cart", description: "@bob" });
  await ann.ok("issue.update", { project, issue, patch: { description: "@eve" } });
  await ann.ok("issue.update", { project, issue, patch: { description: "nobody", title: "Cart" } });
  await eve.ok("issue.watch", { project, issue });
  await bob.ok("comment.add", { project, issue, body: "hm" });

  await startAppForTest({ sweepMs, databaseUrl: silent.databaseUrl });

  await vi.waitUntil(async () => (await ann.ok("notification.list", {})).items.length > 0);
  const toldTo = async (who: typeof ann) =>
    (await who.ok("notification.list", {})).items.map(({ summary }) => summary).reverse();
  expect(await toldTo(bob)).toEqual([`ann mentioned you in ${key}`]);
  expect(await toldTo(eve)).toEqual([`ann mentioned you in ${key}`, `bob commented on ${key}`]);
});

test("a reaction that fails is tried again, and an event that always fails is passed over", async () => {
  const app = await startAppForTest({ sweepMs });
  const { ann, bob, project, issue, stream } = await open(app, app);
  const { pool } = app.parts.database;
  await pool.query("alter table notifications rename to away");
  for (const body of ["one", "two", "three"]) await bob.ok("comment.add", { project, issue, body });
  await vi.waitUntil(() => app.complaints.length > 0);
  await pool.query("alter table away rename to notifications");
  await expectToldOnce(app, { stream, userId: ann.userId }, 3);

  await pool.query("alter table notifications add check (summary not like '%resolved')");
  await bob.ok("comment.add", { project, issue, body: "four" });
  await bob.ok("issue.update", { project, issue, patch: { status: "resolved" } });
  await bob.ok("comment.add", { project, issue, body: "five" });

  await expectToldOnce(app, { stream, userId: ann.userId }, 5);
  expect(app.complaints.filter(({ msg }) => String(msg).includes("skipped"))).toHaveLength(1);
});

test("two instances on a fresh project do not fight over it", async () => {
  const one = await startAppForTest({ sweepMs: 20 });
  const two = await startAppForTest({ sweepMs: 20, databaseUrl: one.databaseUrl });
  const world = await open(one, two);
  const bobOnTwo = await connect(two.url, world.bob);
  onTestFinished(() => bobOnTwo.close());
  const { project, issue, stream, ann, bob } = world;

  for (let i = 0; i < 60; i += 1) {
    await (i % 2 ? bob : bobOnTwo).ok("comment.add", { project, issue, body: `${i}` });
  }

  await expectToldOnce(two, { stream, userId: ann.userId }, 60);
  expect([...one.complaints, ...two.complaints]).toEqual([]);
});

test("a database made by hand is told of from its present on", async () => {
  const databaseUrl = await createDatabase();
  const silent = await startAppForTest({ sweepMs: null, databaseUrl });
  const { ann, bob, project, issue, stream } = await open(silent, silent);
  await bob.ok("comment.add", { project, issue, body: "long ago" });
  await silent.parts.database.pool.query("insert into positions select 'notifications', id, seq from streams");

  await startAppForTest({ sweepMs, databaseUrl });
  await bob.ok("comment.add", { project, issue, body: "now" });

  const facts = await vi.waitUntil(async () => {
    const now = await factsOf(silent, { stream, userId: ann.userId });
    return now.notified.length > 0 && now;
  });
  expect(facts.notified).toEqual(facts.commented.slice(1));
});
