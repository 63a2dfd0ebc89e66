/** What leaves the house: events only to those entitled, secrets to nobody. */
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { type Ack, commands, events as eventCatalogue } from "../../protocol/index.ts";
import { innerCommands, inputFor } from "../contract/fixtures.ts";
import { openCast, setScene } from "../contract/scene.ts";
import { type Client, connect } from "../support/client.ts";
import { startAppForTest } from "../support/harness.ts";
import { startRedis } from "../support/redis.ts";
import { startSmtp } from "../support/smtp.ts";
import { createWorld } from "../support/world.ts";
import { openTarget, report, tally } from "./target.ts";

test("whoever is not entitled hears nothing of what others do", { timeout: 120_000 }, async () => {
  const app = await startAppForTest({ sweepMs: 200 });
  const cast = await openCast(app);
  onTestFinished(() => cast.close());
  // Someone with a house of their own, in the same process.
  const { ann, stream, orgId } = await createWorld(app);
  await ann.ok("org.subscribe", { org: (await ann.ok("org.list", {})).items[0]?.slug ?? "" });
  await ann.ok("user.subscribe", {});
  const { outsider } = cast.as;
  await outsider.ok("user.subscribe", {});
  const own = new Set([stream, `org:${orgId}`, `user:${ann.userId}`, `user:${outsider.userId}`]);
  const tellings: string[] = [];
  for (const person of [ann, outsider]) person.socket.onAny((...args) => tellings.push(JSON.stringify(args)));
  const written = new Set<string>();
  const refused: string[] = [];
  const marks: string[] = [];

  for (const command of innerCommands.filter((name) => commands[name].kind === "mutation")) {
    const scene = await setScene(cast);
    marks.push(scene.org, scene.orgId, scene.projectId);
    for (const heard of [`project:${scene.projectId}`, `org:${scene.orgId}`, `user:${scene.maker.userId}`]) {
      for (const person of [ann, outsider]) {
        const pulled: Ack = await person.call("sync.pull", { stream: heard, after: 0 });
        refused.push(pulled.ok ? `${command} ${heard}` : pulled.error.code);
      }
    }
    for (const person of [ann, outsider]) {
      for (const answer of [
        await person.call("project.subscribe", { project: scene.project }),
        await person.call("org.subscribe", { org: scene.org }),
        await person.call("board.get", { project: scene.project }),
        await person.call("presence.set", { project: scene.project, state: "viewing" }),
      ])
        refused.push(answer.ok ? `${command} ${person.userId}` : answer.error.code);
    }
    for (const type of commands[command].emits) written.add(type);
    const listener = scene.as.owner;
    await listener.ok("project.subscribe", { project: scene.project });
    await listener.ok("org.subscribe", { org: scene.org });
    const input = await inputFor(command, scene, scene.as.owner);
    await scene.as.owner.send(command, input);
  }
  await sleep(500);

  expect(tally(refused)).toEqual({ not_found: refused.length });
  expect([...ann.heard, ...outsider.heard].filter(({ stream: from }) => !own.has(from))).toEqual([]);
  expect(marks.filter((mark) => tellings.some((telling) => telling.includes(mark)))).toEqual([]);
  // The owner heard them, so there was something to hear.
  const heard = new Set(cast.as.owner.heard.map(({ type }) => type));
  report("S6 leaks", { mutations: marks.length / 3, refusals: refused.length, typesHeardByOwner: heard.size });
  expect(heard.size).toBeGreaterThan(Object.keys(eventCatalogue).length * 0.6);
});

type Told = { status: number; text: string };

