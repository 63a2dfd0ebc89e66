import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { Server } from "socket.io";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test, vi } from "vitest";
import { createMetrics } from "../../src/kernel/metrics.ts";
import { openRelay } from "../../src/realtime/relay.ts";
import { type Client, connect } from "../support/client.ts";
import { type Running, startApp, startAppForTest } from "../support/harness.ts";
import { startRedis } from "../support/redis.ts";
import { createWorld } from "../support/world.ts";

const statements: string[] = [];
let app: Running;
beforeAll(async () => {
  app = await startApp({ onStatement: (text) => statements.push(text) });
});
afterAll(() => app.close());

const members = { ann: "developer", bob: "viewer", cid: "developer", dan: "outsider" } as const;
const team = (on = app) => createWorld(on, { members, stages: { todo: ["write", "read"] } });

type Present = { userId: string; name: string; issue?: number; state: string };
const usersOf = (push: Record<string, unknown>) => push["users"] as Present[];
const lists = (client: Client) =>
  client.pushes.filter(({ name }) => name === "presence").map(({ data }) => usersOf(data));
/** The next list in which exactly these people are. */
const seesOnly = async (client: Client, ...names: string[]) => {
  const wanted = names.toSorted().join();
  const push = await client.nextPush("presence", (data) => {
    const names = usersOf(data).map(({ name }) => name);
    return names.toSorted().join() === wanted;
  });
  return usersOf(push);
};

test("the room hears who looks at what", async () => {
  const { ann, bob, project } = await team();

  expect(await ann.ok("presence.set", { project, issue: 1, state: "typing" })).toEqual({});

  const push = await bob.nextPush("presence");
  expect(push).toEqual({ project, users: [{ userId: ann.userId, name: "ann", issue: 1, state: "typing" }] });
  expect(await seesOnly(ann, "ann")).toHaveLength(1);
});

test("everyone is in the list once, by what they said last", async () => {
  const { ann, bob, cid, project } = await team();
  const tab = await connect(app.url, cid);
  onTestFinished(() => tab.close());

  await cid.ok("presence.set", { project, issue: 1, state: "viewing" });
  await ann.ok("presence.set", { project, state: "viewing" });
  await tab.ok("presence.set", { project, issue: 2, state: "dragging" });

  const push = await bob.nextPush("presence", (data) => JSON.stringify(data).includes("dragging"));
  expect(usersOf(push).toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
    { userId: ann.userId, name: "ann", state: "viewing" },
    { userId: cid.userId, name: "cid", issue: 2, state: "dragging" },
  ]);
});

test("it is neither numbered nor written, and the name is looked up once", async () => {
  const { ann, bob, project, stream } = await team();
  const before = await ann.ok("sync.pull", { stream, after: 0 });
  await ann.ok("presence.set", { project, state: "viewing" });

  statements.length = 0;
  for (const state of ["typing", "dragging", "viewing"] as const) await ann.ok("presence.set", { project, state });
  const sent = statements.filter((text) => /display_name|insert|update/.test(text));

  await bob.nextPush("presence");
  expect(sent).toEqual([]);
  expect((await ann.ok("sync.pull", { stream, after: 0 })).head).toBe(before.head);
  expect(bob.heard.filter(({ type }) => type.startsWith("presence"))).toEqual([]);
});

test("a room hears at most one list a second, the last one too", async () => {
  const { ann, bob, project } = await team();
  const started = performance.now();

  for (let issue = 1; issue <= 200; issue += 1) await ann.ok("presence.set", { project, issue, state: "viewing" });

  await bob.nextPush("presence", (data) => usersOf(data)[0]?.issue === 200);
  const seconds = (performance.now() - started) / 1000;
  expect(lists(bob).length).toBeLessThanOrEqual(Math.floor(seconds) + 2);
});

test("who says the same again does not make the server repeat it", async () => {
  const { ann, bob, cid, project } = await team();
  await ann.ok("presence.set", { project, issue: 1, state: "viewing" });
  await seesOnly(bob, "ann");

  for (let i = 0; i < 20; i += 1) await ann.ok("presence.set", { project, issue: 1, state: "viewing" });
  await cid.ok("presence.set", { project, state: "viewing" });

  await seesOnly(bob, "ann", "cid");
  expect(lists(bob).map(({ length }) => length)).toEqual([1, 2]);
});

test.each([
  ["leaves", async (who: Client, project: string) => void (await who.ok("project.unsubscribe", { project }))],
  ["disconnects", async (who: Client) => who.close()],
] as const)("who %s is not there any more", async (_, go) => {
  const { ann, bob, cid, project } = await team();
  await ann.ok("presence.set", { project, state: "viewing" });
  await cid.ok("presence.set", { project, state: "viewing" });
  await seesOnly(bob, "ann", "cid");

  await go(ann, project);

  expect(await seesOnly(bob, "cid")).toHaveLength(1);
});

test("who spoke without listening is gone after disconnecting too", async () => {
  const { ann, bob, project } = await team();
  await ann.ok("project.unsubscribe", { project });
  await ann.ok("presence.set", { project, state: "viewing" });
  await seesOnly(bob, "ann");

  ann.close();

  expect(await seesOnly(bob)).toEqual([]);
});

test("when the last one leaves, the room hears that nobody is there", async () => {
  const { ann, bob, project } = await team();
  await ann.ok("presence.set", { project, state: "viewing" });
  await seesOnly(bob, "ann");

  ann.close();

  expect(await seesOnly(bob)).toEqual([]);
});

