/** What operators see: each metric is there, on the dashboard or in the guide, and moves when it should. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from "vitest";
import { packageRoot } from "../../src/kernel/package-root.ts";
import { connect } from "../support/client.ts";
import { createDatabase, type Running, startApp, startAppForTest } from "../support/harness.ts";
import { post } from "../support/post.ts";
import { startRedis } from "../support/redis.ts";
import { createUser, createWorld, givePassword } from "../support/world.ts";

const redisUrl = inject("redisUrl");
const read = (path: string): string => readFileSync(new URL(path, packageRoot), "utf8");

type Sample = { name: string; labels: Record<string, string>; value: number };
type Scrape = { types: Map<string, string>; samples: Sample[] };

/** The text of /metrics, understood. */
async function scrape({ url }: { url: string }): Promise<Scrape> {
  const lines = (await (await fetch(`${url}/metrics`)).text()).split("\n");
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of lines) {
    const type = /^# TYPE (\S+) (\S+)/.exec(line);
    if (type?.[1] && type[2]) types.set(type[1], type[2]);
    const sample = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!sample?.[1]) continue;
    const labels = Object.fromEntries([...(sample[2] ?? "").matchAll(/(\w+)="([^"]*)"/g)].map((m) => [m[1], m[2]]));
    samples.push({ name: sample[1], labels, value: Number(sample[3]) });
  }
  return { types, samples };
}

/** The sum of the samples of this name that have these labels. */
function sum({ samples }: Scrape, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels);
  return samples
    .filter((sample) => sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value))
    .reduce((total, { value }) => total + value, 0);
}

const ours = ({ types }: Scrape): string[] => [...types.keys()].filter((name) => !/_(nodejs|process)_/.test(name));

type Panel = { title: string; targets?: { expr: string }[] };
const { panels } = JSON.parse(read("docs/grafana.json")) as { panels: Panel[] };
const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const namesIn = (text: string): string[] => text.match(/\brhythm_\w+/g) ?? [];
/** Of `rhythm_x_bucket` too, if `rhythm_x` is a histogram. */
const metricOf = (name: string, { types }: Scrape): string | undefined => {
  const base = name.replace(/_(bucket|sum|count)$/, "");
  return types.get(base) === "histogram" ? base : types.has(name) ? name : undefined;
};

let app: Running;
beforeAll(async () => {
  app = await startApp({ sweepMs: 50, settings: redisUrl === "" ? {} : { REDIS_URL: redisUrl } });
});
afterAll(() => app.close());

/** What the metrics are after a little work of every kind. */
async function work(): Promise<Scrape> {
  const { ann, bob, cleo, project, stream, issue } = await createWorld(app, {
    members: { ann: "developer", bob: "developer", cleo: "admin" },
    stages: { todo: ["one", "two"] },
  });
  const { epoch, head } = await ann.ok("sync.pull", { stream, after: 0 });
  await bob.ok("user.subscribe", {});
  const source = 'on_event("issue.assigned", function(ctx) log(ctx.issue.title) end)';
  await cleo.ok("script.create", { project, name: "Watcher", source });
  await ann.ok("issue.setAssignees", { project, issue: issue.one, userIds: [bob.userId] });
  await bob.next("notification.created");
  await bob.ok("project.subscribe", { project, since: { epoch, seq: head } });
  await bob.ok("project.subscribe", { project, since: { epoch: "another", seq: 1 } });
  await ann.refused("issue.get", { project, issue: 999 });
  await connect(app.url, { userId: "", token: "junk" }).catch(() => undefined);
  const carl = await createUser(app, "carl");
  await givePassword(app, carl.userId, "correct horse battery");
  await post(app, "/auth/login", { email: carl.email, password: "wrong" });
  await post(app, "/auth/otp/request", { email: carl.email });
  await expect.poll(async () => sum(await scrape(app), "rhythm_mails_total")).toBeGreaterThan(0);
  await cleo.next("script.ran");
  await expect.poll(async () => sum(await scrape(app), "rhythm_reaction_lag_seconds_count")).toBeGreaterThan(0);
  return scrape(app);
}
let working: Promise<Scrape> | undefined;
const afterWork = (): Promise<Scrape> => {
  working ??= work();
  return working;
};

test("every query of the dashboard names metrics that exist, with labels that they have", async () => {
  const busy = await afterWork();
  expect(queries.length).toBeGreaterThan(30);
  for (const query of queries) {
    const names = namesIn(query);
    expect(names, query).not.toEqual([]);
    for (const name of names) {
      const metric = metricOf(name, busy);
      expect([query, metric], name).toEqual([query, expect.any(String)]);
      // A counter is only good for its rate, and a rate is only good for a counter.
      const isRate = new RegExp(`(rate|increase)\\(${name}\\{`).test(query);
      expect([query, isRate]).toEqual([query, ["counter", "histogram"].includes(busy.types.get(metric ?? "") ?? "")]);
    }
    const labels = [...query.matchAll(/\bby \(([^)]*)\)/g)].flatMap((match) => (match[1] ?? "").split(/,\s*/));
    const known = new Set(
      busy.samples.filter(({ name }) => names.includes(name)).flatMap((sample) => Object.keys(sample.labels)),
    );
    const mayBeSilent = /feed_repairs|rate_limited|reactions_skipped|redis_up|relay/.test(query);
    if (!mayBeSilent) for (const label of labels) expect([query, known.has(label)]).toEqual([query, true]);
  }
});

