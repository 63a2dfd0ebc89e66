/** Scripts that hear events, for real: through the socket, the log, the dispatcher, the sandbox and back. */
import { expect, test, vi } from "vitest";
import type { ScriptRun } from "../../protocol/index.ts";
import type { Client, Heard } from "../support/client.ts";
import { startAppForTest } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

vi.setConfig({ testTimeout: 60_000 });

const runOf = ({ data }: Heard) => (data as { run: Omit<ScriptRun, "output"> }).run;
const over = (scriptId: string, status?: string) => (event: Heard) =>
  runOf(event).scriptId === scriptId && (status === undefined || runOf(event).status === status);

async function openWorld() {
  const app = await startAppForTest({ sweepMs: 200 });
  const world = await createWorld(app, { members: { ann: "admin", bob: "reporter", dev: "developer" } });
  const make = (source: string, name = "helper", by: Client = world.ann) =>
    by.ok("script.create", { project: world.project, name, source });
  return { ...world, app, make };
}

test("a script answers an event, and everyone sees that it did", async () => {
  const { ann, bob, project, make } = await openWorld();
  const script = await make(
    `on_event("issue.created", function(ctx)
      log("saw", ctx.issue.number, ctx.user.name)
      ctx.issue:add_comment("Thank you, " .. ctx.user.name)
    end)`,
    "Greeter",
  );

  const { number } = await bob.ok("issue.create", { project, title: "cart" });

  const created = await ann.next("issue.created");
  const commented = await ann.next("comment.created");
  expect(commented.actor).toEqual({ id: script.id, kind: "script" });
  expect(commented.cause).toEqual({ seq: created.seq, runId: expect.any(String), depth: 1 });
  expect(commented.data).toMatchObject({
    comment: { body: "Thank you, bob", author: { id: script.id, displayName: "Greeter", kind: "script" } },
  });
  const ran = await ann.next("script.ran", over(script.id));
  expect(runOf(ran)).toMatchObject({ status: "ok", trigger: "event", seq: created.seq, depth: 1, mutations: 1 });
  expect(ran.cause).toEqual(commented.cause);
  const { items } = await ann.ok("script.logs", { scriptId: script.id });
  expect(items).toEqual([expect.objectContaining({ output: `saw\t${number}\tbob`, error: null, project })]);
});

test("a move that changes the status sets off scripts on issue.status_changed", async () => {
  const { ann, dev, project, stage, make } = await openWorld();
  await make(`on_event("issue.status_changed", function(ctx)
    ctx.issue:add_comment(ctx.event.old_status .. " to " .. ctx.event.new_status)
  end)`);
  const { number: issue } = await dev.ok("issue.create", { project, title: "cart", stageId: stage.todo ?? "" });

  await dev.ok("issue.move", { project, issue, stageId: stage.done ?? "" });

  expect((await ann.next("comment.created")).data).toMatchObject({ comment: { body: "open to resolved" } });
});

test("an organization's script hears all its projects, those that are made later too", async () => {
  const app = await startAppForTest({ sweepMs: 200 });
  const { ann, org, project } = await createWorld(app, { members: { ann: "owner" } });
  await ann.ok("script.create", {
    org,
    name: "Everywhere",
    source: `on_event("issue.created", function(ctx) ctx.issue:add_comment("in " .. ctx.project.key) end)`,
  });
  await ann.ok("project.create", { org, name: "Shop", slug: "shop", key: "SHOP" });
  await ann.ok("project.subscribe", { project: `${org}/shop` });

  await ann.ok("issue.create", { project, title: "cart" });
  await ann.ok("issue.create", { project: `${org}/shop`, title: "cart" });

  for (const body of ["in WEB", "in SHOP"]) {
    await ann.next("comment.created", ({ data }) => (data as { comment: { body: string } }).comment.body === body);
  }
});

test("each event of a burst is handled once and in order", async () => {
  const { ann, dev, project, make } = await openWorld();
  const { number: list } = await ann.ok("issue.create", { project, title: "list" });
  const script = await make(`on_event("issue.created", function(ctx)
    local list = ctx.project:issue(${list})
    list:update{ description = list.description .. ctx.issue.number .. " " }
  end)`);

  const made = await Promise.all(Array.from({ length: 60 }, () => dev.ok("issue.create", { project, title: "burst" })));

  const numbers = made.map(({ number }) => number).sort((a, b) => a - b);
  await vi.waitFor(
    async () => {
      const { description } = await ann.ok("issue.get", { project, issue: list });
      expect(description.trim().split(" ").map(Number)).toEqual(numbers);
    },
    { timeout: 20_000 },
  );
  const ran = ann.heard.filter(({ type }) => type === "script.ran").map((event) => runOf(event).seq);
  await ann.next("script.ran", () => ann.heard.filter(({ type }) => type === "script.ran").length === 60);
  expect(new Set(ran).size).toBe(ran.length);
  expect((await ann.ok("script.get", { scriptId: script.id })).failures).toBe(0);
});