test("who loses the role is not there any more, and hears no more", async () => {
  const { ann, bob, eve, org, project } = await createWorld(app, {
    members: { ann: "developer", bob: "viewer", eve: "owner" },
  });
  await ann.ok("presence.set", { project, state: "viewing" });
  await seesOnly(bob, "ann");

  await eve.ok("member.remove", { org, userId: ann.userId });
  await eve.ok("presence.set", { project, state: "viewing" });

  expect(await seesOnly(bob, "eve")).toHaveLength(1);
  expect(
    lists(ann)
      .flat()
      .filter(({ name }) => name === "eve"),
  ).toEqual([]);
});

test("who says nothing for 30 s is forgotten, who says it again stays", async () => {
  let later = 0;
  const late = await startAppForTest({ now: () => new Date(Date.now() + later) });
  const { ann, bob, cid, project } = await team(late);
  await ann.ok("presence.set", { project, state: "viewing" });
  await cid.ok("presence.set", { project, state: "viewing" });
  await seesOnly(bob, "ann", "cid");

  later = 29_000;
  await cid.ok("presence.set", { project, state: "viewing" });
  later = 31_000;

  expect(await seesOnly(bob, "cid")).toHaveLength(1);
});

test("who joins is shown who is there", async () => {
  const { ann, bob, project } = await team();
  await bob.ok("project.unsubscribe", { project });
  await ann.ok("presence.set", { project, issue: 2, state: "viewing" });
  await seesOnly(ann, "ann");

  await bob.ok("project.subscribe", { project });

  expect(await seesOnly(bob, "ann")).toHaveLength(1);
});

test("only the room of the project hears it", async () => {
  const { ann, bob, cid, dan, project } = await team();
  const other = await team();
  await cid.ok("project.unsubscribe", { project });

  await ann.ok("presence.set", { project, state: "viewing" });
  await seesOnly(bob, "ann");
  await other.ann.ok("presence.set", { project: other.project, state: "typing" });
  await seesOnly(other.bob, "ann");

  expect(lists(cid)).toEqual([]);
  expect(lists(dan)).toEqual([]);
  expect(lists(other.bob).flat()).toEqual([expect.objectContaining({ userId: other.ann.userId })]);
  expect((await dan.refused("presence.set", { project, state: "viewing" })).code).toBe("not_found");
});

test("presence needs a socket", async () => {
  const { ann, project } = await team();

  const response = await fetch(`${app.url}/api/v1/commands/presence.set`, {
    method: "POST",
    headers: { authorization: `Bearer ${ann.token}`, "content-type": "application/json" },
    body: JSON.stringify({ project, state: "viewing" }),
  });

  expect(response.status).toBe(422);
});

describe.skipIf(inject("redisUrl") === "")("over two instances", () => {
  /** Bob listens to the second one. */
  async function cluster(redisUrl: string) {
    const settings = { REDIS_URL: redisUrl };
    const first = await startAppForTest({ settings, headEveryMs: 1000 });
    const world = await team(first);
    const second = await startAppForTest({ settings, headEveryMs: 1000, databaseUrl: first.databaseUrl });
    const bob = await connect(second.url, world.bob);
    onTestFinished(() => bob.close());
    await bob.ok("project.subscribe", { project: world.project });
    return { ...world, first, second, bob };
  }

  test("people of both are in one list", async () => {
    const { ann, bob, project } = await cluster(inject("redisUrl"));

    await ann.ok("presence.set", { project, issue: 1, state: "typing" });
    await bob.ok("presence.set", { project, state: "viewing" });

    const [onFirst, onSecond] = [await seesOnly(ann, "ann", "bob"), await seesOnly(bob, "ann", "bob")];
    expect(onFirst).toEqual(onSecond);
    ann.close();
    expect(await seesOnly(bob, "bob")).toHaveLength(1);
  });

  test("a list that comes late does not replace a newer one, and nonsense does nothing", async () => {
    const { ann, project, stream, first } = await cluster(inject("redisUrl"));
    const peer = new Server();
    const relay = openRelay({
      io: peer,
      url: inject("redisUrl"),
      log: pino({ level: "silent" }),
      metrics: createMetrics(),
      receive: () => undefined,
    });
    onTestFinished(() => relay.close());
    await vi.waitFor(() => expect(relay.isUp()).toBe(true), 10_000);
    const zoe = { userId: randomUUID(), name: "zoe", state: "viewing", at: Date.now() };
    const say = (number: number, ...users: object[]) =>
      peer.serverSideEmit("rhythm:present", { instance: "peer", number, stream, project, users });

    say(2, zoe);
    say(1);
    peer.serverSideEmit("rhythm:present", { instance: "peer", number: "9", users: 5 });
    await seesOnly(ann, "zoe");
    say(3, { ...zoe, state: "typing" });

    await ann.nextPush("presence", (data) => JSON.stringify(data).includes("typing"));
    expect(lists(ann).every(({ length }) => length === 1)).toBe(true);
    expect(first.complaints).toEqual([]);
  });

  test("an instance that stops takes its people along", async () => {
    const settings = { REDIS_URL: inject("redisUrl") };
    const { bob, project, first, ...people } = await cluster(settings.REDIS_URL);
    const third = await startApp({ settings, databaseUrl: first.databaseUrl });
    const cid = await connect(third.url, people.cid);
    onTestFinished(() => cid.close());
    await cid.ok("presence.set", { project, state: "viewing" });
    await seesOnly(bob, "cid");

    await third.close();

    expect(await seesOnly(bob)).toEqual([]);
  });

  test("what Redis lost while it was away is said again", { timeout: 60_000 }, async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const { ann, bob, cid, project } = await cluster(redis.url);
    await ann.ok("presence.set", { project, state: "viewing" });
    await seesOnly(bob, "ann");

    await redis.kill();
    await cid.ok("presence.set", { project, state: "viewing" });
    await seesOnly(ann, "ann", "cid");
    await redis.restart();

    expect(await seesOnly(bob, "ann", "cid")).toHaveLength(2);
  });
});
