/** Bots: each event handled once and in order, own actions left alone, positions kept on the server. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Bot, type BotOptions, createBot } from "../../src/bot/index.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createUser, createWorld, type World } from "../support/world.ts";
import { hasty, soon } from "./join.ts";
import { startProgram } from "./program.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp({ headEveryMs: 100 });
});
afterAll(() => app.close());

type Line = { level: string; message: string; facts: Record<string, unknown> | undefined };

const openWorld = () =>
  createWorld(app, {
    members: { ann: "admin", robo: "developer" },
    stages: { todo: ["first"], doing: [] },
  });
function makeBot({ robo, project }: World<"robo">, options: Partial<BotOptions> = {}): Bot & { lines: Line[] } {
  const lines: Line[] = [];
  const log: BotOptions["log"] = (level, message, facts) => void lines.push({ level, message, facts });
  const about = { url: app.url, token: robo.token, name: "robo", projects: [project], log, retryMinMs: 5 };
  const bot = createBot({ ...hasty, ...about, ...options });
  onTestFinished(() => bot.stop());
  return Object.assign(bot, { lines });
}

test("a handler gets each event of its type, in order, and none of its own doing", async () => {
  const world = await openWorld();
  const { ann, project } = world;
  const heard: string[] = [];
  const bot = makeBot(world).on("issue.created", async ({ data: { issue } }, ctx) => {
    heard.push(issue.title);
    if (issue.title === "N0") await ctx.issue.create({ project: ctx.ref, title: "own" });
  });
  await bot.start();

  for (let i = 0; i < 20; i += 1) await ann.ok("issue.create", { project, title: `N${i}` });

  await soon(() => heard.length).toBe(20);
  expect(heard).toEqual(Array.from({ length: 20 }, (_, i) => `N${i}`));
  expect((await ann.next("issue.created", ({ data }) => JSON.stringify(data).includes("own"))).actor.id).toBe(
    world.robo.userId,
  );
});

test("one event at a time, however long its handler takes", async () => {
  const world = await openWorld();
  const { ann, project } = world;
  const steps: string[] = [];
  const bot = makeBot(world).on("issue.created", async ({ data: { issue } }, ctx) => {
    steps.push(`begin ${issue.title}`);
    await ctx.issue.get({ project: ctx.ref, issue: issue.number });
    steps.push(`end ${issue.title}`);
  });
  await bot.start();

  await Promise.all(["a", "b", "c"].map((title) => ann.ok("issue.create", { project, title })));

  await soon(() => steps.length).toBe(6);
  expect(steps.map((step) => step.split(" ")[0])).toEqual(["begin", "end", "begin", "end", "begin", "end"]);
});

test("a bot goes on where it was, and one of another name has a position of its own", async () => {
  const world = await openWorld();
  const { ann, project } = world;
  const heard: string[] = [];
  const start = async (options: Partial<BotOptions>) => {
    const bot = makeBot(world, options).on("issue.created", ({ data: { issue } }) => {
      heard.push(`${options.name} ${issue.title}`);
    });
    await bot.start();
    return bot;
  };
  const one = await start({ name: "one" });
  await ann.ok("issue.create", { project, title: "a" });
  await soon(() => heard).toEqual(["one a"]);
  await one.stop();

  await ann.ok("issue.create", { project, title: "b" });
  await start({ name: "one" });
  await soon(() => heard).toEqual(["one a", "one b"]);
  await start({ name: "two", from: "beginning" });

  await soon(() => heard).toEqual(["one a", "one b", "two first", "two a", "two b"]);
});

test("a bot that begins now misses nothing from then on, even when it dies before its first event", async () => {
  const world = await openWorld();
  const { ann, project } = world;
  const bot = makeBot(world);
  await bot.start();
  bot.client.close();
  await ann.ok("issue.create", { project, title: "meanwhile" });
  const heard: string[] = [];

  await makeBot(world)
    .on("issue.created", ({ data: { issue } }) => void heard.push(issue.title))
    .start();

  await soon(() => heard).toEqual(["meanwhile"]);
});

test("a handler that fails is run again without doing anything twice, then skipped", async () => {
  const world = await openWorld();
  const { ann, project, titles } = world;
  const tries: string[] = [];
  const bot = makeBot(world);
  bot.on("issue.created", async ({ data: { issue } }, ctx) => {
    tries.push(issue.title);
    await ctx.issue.create({ project: ctx.ref, title: `${issue.title} too` });
    if (issue.title === "bad") throw new Error("never");
    if (tries.filter((title) => title === "slow").length === 1) throw new Error("once");
  });
  await bot.start();

  for (const title of ["slow", "bad", "good"]) await ann.ok("issue.create", { project, title });

  await soon(() => tries).toEqual(["slow", "slow", "bad", "bad", "bad", "good"]);
  const expected = ["bad", "bad too", "first", "good", "good too", "slow", "slow too"];
  await soon(async () => (await titles("todo")).sort()).toEqual(expected);
  expect(bot.lines.filter(({ level }) => level === "error")).toMatchObject([
    { message: "a handler failed; skipped", facts: { project, type: "issue.created", tried: 3 } },
  ]);
});

test("two handlers of one type, calls at once and keyed calls are all told apart", async () => {
  const world = await openWorld();
  const { ann, project } = world;
  const add = (body: string) => ({ project, issue: 1, body });
  let isFirst = true;
  const bot = makeBot(world)
    .on("issue.updated", async (_, ctx) => {
      await Promise.all([ctx.comment.add(add("a")), ctx.comment.add(add("b"))]);
      for (const key of isFirst ? ["x", "y"] : ["y", "z"]) await ctx.once(key).comment.add(add(key));
      const fails = isFirst;
      isFirst = false;
      if (fails) throw new Error("again");
    })
    .on("issue.updated", (_, ctx) => ctx.call("comment.add", add("second")));
  await bot.start();

  await ann.ok("issue.update", { project, issue: 1, patch: { title: "changed" } });

  await ann.next("comment.created", ({ data }) => JSON.stringify(data).includes('"second"'));
  const { items } = await ann.ok("comment.list", { project, issue: 1 });
  expect(items.map(({ body }) => body).sort()).toEqual(["a", "b", "second", "x", "y", "z"]);
});

test("middleware stands around handlers, outermost first, and may keep events from them", async () => {
  const world = await openWorld();
  const { ann, project } = world;
  const steps: string[] = [];
  const bot = makeBot(world)
    .use(async (event, ctx, next) => {
      steps.push(`in ${event.type} ${ctx.me.displayName}`);
      await next();
      steps.push("out");
    })
    .use((event, _, next) => (event.type === "issue.created" ? next() : undefined))
    .on("issue.created", () => void steps.push("created"))
    .on("issue.updated", () => void steps.push("updated"));
  await bot.start();

  await ann.ok("issue.update", { project, issue: 1, patch: { title: "changed" } });
  await ann.ok("issue.create", { project, title: "new" });

  await soon(() => steps).toEqual(["in issue.updated robo", "out", "in issue.created robo", "created", "out"]);
});

test("a job is done once in its period, by however many starts", async () => {
  const world = await openWorld();
  const { ann, project } = world;
  const day = 24 * 60 * 60 * 1000;
  const run = async () => {
    let done = false;
    const bot = makeBot(world).every(day, async (ctx) => {
      await ctx.issue.create({ project: ctx.ref, title: "daily" });
      done = true;
    });
    await bot.start();
    await soon(() => done).toBe(true);
    await bot.stop();
  };

  await run();
  await run();

  expect((await ann.ok("issue.list", { project, q: "daily" })).items).toHaveLength(1);
});

test("without a list a bot follows all that it may see, and a stranger learns that it may not come in", async () => {
  const world = await openWorld();
  const { ann, org } = world;
  await ann.ok("project.join", { project: world.project });
  const { token } = await createUser(app, "stranger");
  const bot = createBot({ ...hasty, url: app.url, token: world.robo.token, name: "all", log: () => 0 });
  onTestFinished(() => bot.stop());
  const heard: string[] = [];
  bot.on("issue.created", (_, ctx) => void heard.push(ctx.ref));
  await bot.start();
  const stranger = createBot({ ...hasty, url: app.url, token, name: "s", projects: [world.project], log: () => 0 });
  onTestFinished(() => stranger.stop());

  await ann.ok("issue.create", { project: world.project, title: "new" });

  await soon(() => heard).toEqual([`${org}/web`]);
  await expect(stranger.start()).rejects.toMatchObject({ code: "not_found" });
});

test("a bot of an organization comes in with its key, and ends when it is suspended", async () => {
  const { ann, org, project } = await createWorld(app, { members: { ann: "owner" }, stages: { todo: ["first"] } });
  const { id: botId } = await ann.ok("bot.create", { org, name: "Greeter" });
  await ann.ok("project.setRole", { project, userId: botId, role: "developer" });
  const { secret } = await ann.ok("key.create", { botId, label: "test" });
  const log: string[] = [];
  const bot = createBot({
    ...hasty,
    url: app.url,
    apiKey: secret ?? "",
    name: "greeter",
    log: (_, line) => void log.push(line),
  });
  onTestFinished(() => bot.stop());
  bot.on("issue.created", ({ data: { issue } }, ctx) =>
    ctx.comment.add({ project: ctx.ref, issue: issue.number, body: "Hello" }),
  );
  await bot.start();

  await ann.ok("issue.create", { project, title: "new" });
  const { actor } = await ann.next("comment.created");
  await ann.ok("bot.suspend", { org, botId });

  expect(actor).toEqual({ id: botId, kind: "bot" });
  await soon(() => bot.client.state.current).toMatchObject({ status: "closed", error: { code: "unauthenticated" } });
  expect(log).toContain("was not let in");
});

test("example: triage tags by words", async () => {
  const { ann, robo, project } = await openWorld();
  await ann.ok("tag.create", { project, name: "bug", color: "#ff0000" });
  const bot = startProgram("examples/triage.ts", { url: app.url, token: robo.token });
  onTestFinished(() => bot.kill());
  await bot.following;

  const { number } = await ann.ok("issue.create", { project, title: "The export crashes, and is slow" });
  await ann.ok("issue.create", { project, title: "A nice idea" });

  await soon(async () => (await ann.ok("issue.get", { project, issue: number })).tags.map(({ name }) => name)).toEqual([
    "bug",
    "performance",
  ]);
  expect((await ann.ok("issue.get", { project, issue: number + 1 })).tags).toEqual([]);
  expect(await bot.stop()).toBe(0);
});

test("example: the stale reminder asks once a day", async () => {
  const { ann, robo, project, projectId } = await openWorld();
  await ann.ok("issue.create", { project, title: "busy" });
  for (const issue of [1, 2]) {
    await ann.ok("issue.update", { project, issue, patch: { status: "in_progress" } });
    await ann.ok("issue.setAssignees", { project, issue, userIds: [ann.userId] });
  }
  const { pool } = app.parts.database;
  const age = () =>
    pool.query("update issues set updated_at = now() - interval '8 days' where project_id = $1 and number = 1", [
      projectId,
    ]);

  for (const run of [1, 2]) {
    await age();
    const bot = startProgram("examples/stale-reminder.ts", { url: app.url, token: robo.token });
    onTestFinished(() => bot.kill());
    await bot.following;
    if (run === 1) await ann.next("comment.created");
    expect(await bot.stop()).toBe(0);
  }

  const { items } = await ann.ok("comment.list", { project, issue: 1 });
  expect(items.map(({ body }) => body)).toEqual(["No news for a week. Is this still going on, ann?"]);
  expect((await ann.ok("comment.list", { project, issue: 2 })).items).toEqual([]);
});

test("example: the stand-up tells who did what", async () => {
  const { ann, robo, project } = await openWorld();
  const bot = startProgram("examples/stand-up.ts", { url: app.url, token: robo.token });
  onTestFinished(() => bot.kill());
  await bot.following;

  await ann.ok("comment.add", { project, issue: 1, body: "just talking" });
  await ann.ok("comment.add", { project, issue: 1, body: "!standup" });

  const answer = await ann.next("comment.created", ({ actor }) => actor.id === robo.userId);
  expect(answer.data.comment).toMatchObject({ issue: 1, body: "Since yesterday:\n- ann: WEB-1\n- maker: WEB-1" });
  expect(await bot.stop()).toBe(0);
});