test("each metric of ours is on the dashboard, and explained in the guide", async () => {
  const busy = await afterWork();
  const onDashboard = new Set(queries.flatMap(namesIn).map((name) => metricOf(name, busy)));
  const guide = read("docs/operations.md");
  const explained = new Set([...guide.matchAll(/^\| `(rhythm_\w+)` \|/gm)].map((match) => match[1]));

  expect(ours(busy).length).toBeGreaterThan(30);
  expect(ours(busy).filter((name) => !onDashboard.has(name))).toEqual([]);
  expect(ours(busy).filter((name) => !explained.has(name))).toEqual([]);
  expect([...explained].filter((name) => !busy.types.has(String(name)))).toEqual([]);
  expect(namesIn(guide).filter((name) => metricOf(name, busy) === undefined)).toEqual([]);
});

test("the guide's table has the labels that metrics have", async () => {
  const busy = await afterWork();
  const rows = [...read("docs/operations.md").matchAll(/^\| `(rhythm_\w+)` \| ([^|]*) \|/gm)];
  const told = Object.fromEntries(rows.map(([, name, labels = ""]) => [name, labels.match(/\w+/g) ?? []]));
  for (const { name, labels } of busy.samples) {
    const metric = metricOf(name, busy);
    if (metric === undefined || !(metric in told)) continue;
    expect([name, Object.keys(labels).filter((label) => label !== "le")]).toEqual([name, told[metric]]);
  }
});

test("a little work moves what it should", async () => {
  const busy = await afterWork();
  const moved = (name: string, labels?: Record<string, string>) => sum(busy, name, labels);

  expect(moved("rhythm_commands_total", { command: "issue.create", code: "ok" })).toBe(2);
  expect(moved("rhythm_commands_total", { command: "issue.get", code: "not_found" })).toBe(1);
  expect(moved("rhythm_command_duration_seconds_count")).toBe(moved("rhythm_commands_total"));
  // bob's, and that of who made the issue.
  expect(moved("rhythm_events_written_total", { type: "notification.created" })).toBe(2);
  expect(moved("rhythm_events_written_total", { type: "issue.created" })).toBe(2);
  expect(moved("rhythm_event_lag_seconds_count")).toBeGreaterThan(0);
  expect(moved("rhythm_commands_per_commit_sum")).toBeGreaterThanOrEqual(moved("rhythm_commands_per_commit_count"));
  expect(moved("rhythm_database_statements_total")).toBeGreaterThan(4 * moved("rhythm_commands_per_commit_count"));
  expect(moved("rhythm_resumes_total", { outcome: "resumed" })).toBe(1);
  expect(moved("rhythm_resumes_total", { outcome: "reset" })).toBe(1);
  expect(moved("rhythm_handshakes_refused_total", { code: "unauthenticated" })).toBe(1);
  expect(moved("rhythm_sign_in_failures_total", { command: "auth.login" })).toBe(1);
  expect(moved("rhythm_mails_total", { outcome: "sent" })).toBe(1);
  expect(moved("rhythm_sockets")).toBe(3);
  expect(moved("rhythm_rooms")).toBe(2);
  expect(moved("rhythm_subscriptions")).toBe(4);
  expect(moved("rhythm_script_runs_total", { trigger: "event", code: "ok" })).toBe(1);
  expect(moved("rhythm_instances")).toBe(1);
  expect(moved("rhythm_build_info")).toBe(1);
  expect(moved("rhythm_draining")).toBe(0);
  expect(moved("rhythm_http_responses_total", { status: "4xx" })).toBe(1);
  expect(moved("rhythm_database_connections")).toBeGreaterThan(0);
  expect(moved("rhythm_redis_up")).toBe(redisUrl === "" ? 0 : 2);
  expect(moved("rhythm_relay_messages_total", { direction: "sent" }) > 0).toBe(redisUrl !== "");
});

test("labels hold nothing that people sent", async () => {
  const ann = await connect(app.url, await createUser(app, "ann"));
  for (const name of ["no.such.command", "__proto__", 'x"} 1', "line\nbreak"]) await ann.send(name, {});
  ann.close();
  const { samples } = await scrape(app);

  expect(sum({ types: new Map(), samples }, "rhythm_commands_total", { command: "unknown" })).toBe(4);
  expect(samples.filter(({ value }) => Number.isNaN(value))).toEqual([]);
  expect(
    samples.flatMap(({ labels }) => Object.values(labels)).filter((text) => /such|proto|@|break/.test(text)),
  ).toEqual([]);
});

