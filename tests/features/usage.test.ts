/** What organizations use is counted: each command once, over all instances, and held against the plan. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import { addUsage, findUsageDays, pruneUsage } from "../../src/features/usage/repository.ts";
import { type Client, connect } from "../support/client.ts";
import { createDatabase, type Running, startApp, startAppForTest } from "../support/harness.ts";
import { startProxy } from "../support/proxy.ts";
import { startRedis } from "../support/redis.ts";
import { createWorld } from "../support/world.ts";

const DAY_MS = 86_400_000;
const dayOf = (at: Date): string => at.toISOString().slice(0, 10);
const usedToday = async (client: Client, org: string): Promise<number> =>
  (await client.ok("usage.today", { org })).commands.used;

/** A plan that is used up after so many more commands. */
async function limitTo(app: Running, at: { org: string; ann: Client }, more: number): Promise<number> {
  const limit = (await usedToday(at.ann, at.org)) + more;
  const plan = `p-${randomUUID()}`;
  const insert = "insert into plans (id, name, position, commands_per_day) values ($1, 'Small', 9, $2)";
  await app.parts.database.pool.query(insert, [plan, limit]);
  await at.ann.ok("plan.set", { org: at.org, plan });
  // Each instance that is asked knows the new limit from then on.
  expect((await at.ann.ok("usage.today", { org: at.org })).commands.limit).toBe(limit);
  return limit;
}

/** The quota events of an organization, oldest first. */
async function quotaEvents(client: Client, orgId: string) {
  const { events } = await client.ok("sync.pull", { stream: `org:${orgId}`, after: 0 });
  return events.filter(({ type }) => type.startsWith("quota.")).map(({ type, data }) => ({ type, ...data }));
}

