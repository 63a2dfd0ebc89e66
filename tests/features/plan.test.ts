import { afterAll, beforeAll, expect, test } from "vitest";
import { connect } from "../support/client.ts";
import { type Running, startApp, startAppForTest } from "../support/harness.ts";
import { createUser, createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
  await app.parts.database.pool.query(
    "insert into plans (id, name, position, members, projects) values ('tiny', 'Tiny', 9, 3, 2)",
  );
});
afterAll(() => app.close());

/** ann owns an organization with one project, bob is a member; its plan has room for one member and one project. */
async function tiny() {
  const world = await createWorld(app, { members: { ann: "owner", bob: "member" } });
  const maker = await app.parts.database.pool.query("select user_id from org_members where org_id = $1", [world.orgId]);
  const other = maker.rows
    .map(({ user_id }) => user_id)
    .find((id) => ![world.ann.userId, world.bob.userId].includes(id));
  await world.ann.ok("member.remove", { org: world.org, userId: other });
  await world.ann.ok("plan.set", { org: world.org, plan: "tiny" });
  return world;
}

test("three plans are there, smallest first", async () => {
  const { ann } = await createWorld(app);

  const { items } = await ann.ok("plan.list", {});

  expect(items.slice(0, 3).map(({ id }) => id)).toEqual(["starter", "pro", "business"]);
  expect(items[2]).toMatchObject({ name: "Business", members: null, projects: null, commandsPerDay: null });
  for (const quota of ["members", "projects", "commandsPerDay", "scriptRunsPerDay", "eventRetentionDays"] as const) {
    expect(items[0]?.[quota]).toBeLessThan(items[1]?.[quota] ?? 0);
  }
});

test("an organization begins with the default plan", async () => {
  const { ann, org } = await createWorld(app);
  const frugal = await startAppForTest({ settings: { DEFAULT_PLAN: "starter" } });
  const bob = await connect(frugal.url, await createUser(frugal, "bob"));
  await bob.ok("org.create", { name: "Small", slug: "small" });

  expect(await ann.ok("plan.get", { org })).toMatchObject({ id: "business" });
  expect(await bob.ok("plan.get", { org: "small" })).toMatchObject({ id: "starter", name: "Starter" });
  bob.close();
});

test("a default plan that is not there stops the start", async () => {
  await expect(startAppForTest({ settings: { DEFAULT_PLAN: "golden" } })).rejects.toThrow(
    'DEFAULT_PLAN: saw "golden", need one of starter, pro, business',
  );
});

test("an owner changes the plan, and the members hear it once", async () => {
  const { ann, bob, org, orgId } = await createWorld(app, { members: { ann: "owner", bob: "member" } });
  await bob.ok("org.subscribe", { org });

  const plan = await ann.ok("plan.set", { org, plan: "Pro" });
  await ann.ok("plan.set", { org, plan: "pro" });
  await ann.ok("org.update", { org, patch: { name: "Later" } });

  expect(await bob.next("org.updated")).toBeDefined();
  const changes = bob.heard.filter(({ type }) => type === "plan.changed");
  expect(changes.map(({ data }) => data)).toEqual([{ orgId, plan }]);
  expect(await bob.ok("plan.get", { org })).toEqual(plan);
  expect(await ann.refused("plan.set", { org, plan: "golden" })).toMatchObject({ code: "not_found" });
});

test("a full plan refuses members and bots, and says which quota it was", async () => {
  const { ann, org } = await tiny();
  const [cid, dan] = [await createUser(app, "cid"), await createUser(app, "dan")];
  await ann.ok("member.add", { org, userId: cid.userId });

  const refusals = [
    await ann.refused("member.add", { org, userId: dan.userId }),
    await ann.refused("bot.create", { org, name: "Robot" }),
  ];

  const refusal = { code: "quota_exceeded", status: 429, details: { quota: "members", limit: 3, used: 3 } };
  expect(refusals).toEqual([expect.objectContaining(refusal), expect.objectContaining(refusal)]);
  expect(await ann.ok("org.overview", { org })).toMatchObject({ members: 3, bots: 0 });
});

test("who leaves makes room", async () => {
  const { ann, bob, org } = await tiny();
  await ann.ok("bot.create", { org, name: "Robot" });

  await ann.ok("member.remove", { org, userId: bob.userId });
  await ann.ok("member.add", { org, userId: bob.userId });

  expect(await ann.refused("bot.create", { org, name: "Another" })).toMatchObject({ code: "quota_exceeded" });
  expect(await ann.ok("org.overview", { org })).toMatchObject({ members: 3, bots: 1 });
});

test("of many at once no more projects are made than the plan has room for", async () => {
  const { ann, org } = await tiny();

  const acks = await Promise.all(
    [1, 2, 3, 4, 5, 6].map((i) => ann.call("project.create", { org, name: `Project ${i}` })),
  );

  expect(acks.filter(({ ok }) => ok)).toHaveLength(1);
  const codes = acks.flatMap((ack) => (ack.ok ? [] : [[ack.error.code, ack.error.details]]));
  expect(codes).toEqual(Array.from({ length: 5 }, () => ["quota_exceeded", { quota: "projects", limit: 2, used: 2 }]));
});

test("a larger plan makes room, a smaller one takes nothing away", async () => {
  const { ann, org } = await tiny();
  const create = (name: string) => ann.call("project.create", { org, name });

  await ann.ok("plan.set", { org, plan: "business" });
  const [second, third] = [await create("Second"), await create("Third")];
  await ann.ok("plan.set", { org, plan: "tiny" });
  const fourth = await create("Fourth");

  expect([second.ok, third.ok, fourth.ok]).toEqual([true, true, false]);
  expect(fourth).toMatchObject({ error: { details: { quota: "projects", limit: 2, used: 3 } } });
  expect((await ann.ok("project.list", { org })).items).toHaveLength(3);
});

test("an overview shows plan, usage and who belongs to it", async () => {
  const { ann, org } = await tiny();
  await ann.ok("bot.create", { org, name: "Robot" });

  const overview = await ann.ok("org.overview", { org });

  expect(overview).toMatchObject({ plan: { id: "tiny" }, members: 3, bots: 1, projects: 1, failingScripts: [] });
  const { principals: _, ...today } = await ann.ok("usage.today", { org });
  expect(overview.usage).toEqual(today);
});