test("who asks too fast is counted by the limit", async () => {
  const limited = await startAppForTest({
    settings: {
      RATE_LIMIT_COMMANDS_PER_SECOND: "1",
      RATE_LIMIT_COMMANDS_BURST: "1",
      RATE_LIMIT_ADDRESS_PER_MINUTE: "1",
    },
  });
  const ann = await connect(limited.url, await createUser(limited, "ann"));
  onTestFinished(() => ann.close());

  await Promise.all([1, 2, 3].map(() => ann.call("session.whoami", {})));
  for (const _ of [1, 2, 3]) await post(limited, "/auth/session");
  const after = await scrape(limited);

  expect(sum(after, "rhythm_rate_limited_total", { limit: "commands" })).toBe(2);
  expect(sum(after, "rhythm_rate_limited_total", { limit: "address" })).toBe(2);
});

test("instances see each other come, and go in order", async () => {
  const one = await startAppForTest({ heartbeatMs: 50 });
  const other = await startApp({ heartbeatMs: 50, databaseUrl: one.databaseUrl });
  const alive = async () => sum(await scrape(one), "rhythm_instances");
  const rows = async () =>
    (await one.parts.database.pool.query("select id, version, sockets, draining from instances order by id")).rows;

  await expect.poll(alive).toBe(2);
  const ann = await connect(other.url, await createUser(one, "ann"));
  await expect.poll(async () => (await rows()).find(({ id }) => id === other.instance)?.sockets).toBe(1);
  ann.close();
  expect((await rows()).map(({ id }) => id)).toEqual([one.instance, other.instance].sort());
  await other.close();

  expect((await rows()).map(({ id }) => id)).toEqual([one.instance]);
  await expect.poll(alive).toBe(1);
});

test("an instance that fell silent is not counted, and its row goes after a minute; one that was only asleep is back", async () => {
  const one = await startAppForTest({ heartbeatMs: 50 });
  const { pool } = one.parts.database;
  const add = (id: string, age: string) =>
    pool.query(
      `insert into instances (id, host, version, seen_at, sockets, draining) values ($1, 'h', '1', now() - $2::interval, 0, false)`,
      [id, age],
    );
  await add("late", "20 s");
  await add("dead", "61 s");
  await pool.query("update instances set seen_at = now() - interval '2 min' where id = $1", [one.instance]);
  const ids = async () => (await pool.query("select id from instances order by id")).rows.map(({ id }) => id);

  await expect.poll(ids).toEqual(["late", one.instance].sort());
  expect(sum(await scrape(one), "rhythm_instances")).toBe(1);
  const isFresh = async () =>
    (await pool.query("select seen_at > now() - interval '5 s' as fresh from instances where id = $1", [one.instance]))
      .rows[0]?.fresh;
  await expect.poll(isFresh).toBe(true);
});

test("two instances that were both away for a minute do not wait for each other", async () => {
  const databaseUrl = await createDatabase();
  const both = await Promise.all([1, 2].map(() => startAppForTest({ heartbeatMs: 20, databaseUrl })));
  const [one, other] = both;
  for (let round = 0; round < 20; round += 1) {
    await one?.parts.database.pool.query("update instances set seen_at = now() - interval '2 min'");
    await sleep(30);
  }

  await expect.poll(async () => one && sum(await scrape(one), "rhythm_instances")).toBe(2);
  expect([one?.complaints, other?.complaints]).toEqual([[], []]);
});

test.skipIf(redisUrl === "")("without its Redis an instance is ready, but degraded, until it is back", async () => {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const sharing = await startAppForTest({ settings: { REDIS_URL: redis.url } });
  const ready = async () => {
    const response = await fetch(`${sharing.url}/readyz`);
    const { status, checks } = (await response.json()) as { status: string; checks: Record<string, string> };
    return [response.status, status, checks["redis"]];
  };

  await expect.poll(ready).toEqual([200, "ok", "ok"]);
  await redis.kill();
  await expect.poll(ready).toEqual([200, "degraded", "away"]);
  expect(sum(await scrape(sharing), "rhythm_redis_up")).toBe(0);
  await redis.restart();
  await expect.poll(ready, { timeout: 5000 }).toEqual([200, "ok", "ok"]);
});

test("an instance alone says that it uses no Redis", async () => {
  const alone = await startAppForTest();
  const { status, checks } = (await (await fetch(`${alone.url}/readyz`)).json()) as {
    status: string;
    checks: Record<string, string>;
  };

  expect([status, checks["redis"]]).toEqual(["ok", "not used"]);
  expect((await scrape(alone)).samples.filter(({ name }) => name === "rhythm_redis_up")).toEqual([]);
});