describe("on one instance", () => {
  let app: Running;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  test("commands count one by one: reads and changes, in projects and of the organization, well done or refused", async () => {
    const { ann, bob, org, project, issue } = await createWorld(app, {
      members: { ann: "owner", bob: "viewer" },
      stages: { todo: ["a"] },
    });
    const before = await ann.ok("usage.today", { org });

    await ann.ok("issue.get", { project, issue: issue["a"] ?? 0 });
    await bob.ok("board.get", { project });
    await ann.ok("issue.update", { project, issue: issue["a"] ?? 0, patch: { title: "b" } });
    await ann.ok("org.get", { org });
    await ann.refused("issue.get", { project, issue: 999 });

    const { commands, principals, day } = await ann.ok("usage.today", { org });
    expect(commands).toEqual({ used: before.commands.used + 5, limit: null });
    expect(day).toBe(dayOf(new Date()));
    const of = (client: Client, list: typeof principals) => list.find(({ id }) => id === client.userId)?.commands ?? 0;
    expect(of(ann, principals) - of(ann, before.principals)).toBe(4);
    expect(principals.find(({ id }) => id === bob.userId)).toMatchObject({ displayName: "bob", commands: 1 });
  });

  test("what is refused before it runs does not count, nor rooms, presence, plans and usage", async () => {
    const { ann, bob, dan, org, project } = await createWorld(app, {
      members: { ann: "owner", bob: "viewer", dan: "outsider" },
    });
    const before = await usedToday(ann, org);

    await ann.ok("project.subscribe", { project });
    await ann.ok("project.unsubscribe", { project });
    await ann.ok("presence.set", { project, state: "viewing" });
    await ann.ok("plan.get", { org });
    await ann.ok("plan.set", { org, plan: "pro" });
    await ann.ok("usage.history", { org });
    await ann.ok("org.overview", { org });
    await bob.refused("issue.create", { project, title: "No" });
    await dan.refused("board.get", { project });
    await ann.send("board.get", { project, perColumn: "many" });
    await ann.ok("org.list", {});

    expect(await usedToday(ann, org)).toBe(before);
  });

  test("a used-up plan refuses until midnight UTC, and can be changed then", async () => {
    const { ann, org, project } = await createWorld(app);
    const limit = await limitTo(app, { ann, org }, 5);
    const read = () => ann.call("board.get", { project });

    const acks = [];
    for (let i = 0; i < 8; i += 1) acks.push(await read());

    expect(acks.map(({ ok }) => ok)).toEqual([true, true, true, true, true, false, false, false]);
    expect(acks[7]).toMatchObject({
      error: { code: "quota_exceeded", status: 429, details: { quota: "commands", limit, used: limit } },
    });
    const { resetsAt, commands } = await ann.ok("usage.today", { org });
    const wait = acks[7]?.ok === false ? (acks[7].error.retryAfterMs ?? 0) : 0;
    expect(Math.abs(Date.now() + wait - Date.parse(resetsAt))).toBeLessThan(10_000);
    expect(commands).toEqual({ used: limit, limit });
    await ann.ok("plan.set", { org, plan: "business" });
    await ann.ok("usage.today", { org });
    expect((await read()).ok).toBe(true);
  });

  test("the next day begins with nothing", async () => {
    let ahead = 0;
    const late = await startAppForTest({ now: () => new Date(Date.now() + ahead) });
    const { ann, org, project } = await createWorld(late);
    const limit = await limitTo(late, { ann, org }, 2);
    const caller = {
      actor: { id: ann.userId, kind: "user" },
      sessionId: null,
      expiresAtMs: Number.POSITIVE_INFINITY,
    } as const;
    const ask = (name: string, input: object) => late.execute({ name, input, caller, requestId: "r" });
    const read = async () => (await ask("board.get", { project })).ok;
    const today = [await read(), await read(), await read()];
    const midnight = Date.parse(`${dayOf(new Date(Date.now() + DAY_MS))}T00:00:00Z`);

    ahead = midnight - Date.now() + 5000;
    const tomorrow = [await read(), await read()];

    expect([today, tomorrow]).toEqual([
      [true, true, false],
      [true, true],
    ]);
    const history = await ask("usage.history", { org, days: 2 });
    await ask("usage.today", { org });
    expect(await ask("usage.today", { org })).toMatchObject({ data: { commands: { used: 2, limit } } });
    expect(await ask("usage.history", { org, days: 2 })).toMatchObject({
      data: { items: [{ commands: limit }, { commands: 2 }] },
    });
    expect(history).toMatchObject({ ok: true });
  });

  test("a history has every day, used or not, and ends today", async () => {
    const { ann, org, orgId } = await createWorld(app);
    const { commands } = await ann.ok("usage.today", { org });
    const ago = (days: number) => dayOf(new Date(Date.now() - days * DAY_MS));
    const insert = "insert into usage_days (org_id, day, commands, script_runs) values ($1, $2, 7, 1)";
    await app.parts.database.pool.query(insert, [orgId, ago(2)]);

    const { items } = await ann.ok("usage.history", { org, days: 3 });

    expect(items).toEqual([
      { day: ago(2), commands: 7, scriptRuns: 1 },
      { day: ago(1), commands: 0, scriptRuns: 0 },
      { day: ago(0), commands: commands.used, scriptRuns: 0 },
    ]);
    expect((await ann.ok("usage.history", { org, days: 90 })).items).toHaveLength(90);
    expect((await ann.ok("usage.history", { org })).items).toHaveLength(30);
  });

  test("members hear at four fifths and at the end, once each", async () => {
    const { ann, bob, org, orgId, project } = await createWorld(app, { members: { ann: "owner", bob: "member" } });
    await bob.ok("org.subscribe", { org });
    const limit = await limitTo(app, { ann, org }, 40);
    const day = dayOf(new Date());
    const read = async (times: number) => {
      for (let i = 0; i < times; i += 1) await ann.call("board.get", { project });
      await ann.ok("usage.today", { org });
    };

    await read(40 - Math.floor(limit / 5) - 1);
    expect(await quotaEvents(ann, orgId)).toEqual([]);
    await read(1);
    const warning = await bob.next("quota.warning");
    await read(100);
    await bob.next("quota.exceeded");
    await read(3);

    expect(warning).toMatchObject({ actor: { kind: "system" }, data: { quota: "commands", day, limit } });
    expect(warning.data["used"]).toBeGreaterThanOrEqual(0.8 * limit);
    const exceeded = { type: "quota.exceeded", quota: "commands", day, limit, used: limit };
    expect(await quotaEvents(ann, orgId)).toEqual([{ type: "quota.warning", ...warning.data }, exceeded]);
  });

  test("an organization that is deleted with counts on their way harms no other", async () => {
    const [gone, stays] = [await createWorld(app), await createWorld(app)];
    const before = await usedToday(stays.ann, stays.org);

    await gone.ann.ok("board.get", { project: gone.project });
    await stays.ann.ok("board.get", { project: stays.project });
    await gone.ann.ok("org.delete", { org: gone.org });

    expect(await usedToday(stays.ann, stays.org)).toBe(before + 1);
    expect(app.complaints).toEqual([]);
  });

  test("a batch that is sent again is added once", async () => {
    const { ann, orgId } = await createWorld(app);
    const { db } = app.parts;
    const day = "2020-02-29";
    const line = { orgId, principalId: ann.userId, day, commands: 3, scriptRuns: 1 };
    const batch = { instance: randomUUID(), number: 1, lines: [line] };

    const first = await addUsage(db, batch);
    const again = await addUsage(db, batch);
    await addUsage(db, { ...batch, number: 2 });

    expect(first).toMatchObject([{ orgId, day, commands: 3, scriptRuns: 1 }]);
    expect(again).toEqual([]);
    expect(await findUsageDays(db, { orgIds: [orgId], day })).toMatchObject([{ commands: 6, scriptRuns: 2 }]);
  });

  test("days that nobody can ask for are forgotten, but not their totals", async () => {
    const { ann, orgId } = await createWorld(app);
    const { pool } = app.parts.database;
    const line = { orgId, principalId: ann.userId, commands: 3, scriptRuns: 0 };
    const [old, young] = [dayOf(new Date(Date.now() - 120 * DAY_MS)), dayOf(new Date(Date.now() - 60 * DAY_MS))];
    const lines = [old, young].map((day) => ({ ...line, day }));
    await addUsage(app.parts.db, { instance: randomUUID(), number: 1, lines });

    await pruneUsage(app.parts.db);

    const daysIn = async (table: string) =>
      (
        await pool.query(`select day::text from ${table} where org_id = $1 and day < current_date order by day`, [
          orgId,
        ])
      ).rows;
    expect(await daysIn("usage")).toEqual([{ day: young }]);
    expect(await daysIn("usage_days")).toEqual([{ day: old }, { day: young }]);
  });

  test("with METERING off nothing is counted, and nothing refused", async () => {
    const free = await startAppForTest({ settings: { METERING: "off" } });
    const { ann, org, project } = await createWorld(free);
    await limitTo(free, { ann, org }, 0);

    await ann.ok("board.get", { project });

    expect(await ann.ok("usage.today", { org })).toMatchObject({ commands: { used: 0, limit: 0 }, principals: [] });
  });
});

