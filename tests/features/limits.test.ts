/** How fast anyone may ask, and what happens to those who ask faster. */
import { describe, expect, inject, onTestFinished, test } from "vitest";
import type { Ack } from "../../protocol/index.ts";
import { type Client, connect } from "../support/client.ts";
import { createDatabase, type Running, startAppForTest } from "../support/harness.ts";
import { startRedis } from "../support/redis.ts";
import { createUser, createWorld, givePassword, openSession } from "../support/world.ts";

const password = "correct horse battery";

type Asked = { token?: string; from?: string; body?: object; method?: string };

async function ask(app: Running, path: string, { token, from, body, method = "POST" }: Asked = {}) {
  const response = await fetch(`${app.url}/api/v1${path}`, {
    method,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(from !== undefined && { "x-forwarded-for": from }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const { error } = text === "" ? {} : JSON.parse(text);
  return {
    status: response.status,
    code: error?.code ?? "ok",
    retryAfter: response.headers.get("retry-after"),
    remaining: response.headers.get("x-ratelimit-remaining"),
    retryAfterMs: error?.retryAfterMs,
  };
}

const logIn = (app: Running, email: string, tried = "a wrong password", from?: string) =>
  ask(app, "/auth/login", { body: { email, password: tried }, ...(from !== undefined && { from }) });

const addressOf = (i: number): string => `198.51.${Math.floor(i / 250)}.${i % 250}`;

function tally(answers: { code: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { code } of answers) counts[code] = (counts[code] ?? 0) + 1;
  return counts;
}

const codeOf = (ack: Ack): { code: string } => ({ code: ack.ok ? "ok" : ack.error.code });

describe("signing in", () => {
  /** The usual limit of failures, and a server that believes a proxy; `looks` counts the passwords that were looked up. */
  async function open(settings: Record<string, string> = {}) {
    const statements: string[] = [];
    const app = await startAppForTest({
      settings: { RATE_LIMIT_SIGN_IN_FAILURES: "10", TRUST_PROXY: "1", ...settings },
      onStatement: (text) => statements.push(text),
    });
    const ann = await createUser(app, "ann");
    await givePassword(app, ann.userId, password);
    return { app, ann, looks: () => statements.filter((text) => text.includes('"password_hash"')).length };
  }

  test("of a thousand wrong passwords from as many addresses ten are hashed", { timeout: 60_000 }, async () => {
    const { app, ann, looks } = await open();
    const answers = [];

    for (let i = 0; i < 1000; i += 50) {
      const some = Array.from({ length: 50 }, (_, j) => logIn(app, ann.email, `wrong ${i + j}`, addressOf(i + j)));
      answers.push(...(await Promise.all(some)));
    }

    expect(tally(answers)).toEqual({ unauthenticated: 10, rate_limited: 990 });
    expect(looks()).toBe(10);
    const last = answers.at(-1);
    expect(last).toMatchObject({ status: 429, remaining: "0" });
    expect(Number(last?.retryAfter)).toBe(Math.ceil((last?.retryAfterMs ?? 0) / 1000));
    expect(last?.retryAfterMs).toBeGreaterThan(600_000);
  });

  test("nor does the right password get through then, but that of others does", async () => {
    const { app, ann } = await open();
    const bob = await createUser(app, "bob");
    await givePassword(app, bob.userId, password);
    for (let i = 0; i < 10; i += 1) await logIn(app, ann.email);

    expect(await logIn(app, ann.email.toUpperCase(), password)).toMatchObject({ code: "rate_limited" });
    expect(await logIn(app, bob.email, password)).toMatchObject({ code: "ok" });
  });

  test("the right password is no failure", async () => {
    const { app, ann } = await open();
    const answers = [];
    for (let i = 0; i < 9; i += 1) await logIn(app, ann.email);

    for (let i = 0; i < 12; i += 1) answers.push(await logIn(app, ann.email, password));
    answers.push(await logIn(app, ann.email), await logIn(app, ann.email));

    expect(tally(answers)).toEqual({ ok: 12, unauthenticated: 1, rate_limited: 1 });
  });

  test("one address tries thirty accounts a minute", async () => {
    const { app } = await open({ RATE_LIMIT_SIGN_IN_PER_MINUTE: "30", RATE_LIMIT_ADDRESS_PER_MINUTE: "5" });

    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => logIn(app, `nobody-${i}@test.example`, "wrong", "203.0.113.9")),
    );
    const elsewhere = await logIn(app, "nobody@test.example", "wrong", "203.0.113.10");

    expect(tally(answers)).toEqual({ unauthenticated: 30, rate_limited: 10 });
    expect(elsewhere.code).toBe("unauthenticated");
  });

  test("who signs in is no stranger", async () => {
    const { app, ann } = await open({ RATE_LIMIT_SIGN_IN_PER_MINUTE: "3" });
    const answers = [];

    for (let i = 0; i < 8; i += 1) answers.push(await logIn(app, ann.email, password, "203.0.113.9"));

    expect(tally(answers)).toEqual({ ok: 8 });
  });

  test("an X-Forwarded-For that nobody vouches for changes nothing", async () => {
    const { app } = await open({ RATE_LIMIT_SIGN_IN_PER_MINUTE: "30", TRUST_PROXY: "0" });

    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) => logIn(app, `nobody-${i}@test.example`, "wrong", addressOf(i))),
    );

    expect(tally(answers)).toEqual({ unauthenticated: 30, rate_limited: 10 });
  });

  test("a proxy is believed by its address too", async () => {
    const settings = { RATE_LIMIT_SIGN_IN_PER_MINUTE: "1" };
    const { app: near } = await open({ ...settings, TRUST_PROXY: "10.0.0.0/8, 127.0.0.1" });
    const { app: far } = await open({ ...settings, TRUST_PROXY: "10.0.0.0/8" });
    const twice = async (app: Running) => [
      await logIn(app, "nobody@test.example", "wrong", addressOf(1)),
      await logIn(app, "nobody@test.example", "wrong", addressOf(2)),
    ];

    expect(tally(await twice(near))).toEqual({ unauthenticated: 2 });
    expect(tally(await twice(far))).toEqual({ unauthenticated: 1, rate_limited: 1 });
  });

  test("all addresses of one IPv6 network are one", async () => {
    const { app } = await open({ RATE_LIMIT_SIGN_IN_PER_MINUTE: "2" });
    const from = [
      "2001:db8:0:1::1",
      "2001:0db8::1:0:0:0:2",
      "2001:db8:0:1:a:b:c:d",
      "2001:db8:0:2::1",
      "::ffff:1.2.3.4",
    ];

    const answers = [];
    for (const address of from) answers.push(await logIn(app, "nobody@test.example", "wrong", address));

    expect(answers.map(({ code }) => code)).toEqual([
      ...["unauthenticated", "unauthenticated", "rate_limited"],
      ...["unauthenticated", "unauthenticated"],
    ]);
  });

  test("codes by e-mail are sent ten times in a quarter-hour, whoever asks", async () => {
    const { app, ann } = await open();

    const answers = [];
    for (let i = 0; i < 12; i += 1) {
      answers.push(await ask(app, "/auth/otp/request", { body: { email: ann.email }, from: addressOf(i) }));
    }

    expect(tally(answers)).toEqual({ ok: 10, rate_limited: 2 });
  });

  test("a stolen session tries ten old passwords", async () => {
    const { app, ann } = await open();
    const body = { old: "a wrong password", new: "a better horse battery" };

    const answers = [];
    for (let i = 0; i < 12; i += 1) {
      answers.push(await ask(app, "/profile/password", { method: "PUT", token: ann.token, body }));
    }

    expect(tally(answers)["rate_limited"]).toBe(2);
    expect(tally(answers)["ok"]).toBeUndefined();
  });
});