test("what happens while a script is disabled sets nothing off", async () => {
  const { ann, dev, project, make } = await openWorld();
  const { id: scriptId } = await make(`on_event("issue.created", function(ctx) ctx.issue:add_comment("hello") end)`);
  await ann.ok("script.setEnabled", { scriptId, enabled: false });
  await dev.ok("issue.create", { project, title: "unseen" });
  await ann.ok("script.setEnabled", { scriptId, enabled: true });

  const { number } = await dev.ok("issue.create", { project, title: "seen" });

  expect((await ann.next("comment.created")).data).toMatchObject({ comment: { issue: number } });
});

test("a policy stops all scripts of an organization or of a project", async () => {
  const app = await startAppForTest({ sweepMs: 100 });
  const { ann, org, project } = await createWorld(app, { members: { ann: "owner" } });
  const { id } = await ann.ok("script.create", {
    project,
    name: "Greeter",
    source: `on_event("issue.created", function(ctx) ctx.issue:add_comment("hello") end)`,
  });
  for (const where of [{ org }, { org, project }]) {
    await ann.ok("script.setPolicy", { ...where, enabled: false });
    await ann.ok("issue.create", { project, title: "unseen" });
    await ann.ok("script.setPolicy", { ...where, enabled: true });
    const { number } = await ann.ok("issue.create", { project, title: "seen" });
    await ann.next("comment.created", ({ data }) => (data as { comment: { issue: number } }).comment.issue === number);
  }
  await ann.next("script.ran", () => ann.heard.filter(({ type }) => type === "script.ran").length === 2);
  const { items } = await ann.ok("script.logs", { scriptId: id });
  expect(items).toHaveLength(2);
});

test("scripts that set each other off end at the fifth, and say so", async () => {
  const { ann, project, make } = await openWorld();
  const { number: issue } = await ann.ok("issue.create", { project, title: "ball" });
  const ping = await make(`on_event("issue.updated", function(ctx)
    ctx.issue:update{ estimate = (ctx.issue.estimate or 0) + 1 }
  end)`);

  await ann.ok("issue.update", { project, issue, patch: { priority: "major" } });

  const failed = await ann.next("script.failed", over(ping.id));
  expect(runOf(failed)).toMatchObject({ status: "refused", depth: 6, error: { code: "chain_too_deep" } });
  expect((await ann.ok("issue.get", { project, issue })).estimate).toBe(5);
  const depths = ann.heard.filter(({ type }) => type === "script.ran").map((event) => runOf(event).depth);
  expect(depths).toEqual([1, 2, 3, 4, 5]);
});

test("a script that fails five times in a row is disabled, and its owner is told", async () => {
  const { ann, dev, project, make } = await openWorld();
  await ann.ok("user.subscribe", {});
  const { id } = await make(`on_event("issue.created", function(ctx)\n  error("no")\nend)`, "Broken");

  for (let i = 0; i < 6; i += 1) await dev.ok("issue.create", { project, title: "cart" });

  const disabled = await ann.next("script.disabled");
  expect(disabled.data).toMatchObject({ script: { id, enabled: false, disabledReason: "It failed 5 times in a row" } });
  const told = await ann.next("notification.created");
  expect(told.data).toMatchObject({ notification: { summary: expect.stringContaining("Broken") } });
  const { items } = await ann.ok("script.logs", { scriptId: id });
  expect(items.length).toBeGreaterThanOrEqual(5);
  expect(items[0]).toMatchObject({ status: "failed", error: { code: "script_error", message: "no", line: 2 } });
});

test("a script that has to be stopped three times in a row is disabled sooner", async () => {
  const { ann, dev, project, make } = await openWorld();
  const { id } = await make(`on_event("issue.created", function(ctx) while true do pcall(error) end end)`);

  for (let i = 0; i < 4; i += 1) await dev.ok("issue.create", { project, title: "cart" });

  await vi.waitFor(async () => expect((await ann.ok("script.get", { scriptId: id })).enabled).toBe(false), 40_000);
  expect((await ann.next("script.disabled")).data).toMatchObject({
    script: { disabledReason: "It had to be stopped 3 times in a row" },
  });
  const failed = ann.heard.filter(({ type }) => type === "script.failed").map((event) => runOf(event).error?.code);
  expect(failed).toEqual(["cpu_limit", "cpu_limit", "cpu_limit"]);
});