/** People at work on several sockets: what they were answered, and how much of it ran. */
async function work(clients: Client[], project: string, rounds: number): Promise<{ ran: number; limited: number }> {
  const answers = await Promise.all(
    clients.map(async (client, i) => {
      const codes: string[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const acks = await Promise.all([
          client.send("issue.create", { project, title: `Number ${i} ${round}` }),
          client.send("board.get", { project }),
          client.send("issue.get", { project, issue: 100_000 }),
          client.send("issue.list", { project, limit: 1 }),
        ]);
        codes.push(...acks.map((ack) => (ack.ok ? "ok" : ack.error.code)));
      }
      return codes;
    }),
  );
  const codes = answers.flat();
  expect([...new Set(codes)].filter((code) => !["ok", "not_found", "quota_exceeded"].includes(code))).toEqual([]);
  const limited = codes.filter((code) => code === "quota_exceeded").length;
  return { ran: codes.length - limited, limited };
}

/** The totals as they are written, by the organization and by its members. */
async function written(app: Running, orgId: string): Promise<{ total: number; lines: number }> {
  const { rows } = await app.parts.database.pool.query(
    `select (select coalesce(sum(commands), 0)::int from usage_days where org_id = $1) as total,
       (select coalesce(sum(commands), 0)::int from usage where org_id = $1) as lines`,
    [orgId],
  );
  return rows[0];
}

