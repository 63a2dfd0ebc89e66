/**
 * Scripts over two instances that are killed at random: every effect of every event exactly once, and in order.
 * SCRIPT_KILL_EVENTS and SCRIPT_KILLS make it longer.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { type Running, startAppForTest } from "../support/harness.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { createWorld } from "../support/world.ts";

const EVENTS = Number(process.env["SCRIPT_KILL_EVENTS"] ?? 100);
const KILLS = Number(process.env["SCRIPT_KILLS"] ?? 2);
const ACK_TIMEOUT_MS = 10_000;
vi.setConfig({ testTimeout: 120_000 + EVENTS * 400 + KILLS * 10_000 });

/** Each reads before it writes, so that a run that is repeated without care would do something else. */
const scripts = {
  "says that it saw": `on_event("issue.created", function(ctx)
    if not ctx.issue.title:find("^load") then return end
    ctx.issue:add_comment("seen " .. ctx.issue.number .. " with " .. #ctx.issue:comments())
  end)`,
  counts: `on_event("issue.created", function(ctx)
    if not ctx.issue.title:find("^load") then return end
    local counter = ctx.project:issue(1)
    counter:update{ estimate = (counter.estimate or 0) + 1 }
  end)`,
  "keeps a list": `on_event("issue.created", function(ctx)
    if not ctx.issue.title:find("^load") then return end
    local list = ctx.project:issue(2)
    list:update{ description = list.description .. ctx.issue.number .. " " }
    list:add_comment("added " .. ctx.issue.number)
  end)`,
};

async function startInstance(app: Running): Promise<ServerProcess> {
  const server = await startServerProcess({
    DATABASE_URL: app.databaseUrl,
    JWT_SECRET: app.parts.config.JWT_SECRET,
    LOG_LEVEL: "info",
  });
  onTestFinished(() => server.kill());
  return server;
}

/** Kills one of the two, and starts another, again and again. */
async function killAtRandom(app: Running, servers: ServerProcess[], isOver: () => boolean): Promise<number> {
  let killed = 0;
  while (killed < KILLS || !isOver()) {
    await sleep(300 + Math.random() * 1500);
    if (killed === KILLS) continue;
    const victim = Math.floor(Math.random() * servers.length);
    await servers[victim]?.kill();
    // A start that is late is killed and done again, as whoever watches over servers would.
    servers[victim] = await startInstance(app).catch(() => startInstance(app));
    killed += 1;
  }
  return killed;
}

/** Creates issues through whichever instance is alive; gives their numbers in the order of the log. */
async function createIssues(ann: Client, servers: ServerProcess[], project: string): Promise<void> {
  for (let left = EVENTS; left > 0; ) {
    const url = servers[left % servers.length]?.url ?? "";
    const client = await connect(url, ann).catch(() => undefined);
    if (!client) continue;
    const cut = new Promise<false>((resolve) => void client.socket.once("disconnect", () => resolve(false)));
    for (let i = 0; i < 25 && left > 0; i += 1) {
      // As the SDK does: whoever waits too long for an answer comes back.
      const ack = client.socket.timeout(ACK_TIMEOUT_MS).emitWithAck("issue.create", { project, title: `load ${left}` });
      if (!(await Promise.race([ack, cut]).catch(() => false))) break;
      left -= 1;
    }
    client.close();
  }
}

async function factsOf(app: Running, stream: string) {
  const { pool } = app.parts.database;
  const one = async <T>(text: string, values: unknown[] = []): Promise<T> => (await pool.query(text, values)).rows[0];
  const { created } = await one<{ created: number[] }>(
    `select array_agg(issue order by seq) as created from events
     where stream = $1 and type = 'issue.created' and data #>> '{issue,title}' like 'load%'`,
    [stream],
  );
  const { counted, listed } = await one<{ counted: number; listed: string }>(
    `select (select estimate from issues where number = 1) as counted, (select description from issues where number = 2) as listed`,
  );
  const { rows: seen } = await pool.query(
    `select i.number, array_agg(c.body) as bodies from issues i left join comments c on c.issue_id = i.id
     where i.title like 'load%' group by i.number order by i.number`,
  );
  const { rows: added } = await pool.query(
    `select c.body from comments c join issues i on i.id = c.issue_id where i.number = 2 order by c.created_at, c.id`,
  );
  return { created, counted: Number(counted), listed, seen, added: added.map(({ body }) => body) };
}

test(`two instances, ${EVENTS} events, ${KILLS} kills: each effect once, in order`, async () => {
  // It runs no scripts itself; it is there to look.
  const looks = await startAppForTest({ sweepMs: null });
  const world = await createWorld(looks, {
    members: { ann: "admin" },
    stages: { todo: ["counter", "list"], done: [] },
  });
  const { ann, project, stream } = world;
  for (const [name, source] of Object.entries(scripts)) await ann.ok("script.create", { project, name, source });
  const servers = await Promise.all([startInstance(looks), startInstance(looks)]);

  let isOver = false;
  const killing = killAtRandom(looks, servers, () => isOver);
  await createIssues(ann, servers, project);
  isOver = true;
  const killed = await killing;
  const facts = await vi.waitUntil(
    async () => {
      const now = await factsOf(looks, stream);
      const done = now.counted >= now.created.length && now.added.length >= now.created.length;
      return done && now.seen.every(({ bodies }) => bodies[0] !== null) && now;
    },
    { timeout: 60_000 + EVENTS * 200, interval: 250 },
  );

  const numbers = facts.created;
  expect(numbers.length).toBeGreaterThanOrEqual(EVENTS);
  expect(facts.counted).toBe(numbers.length);
  expect(facts.listed.trim().split(" ").map(Number)).toEqual(numbers);
  expect(facts.added).toEqual(numbers.map((number) => `added ${number}`));
  expect(facts.seen.map(({ bodies }) => bodies)).toEqual(facts.seen.map(({ number }) => [`seen ${number} with 0`]));
  const { items } = await ann.ok("script.list", { project });
  expect(items.map(({ enabled, failures }) => ({ enabled, failures }))).toEqual(
    items.map(() => ({ enabled: true, failures: 0 })),
  );
  expect(killed).toBe(KILLS);
});