test("a script has the rights of its owner at that moment, no others, and those in its project only", async () => {
  const app = await startAppForTest({ sweepMs: 200 });
  const { ann, boss, org, project } = await createWorld(app, { members: { boss: "owner", ann: "admin" } });
  await boss.ok("project.create", { org, name: "Secret", slug: "secret", key: "SEC" });
  await boss.ok("project.addMember", { project: `${org}/secret`, userId: ann.userId, role: "developer" });
  const script = await ann.ok("script.create", {
    project,
    name: "Busy",
    source: `on_event("issue.created", function(ctx)
      local changed, why = pcall(function() ctx.issue:update{ priority = "critical" } end)
      local away, whyAway = pcall(function() ctx.project:issues{ project = "${org}/secret" } end)
      log(changed, changed or why.code)
    end)`,
  });
  const outputs = async () => (await ann.ok("script.logs", { scriptId: script.id })).items.map(({ output }) => output);

  await boss.ok("issue.create", { project, title: "one" });
  await boss.next("script.ran");
  expect(await outputs()).toEqual(["true\ttrue"]);

  await boss.ok("project.setRole", { project, userId: ann.userId, role: "reporter" });
  await boss.ok("issue.create", { project, title: "two" });
  await boss.next("script.ran", (event) => boss.heard.filter(({ type }) => type === "script.ran").indexOf(event) === 1);
  const { items } = await boss.ok("script.logs", { scriptId: script.id });
  expect(items[0]?.output).toBe("false\tforbidden");
  expect((await boss.ok("issue.list", { project, priority: "critical" })).items.map(({ title }) => title)).toEqual([
    "one",
  ]);

  await boss.ok("member.remove", { org, userId: ann.userId });
  await boss.ok("issue.create", { project, title: "three" });
  await boss.next("script.ran", (event) => boss.heard.filter(({ type }) => type === "script.ran").indexOf(event) === 2);
  expect((await boss.ok("script.logs", { scriptId: script.id })).items[0]?.output).toBe("false\tnot_found");
});

test("a run may change a hundred things, or fewer where an admin says so", async () => {
  const app = await startAppForTest({ sweepMs: 200 });
  const { ann, org, project } = await createWorld(app, { members: { ann: "owner" } });
  const { id } = await ann.ok("script.create", {
    project,
    name: "Many",
    source: `on_event("issue.created", function(ctx)
      for i = 1, 200 do pcall(function() ctx.issue:add_comment("no. " .. i) end) end
    end)`,
  });
  const { number: first } = await ann.ok("issue.create", { project, title: "cart" });
  const failed = await ann.next("script.failed", over(id));
  expect(runOf(failed)).toMatchObject({ status: "failed", error: { code: "call_limit" }, mutations: 101 });
  expect((await ann.ok("issue.get", { project, issue: first })).commentCount).toBe(100);

  await ann.ok("script.setPolicy", { org, caps: { mutationsPerRun: 3 } });
  const { number: second } = await ann.ok("issue.create", { project, title: "cart" });
  await ann.next("script.failed", (event) => over(id)(event) && event.seq > failed.seq);
  expect((await ann.ok("issue.get", { project, issue: second })).commentCount).toBe(3);
});

test("used up runs wait for the next day instead of being lost", async () => {
  const app = await startAppForTest({ sweepMs: 200 });
  const { ann, org, project } = await createWorld(app, { members: { ann: "owner" } });
  await ann.ok("org.subscribe", { org });
  const { id } = await ann.ok("script.create", {
    project,
    name: "Greeter",
    source: `on_event("issue.created", function(ctx) ctx.issue:add_comment("hello") end)`,
  });
  await ann.ok("script.setPolicy", { org, caps: { runsPerDay: 2 } });
  await vi.waitFor(async () => expect((await ann.ok("usage.today", { org })).scriptRuns.limit).toBe(2), 10_000);

  for (let i = 0; i < 4; i += 1) await ann.ok("issue.create", { project, title: "cart" });

  await ann.next("quota.exceeded");
  await ann.next("script.ran", () => ann.heard.filter(({ type }) => type === "script.ran").length === 2);
  const { items } = await ann.ok("script.logs", { scriptId: id });
  expect(items).toHaveLength(2);
  expect((await ann.ok("script.get", { scriptId: id })).enabled).toBe(true);
  const { rows } = await app.parts.database.pool.query(
    `select p.seq < s.seq as behind from positions p join streams s on s.id = p.stream where consumer = 'script:' || $1`,
    [id],
  );
  expect(rows).toEqual([{ behind: true }]);
});