const withRedis = inject("redisUrl") === "" ? [] : [true];

describe.each([...withRedis, false])("over two instances, Redis: %s", (redis) => {
  const settings = redis ? { REDIS_URL: inject("redisUrl") } : {};

  /** ann and bob with two sockets at each instance. */
  async function openPair(flushMs?: number) {
    const databaseUrl = await createDatabase();
    const options = { databaseUrl, settings, ...(flushMs !== undefined && { usageFlushMs: flushMs }) };
    const one = await startApp(options);
    const other = await startAppForTest(options);
    onTestFinished(() => one.close());
    const world = await createWorld(one, { members: { ann: "owner", bob: "developer" }, listening: false });
    const at = (app: Running) =>
      Promise.all([world.ann, world.bob, world.ann, world.bob].map((person) => connect(app.url, person)));
    const [here, there] = [await at(one), await at(other)];
    onTestFinished(() => {
      for (const client of [...here, ...there]) client.close();
    });
    const [elsewhere] = there;
    if (!elsewhere) throw new Error("nobody is there");
    // What it took to get here is written, so that both know of it.
    await usedToday(world.ann, world.org);
    return { ...world, one, other, here, there, elsewhere };
  }

  test("what is counted is what ran, exactly, also when one of them stops", { timeout: 60_000 }, async () => {
    const { one, other, here, there, elsewhere, org, orgId, project } = await openPair();
    const before = await usedToday(elsewhere, org);

    const [{ ran: ranHere }, { ran: ranThere }] = await Promise.all([
      work(here, project, 20),
      work(there, project, 20),
    ]);
    await one.close();
    const { ran: ranLater } = await work(there, project, 5);

    const all = before + ranHere + ranThere + ranLater;
    expect(await usedToday(elsewhere, org)).toBe(all);
    expect(await written(other, orgId)).toEqual({ total: all, lines: all });
    expect(other.complaints).toEqual([]);
  });

  test("what was counted on its way out is there after an orderly stop", async () => {
    const { one, other, here, org, orgId, project, elsewhere } = await openPair(600_000);
    const before = await usedToday(elsewhere, org);
    const { total } = await written(other, orgId);

    const { ran } = await work(here, project, 3);
    const between = await written(other, orgId);
    await one.close();

    expect(between.total).toBe(total);
    expect((await written(other, orgId)).total - total).toBeGreaterThanOrEqual(ran);
    expect(await usedToday(elsewhere, org)).toBeGreaterThanOrEqual(before + ran);
  });

  test("one hears what the other counted, and refuses when it is too much", async () => {
    const { one, ann, elsewhere, org, orgId, project } = await openPair();
    await limitTo(one, { ann, org }, 30);
    await expect.poll(async () => (await elsewhere.ok("usage.today", { org })).commands.limit).not.toBeNull();

    while ((await ann.call("board.get", { project })).ok);

    await expect.poll(async () => (await elsewhere.call("board.get", { project })).ok, { timeout: 5000 }).toBe(false);
    await ann.ok("usage.today", { org });
    await expect.poll(async () => (await quotaEvents(ann, orgId)).length, { timeout: 5000 }).toBe(2);
  });

  test("what both see at the same moment is told once", async () => {
    const { one, other, ann, elsewhere, org, orgId } = await openPair();
    await limitTo(one, { ann, org }, 100);
    const line = { orgId, principalId: ann.userId, day: dayOf(new Date()), commands: 500, scriptRuns: 0 };
    await addUsage(one.parts.db, { instance: randomUUID(), number: 1, lines: [line] });

    await Promise.all([ann, elsewhere, ann, elsewhere].map((client) => client.ok("usage.today", { org })));

    await Promise.all([one.parts.usage.stop(), other.parts.usage.stop()]);
    expect((await quotaEvents(ann, orgId)).map(({ type }) => type)).toEqual(["quota.warning", "quota.exceeded"]);
  });

  test("under load from both, warning and end are told once", { timeout: 60_000 }, async () => {
    const { one, other, ann, here, there, org, orgId, project } = await openPair(50);
    const limit = await limitTo(one, { ann, org }, 200);

    const done = await Promise.all([work(here, project, 40), work(there, project, 40)]);

    expect(done.every(({ limited }) => limited > 0)).toBe(true);
    await Promise.all([ann.ok("usage.today", { org }), there[0]?.ok("usage.today", { org })]);
    await expect.poll(async () => (await quotaEvents(ann, orgId)).length).toBe(2);
    await Promise.all([one.close(), other.close()]);
    const late = await startAppForTest({ databaseUrl: one.databaseUrl });
    const reader = await connect(late.url, ann);
    onTestFinished(() => reader.close());
    const { total, lines } = await written(late, orgId);
    expect(total).toBe(lines);
    expect(total).toBeGreaterThanOrEqual(limit);
    expect((await quotaEvents(reader, orgId)).map(({ type }) => type)).toEqual(["quota.warning", "quota.exceeded"]);
  });
});