describe("requests over HTTP", () => {
  const strangers = { RATE_LIMIT_ADDRESS_PER_MINUTE: "5" };

  test("of nobody are counted by address: without a token, with a bad one, and public ones", async () => {
    const app = await startAppForTest({ settings: strangers });
    const paths: [string, Asked][] = [
      ["/orgs", { method: "GET" }],
      ["/orgs", { method: "GET", token: "nonsense" }],
      ["/commands/org.list", {}],
      ["/auth/validate", { body: { token: "nonsense" } }],
      ["/auth/refresh", { body: { refreshToken: "nonsense" } }],
      ["/auth/logout", { body: { refreshToken: "nonsense" } }],
      ["/commands/org.list", { token: `rhythm_${"0".repeat(32)}` }],
    ];

    const answers = [];
    for (const [path, asked] of paths) answers.push(await ask(app, path, asked));

    expect(answers.map(({ code }) => code)).toEqual([
      ...["unauthenticated", "unauthenticated", "unauthenticated", "unauthenticated", "unauthenticated"],
      ...["rate_limited", "rate_limited"],
    ]);
    expect(answers.map(({ remaining }) => remaining)).toEqual(["4", "3", "2", "1", "0", "0", "0"]);
    expect(Number(answers.at(-1)?.retryAfter)).toBeGreaterThan(0);
  });

  test("to sign up have a limit of their own", async () => {
    const app = await startAppForTest({ settings: { ...strangers, RATE_LIMIT_SIGN_UP_PER_HOUR: "7" } });
    const signUp = (i: number) => ask(app, "/auth/register", { body: { email: `zoe-${i}@test.example`, password } });

    const answers = await Promise.all(Array.from({ length: 9 }, (_, i) => signUp(i)));

    expect(tally(answers)).toEqual({ ok: 7, rate_limited: 2 });
    expect((await ask(app, "/orgs", { method: "GET" })).code).toBe("unauthenticated");
  });

  test("of someone who is signed in are not, nor those that show a good token", async () => {
    const app = await startAppForTest({ settings: strangers });
    const ann = await createUser(app, "ann");
    const email = "ann@test.example";
    const registered = await fetch(`${app.url}/api/v1/auth/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email, password }),
    });
    const { accessToken } = (await registered.json()) as { accessToken: string };

    const answers = [];
    for (let i = 0; i < 8; i += 1) {
      answers.push(await ask(app, "/orgs", { method: "GET", token: ann.token }));
      answers.push(await ask(app, "/auth/validate", { body: { token: accessToken } }));
    }

    expect(tally(answers)).toEqual({ ok: 16 });
  });

  test("health, metrics and documents are for all", async () => {
    const app = await startAppForTest({ settings: strangers });
    const paths = ["/livez", "/readyz", "/metrics", "/docs/rest", "/api/v1/docs/openapi.json"];

    const statuses = [];
    for (let i = 0; i < 8; i += 1) {
      for (const path of paths) statuses.push((await fetch(`${app.url}${path}`)).status);
    }

    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  test("with one API key are so many a minute, and those with another are not fewer", async () => {
    const app = await startAppForTest({ settings: { RATE_LIMIT_KEY_PER_MINUTE: "3" } });
    const ann = await connect(app.url, await createUser(app, "ann"));
    onTestFinished(() => ann.close());
    const keyOf = async () => (await ann.ok("key.create", { label: "for a program" })).secret ?? "";
    const [one, other] = [await keyOf(), await keyOf()];
    const list = (token: string) => ask(app, "/orgs", { method: "GET", token });

    const answers = [await list(one), await list(one), await list(one), await list(one), await list(other)];

    expect(answers.map(({ code }) => code)).toEqual(["ok", "ok", "ok", "rate_limited", "ok"]);
    expect(answers.map(({ remaining }) => remaining)).toEqual(["2", "1", "0", "0", "2"]);
    expect(answers[3]).toMatchObject({ status: 429 });
  });

  test("of one session come in a burst, and then slower", async () => {
    const settings = { RATE_LIMIT_COMMANDS_PER_SECOND: "1", RATE_LIMIT_COMMANDS_BURST: "5" };
    const app = await startAppForTest({ settings });
    const ann = await createUser(app, "ann");
    const sessionId = await openSession(app, ann.userId);
    const { token } = app.parts.tokens.sign({ userId: ann.userId, sessionId });
    const list = (bearer: string) => ask(app, "/orgs", { method: "GET", token: bearer });

    const answers = await Promise.all(Array.from({ length: 12 }, () => list(ann.token)));

    const counts = tally(answers);
    expect(counts["ok"]).toBeGreaterThanOrEqual(5);
    expect(counts["rate_limited"]).toBeGreaterThan(0);
    expect((await list(token)).code).toBe("ok");
  });
});

describe("messages of a socket", () => {
  const settings = { RATE_LIMIT_COMMANDS_PER_SECOND: "1", RATE_LIMIT_COMMANDS_BURST: "20" };
  const flood = (client: Client, name: string, input: object) =>
    Promise.all(Array.from({ length: 200 }, () => client.send(name, input)));

  /** ann on two sockets. */
  async function open(more: Record<string, string> = {}) {
    const app = await startAppForTest({ settings: { ...settings, ...more } });
    const world = await createWorld(app, { members: { ann: "owner" }, stages: { todo: ["a"] }, listening: false });
    const again = await connect(app.url, world.ann);
    onTestFinished(() => again.close());
    return { ...world, app, again };
  }

  test("that come too fast are refused, those of another socket of the same person are not", async () => {
    const { ann, again, project } = await open();

    const acks = await flood(ann, "issue.get", { project, issue: 1 });
    const beside = await again.call("issue.get", { project, issue: 1 });

    const counts = tally(acks.map(codeOf));
    expect(counts["ok"]).toBeGreaterThanOrEqual(20);
    expect(counts["rate_limited"]).toBeGreaterThan(100);
    expect(beside.ok).toBe(true);
    const refused = acks.find((ack) => !ack.ok);
    expect(refused).toMatchObject({ error: { code: "rate_limited", status: 429 } });
    const wait = refused && !refused.ok ? (refused.error.retryAfterMs ?? 0) : 0;
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(1000);
  });

  test("count whatever is in them", async () => {
    const { ann, again, project } = await open();

    const unknown = await flood(ann, "issue.explode", {});
    const wrong = await flood(again, "issue.get", { project, issue: "one" });

    expect(Object.keys(tally(unknown.map(codeOf))).sort()).toEqual(["not_found", "rate_limited"]);
    expect(Object.keys(tally(wrong.map(codeOf))).sort()).toEqual(["invalid", "rate_limited"]);
  });

  test("about presence do not take the place of commands, nor the other way round", async () => {
    const { ann, again, project } = await open({ RATE_LIMIT_PRESENCE_PER_SECOND: "1" });
    const present = { project, state: "viewing" };

    const presence = await flood(ann, "presence.set", present);
    const command = await ann.call("issue.get", { project, issue: 1 });
    const commands = await flood(again, "issue.get", { project, issue: 1 });
    const word = await again.call("presence.set", { project, state: "viewing" });

    expect(tally([...presence, ...commands].map(codeOf))["rate_limited"]).toBeGreaterThan(200);
    expect([command.ok, word.ok]).toEqual([true, true]);
  });

  test("are served again after a while", async () => {
    const { ann, project } = await open({ RATE_LIMIT_COMMANDS_PER_SECOND: "20" });
    const get = () => ann.call("issue.get", { project, issue: 1 });
    await flood(ann, "issue.get", { project, issue: 1 });

    await expect.poll(async () => (await get()).ok, { timeout: 5000, interval: 100 }).toBe(true);
  });
});

describe.skipIf(inject("redisUrl") === "")("over two instances with Redis", () => {
  async function openPair() {
    const redis = await startRedis();
    const databaseUrl = await createDatabase();
    const settings = { REDIS_URL: redis.url, RATE_LIMIT_KEY_PER_MINUTE: "10", RATE_LIMIT_SIGN_IN_FAILURES: "10" };
    const one = await startAppForTest({ settings, databaseUrl });
    const other = await startAppForTest({ settings, databaseUrl });
    onTestFinished(() => redis.stop());
    const ann = await connect(one.url, await createUser(one, "ann"));
    onTestFinished(() => ann.close());
    const token = (await ann.ok("key.create", { label: "for a program" })).secret ?? "";
    const times = (count: number, app: Running) =>
      Promise.all(Array.from({ length: count }, () => ask(app, "/orgs", { method: "GET", token })));
    // Both have found their Redis.
    await expect
      .poll(() => fetch(`${other.url}/readyz`).then((answer) => answer.json()))
      .toMatchObject({ checks: { redis: "ok" } });
    return { redis, one, other, ann, token, times };
  }

  test("both count together", async () => {
    const { one, other, times } = await openPair();

    const answers = (await Promise.all([times(10, one), times(10, other)])).flat();

    expect(tally(answers)).toEqual({ ok: 10, rate_limited: 10 });
  });

  test("wrong passwords too", async () => {
    const { one, other } = await openPair();
    const tries = [one, other].flatMap((app) => Array.from({ length: 20 }, () => logIn(app, "nobody@test.example")));

    expect(tally(await Promise.all(tries))).toEqual({ unauthenticated: 10, rate_limited: 30 });
  });

  test.each(["kill", "pause"] as const)("without Redis (%s) each holds the limits for itself", async (fault) => {
    const { redis, one, other, times } = await openPair();
    if (fault === "kill") await redis.kill();
    else redis.pause();
    onTestFinished(() => (fault === "pause" ? redis.resume() : undefined));

    const answers = await Promise.all([times(15, one), times(15, other)]);
    const signIns = await Promise.all(Array.from({ length: 15 }, () => logIn(one, "nobody@test.example")));

    expect(answers.map(tally)).toEqual([
      { ok: 10, rate_limited: 5 },
      { ok: 10, rate_limited: 5 },
    ]);
    expect(tally(signIns)).toEqual({ unauthenticated: 10, rate_limited: 5 });
  });
});