test("no secret is in the log, the metrics, an error or an event", { timeout: 120_000 }, async () => {
  const smtp = await startSmtp();
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const secrets: Record<string, string> = {
    "the signing secret": "signing-secret-that-nobody-may-see-0001",
    "the secret before it": "signing-secret-that-nobody-may-see-0002",
    "the mail server's password": "mail-password-0003",
    "the password of Redis": "redis-password-0004",
    "a password": "correct horse battery 0005",
    "a wrong password": "wrong horse battery 0006",
    "a new password": "another horse battery 0007",
    "a password too short": "shrt-0008",
    "a password in broken JSON": "broken horse battery 0009",
    "a password in the wrong field": "misplaced horse battery 0010",
  };
  const secret = (name: string): string => secrets[name] ?? "";
  const withPassword = (url: string, password: string) => url.replace("://", `://rhythm:${password}@`);
  const target = await openTarget({
    NODE_ENV: "production",
    LOG_LEVEL: "trace",
    JWT_SECRET: secret("the signing secret"),
    JWT_PREVIOUS_SECRET: secret("the secret before it"),
    SMTP_URL: withPassword(smtp.url, secret("the mail server's password")),
    REDIS_URL: withPassword(redis.url, secret("the password of Redis")),
  });
  const shown: string[] = [];

  async function ask(path: string, body: object | string, token?: string): Promise<Told> {
    const response = await fetch(`${target.url}/api/v1${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    // Whoever signs in is shown their own tokens; whoever is refused is shown nothing.
    if (!response.ok) shown.push(text);
    return { status: response.status, text };
  }
  const keep = (name: string, value: unknown): string => {
    expect(value, name).toEqual(expect.stringMatching(/.{6,}/));
    secrets[name] = String(value);
    return String(value);
  };

  const email = "ann@acme.example";
  const password = secret("a password");
  const first = JSON.parse((await ask("/auth/register", { email, password })).text);
  const access = keep("an access token", first.accessToken);
  keep("the signature of a token", access.split(".")[2]);
  keep("a refresh token", first.refreshToken);
  const second = JSON.parse((await ask("/auth/login", { email, password })).text);
  keep("another refresh token", second.refreshToken);
  const third = JSON.parse((await ask("/auth/refresh", { refreshToken: second.refreshToken })).text);
  keep("a refreshed token", third.refreshToken);
  await ask("/auth/login", { email, password: secret("a wrong password") });
  await ask("/auth/login", { email: secret("a password in the wrong field"), password });
  await ask("/auth/register", { email: "bob@acme.example", password: secret("a password too short") });
  await ask("/auth/login", `{"email":"${email}","password":"${secret("a password in broken JSON")}"`);
  await ask("/auth/refresh", { refreshToken: `${first.refreshToken}x` });
  await ask("/auth/validate", { token: `${access}x` });
  await ask("/auth/otp/request", { email });
  await smtp.received(1);
  const code = keep("a code by e-mail", /\b\d{6}\b/.exec(smtp.letters[0]?.text ?? "")?.[0]);
  await ask("/auth/otp/verify", { email, code: code === "000000" ? "000001" : "000000" });
  await ask("/auth/otp/verify", { email, code });
  await ask("/commands/no.such.command", { password }, access);
  await ask("/commands/issue.create", { token: access, password }, access);
  await ask("/commands/session.renew", { token: access }, access);
  await ask(`/nowhere?token=${first.refreshToken}`, {}, access);
  smtp.accept = () => false;
  await ask("/auth/otp/request", { email });

  const ann = await connect(target.url, { userId: first.user.id, token: access });
  await ann.ok("user.subscribe", {});
  const org = await ann.ok("org.create", { name: "Acme", slug: "acme" });
  await ann.ok("org.subscribe", { org: "acme" });
  await ann.ok("project.create", { org: "acme", name: "Web", slug: "web", key: "WEB" });
  const key = await ann.ok("key.create", { label: "mine" });
  keep("an API key", key.secret);
  const bot = await ann.ok("bot.create", { org: "acme", name: "helper" });
  const botKey = await ann.ok("key.create", { botId: bot.id, label: "its", scopes: ["read"] });
  keep("a bot's key", botKey.secret);
  const rotated = await ann.ok("key.rotate", { keyId: botKey.id });
  keep("a rotated key", rotated.secret);
  const helper: Client = await connect(target.url, { userId: bot.id, token: String(rotated.secret) });
  await helper.send("org.get", { org: "acme" });
  helper.close();
  await ann.ok("profile.setPassword", { old: password, new: secret("a new password") });
  await ann.send("profile.setPassword", { old: secret("a wrong password"), new: secret("a password too short") });
  await connect(target.url, { userId: "", token: `${rotated.secret}x` }).catch((error: unknown) =>
    shown.push(JSON.stringify(error, Object.getOwnPropertyNames(error))),
  );
  const { pool } = target.near.parts.database;
  // Postgres goes away in the middle of what holds secrets.
  await Promise.all([
    ...Array.from({ length: 10 }, () => ask("/auth/login", { email, password: secret("a new password") })),
    pool
      .query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like 'rhythm%' and pid <> pg_backend_pid()",
      )
      .catch(() => undefined),
  ]);
  const { rows: hashes } = await pool.query("select password_hash from users where password_hash is not null");
  keep("a password's hash", hashes[0].password_hash);
  const { rows: logged } = await pool.query("select coalesce(jsonb_agg(to_jsonb(e)), '[]')::text as all from events e");
  const { rows: answers } = await pool.query(
    "select coalesce(jsonb_agg(a.data), '[]')::text as all from command_answers a",
  );
  const metrics = await (await fetch(`${target.url}/metrics`)).text();
  const ready = await (await fetch(`${target.url}/readyz`)).text();
  const heard = JSON.stringify([ann.heard, ann.pushes]);
  expect(JSON.parse(logged[0].all).length).toBeGreaterThan(5);
  ann.close();
  expect(await target.stop()).toBe(0);

  const outputs: Record<string, string> = {
    log: target.said(),
    errors: shown.join("\n"),
    metrics,
    ready,
    "events heard": heard,
    "events logged": logged[0].all,
    "stored answers": answers[0].all,
  };
  const forms = (value: string): string[] => [
    value,
    encodeURIComponent(value),
    JSON.stringify(value).slice(1, -1),
    Buffer.from(value).toString("base64").replace(/=+$/, "").slice(0, -1),
    Buffer.from(value).toString("hex"),
    createHash("sha256").update(value).digest("hex"),
    createHash("sha256").update(value).digest("base64url"),
  ];
  // Six digits may stand anywhere by chance, as part of a longer number.
  const isIn = (output: string, value: string): boolean =>
    /^\d{6}$/.test(value)
      ? new RegExp(`(?<![\\d.])${value}(?![\\d])`).test(output)
      : forms(value).some((form) => output.includes(form));
  const found = Object.entries(outputs).flatMap(([where, output]) =>
    Object.entries(secrets).flatMap(([name, value]) => (isIn(output, value) ? [`${name} in ${where}`] : [])),
  );
  const sizes = Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, output.length]));
  report("S14 secrets", { secrets: Object.keys(secrets).length, sizes, found, org: org.slug });
  expect(found).toEqual([]);
  expect(shown.length).toBeGreaterThan(10);
  expect(target.said()).toContain('"command":"auth.login"');
});