test.skipIf(inject("redisUrl") === "")(
  "a Redis that forgets or is away costs no count",
  { timeout: 60_000 },
  async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const databaseUrl = await createDatabase();
    const options = { databaseUrl, settings: { REDIS_URL: redis.url } };
    const [one, other] = [await startAppForTest(options), await startAppForTest(options)];
    const { ann, org, orgId, project } = await createWorld(one, { listening: false });
    const there = await connect(other.url, ann);
    onTestFinished(() => there.close());
    const before = await usedToday(ann, org);

    const ran = [await work([ann, there], project, 3)];
    await redis.restart();
    ran.push(await work([ann, there], project, 3));
    await redis.kill();
    ran.push(await work([ann, there], project, 3));

    const all = before + ran.reduce((sum, part) => sum + part.ran, 0);
    await ann.ok("usage.today", { org });
    await there.ok("usage.today", { org });
    expect(await usedToday(ann, org)).toBe(all);
    expect(await written(one, orgId)).toEqual({ total: all, lines: all });
  },
);

test("counts outlive a database that goes away under them", { timeout: 60_000 }, async () => {
  const databaseUrl = await createDatabase();
  const proxy = await startProxy(databaseUrl);
  const steady = await startAppForTest({ databaseUrl });
  const shaky = await startAppForTest({ databaseUrl: proxy.url, usageFlushMs: 5 });
  onTestFinished(() => proxy.close());
  const { ann, org, orgId, project } = await createWorld(steady, { listening: false });
  const there = await connect(shaky.url, ann);
  onTestFinished(() => there.close());
  const before = await usedToday(ann, org);
  const cut = async () => {
    const backends = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()";
    await steady.parts.database.pool.query(`${backends} and application_name = 'rhythm' and pid <> pg_backend_pid()`);
  };

  const codes: string[] = [];
  for (let round = 0; round < 40; round += 1) {
    const acks = Promise.all(Array.from({ length: 10 }, () => there.call("issue.list", { project, limit: 1 })));
    if (round % 8 === 4) await cut().catch(() => undefined);
    codes.push(...(await acks).map((ack) => (ack.ok ? "ok" : ack.error.code)));
  }

  expect([...new Set(codes)].filter((code) => code !== "ok" && code !== "unavailable")).toEqual([]);
  const ran = codes.filter((code) => code === "ok").length;
  expect(ran).toBeGreaterThan(200);
  await expect.poll(() => usedToday(there, org).catch(() => 0)).toBe(before + ran);
  expect((await written(steady, orgId)).total).toBe(before + ran);
});
