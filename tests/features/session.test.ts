import { randomUUID } from "node:crypto";
import jwt from "jsonwebtoken";
import pino from "pino";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { type CommandName, commands, type Output } from "../../protocol/index.ts";
import { createAuthenticator } from "../../src/features/session/authenticate.ts";
import { sessionHandlers } from "../../src/features/session/handlers.ts";
import { pruneSessions } from "../../src/features/session/repository/session.ts";
import { createMeter } from "../../src/features/usage/service/meter.ts";
import { readConfig } from "../../src/kernel/config.ts";
import type { Caller, Connection, Context, Parts } from "../../src/kernel/context.ts";
import { openDatabase } from "../../src/kernel/db.ts";
import { toAppError, toWireError } from "../../src/kernel/errors.ts";
import { type CommittedEvent, userStream } from "../../src/kernel/event-log.ts";
import { openMailer } from "../../src/kernel/mail.ts";
import { createMetrics } from "../../src/kernel/metrics.ts";
import { migrate } from "../../src/kernel/migrate.ts";
import { createPasswords } from "../../src/kernel/passwords.ts";
import { createTokens } from "../../src/kernel/tokens.ts";
import { createWriter } from "../../src/kernel/transact.ts";
import { createScriptRunner } from "../../src/plugins/automation.ts";
import { startCluster } from "../support/cluster.ts";

type Name = keyof typeof sessionHandlers & CommandName;
type SignedIn = Output<"auth.login">;

vi.setConfig({ testTimeout: 20_000, hookTimeout: 30_000 });

const secret = "a secret for tests that is long enough";
const nobody: Caller = {
  actor: { id: "00000000-0000-0000-0000-000000000000", kind: "system" },
  sessionId: null,
  expiresAtMs: Number.POSITIVE_INFINITY,
};
let cluster: Awaited<ReturnType<typeof startCluster>>;
let parts: Parts;
let offset = 0;
const committed: CommittedEvent[] = [];
const statements: string[] = [];
const pass = (ms: number): void => {
  offset += ms;
};

beforeAll(async () => {
  cluster = await startCluster();
  await migrate(cluster.url);
  const config = readConfig({ DATABASE_URL: cluster.url, JWT_SECRET: secret });
  const log = pino({ level: "silent" });
  const now = () => new Date(Date.now() + offset);
  const metrics = createMetrics();
  const database = openDatabase({ url: cluster.url, log, metrics, onStatement: (text) => statements.push(text) });
  const writer = createWriter({ database, metrics, committed: (events) => committed.push(...events) });
  const tokens = createTokens(config, now);
  const passwords = createPasswords();
  const mailer = openMailer(config, log);
  const { db } = database;
  const usage = createMeter({ config, db, writer, log, now, instance: "only", redis: undefined, flushMs: null });
  const base = { config, database, db, writer, log, mailer, metrics, passwords, tokens, usage, now };
  const execute = () => Promise.reject(new Error("No script runs here"));
  const automation = createScriptRunner({ parts: base, execute, instance: "only", sweepMs: 1000, tickMs: 1000 });
  parts = { ...base, automation };
});
afterAll(async () => {
  await parts.database.close();
  await cluster.stop();
});
beforeEach(() => {
  offset = 0;
  committed.length = 0;
});

async function call<N extends Name>(
  command: N,
  input: object,
  from: { caller?: Caller; connection?: Connection; parts?: Parts } = {},
) {
  const caller = from.caller ?? nobody;
  const ctx: Context = {
    ...(from.parts ?? parts),
    actor: caller.actor,
    caller,
    command,
    emits: commands[command].emits,
    commandId: undefined,
    inputHash: "",
    cause: undefined,
    requestId: "r",
    origin: undefined,
    connection: from.connection,
    receipt: {},
  };
  const handler = sessionHandlers[command] as (ctx: Context, input: unknown) => Promise<unknown>;
  try {
    const data = commands[command].output.parse(await handler(ctx, commands[command].input.parse(input)));
    return { ok: true as const, data: data as Output<N>, receipt: ctx.receipt };
  } catch (error) {
    const wire = toWireError(toAppError(error));
    if (wire.code === "internal") throw error;
    return { ok: false as const, error: wire };
  }
}

async function good<N extends Name>(name: N, input: object, from?: Parameters<typeof call>[2]): Promise<Output<N>> {
  const answer = await call(name, input, from);
  if (!answer.ok) throw new Error(`${name}: ${answer.error.message}`);
  return answer.data;
}

const password = "correct horse battery";
const newEmail = (): string => `ann-${randomUUID().slice(0, 8)}@acme.example`;
const register = async (email = newEmail()): Promise<SignedIn> => good("auth.register", { email, password });
const codeOf = async (answer: ReturnType<typeof call>): Promise<string> => {
  const result = await answer;
  return result.ok ? "ok" : result.error.code;
};
const refresh = (refreshToken: string, on?: Parts) => call("auth.refresh", { refreshToken }, on ? { parts: on } : {});
const isAlive = async ({ accessToken }: SignedIn): Promise<boolean> =>
  (await call("auth.validate", { token: accessToken })).ok;

test("who registers is signed in, and can sign in again", async () => {
  const email = newEmail();
  const ann = await register(`  ${email.toUpperCase()} `);

  expect(ann).toMatchObject({ expiresInSeconds: 900, user: { email, displayName: email.split("@")[0], kind: "user" } });
  const again = await good("auth.login", { email, password });
  expect(again.user).toEqual(ann.user);
  expect(await good("auth.validate", { token: again.accessToken })).toMatchObject({ user: ann.user });
  const stream = await parts.db
    .selectFrom("streams")
    .select("seq")
    .where("id", "=", userStream(ann.user.id))
    .executeTakeFirst();
  expect(stream).toEqual({ seq: 0 });
});

test("an e-mail registers once, even twice at the same time", async () => {
  const email = newEmail();
  const codes = await Promise.all([1, 2, 3].map(() => codeOf(call("auth.register", { email, password }))));

  expect(codes.sort()).toEqual(["conflict", "conflict", "ok"]);
  expect(await call("auth.register", { email, password })).toMatchObject({
    error: { message: "This e-mail is taken" },
  });
});

test("passwords that guessers try first are refused", async () => {
  const email = newEmail();
  for (const bad of ["1234567890", "Password123", email]) {
    expect(await call("auth.register", { email, password: bad })).toMatchObject({
      error: { code: "invalid", details: { issues: [{ path: "password" }] } },
    });
  }
});

test("a wrong password, an unknown e-mail, a suspended user and a bot get the same answer", async () => {
  const [ann, sue, bot] = [await register(), await register(), await register()];
  await suspend(sue);
  await parts.database.pool.query("update users set kind = 'bot' where id = $1", [bot.user.id]);
  const answers = [
    await call("auth.login", { email: ann.user.email, password: "wrong" }),
    await call("auth.login", { email: newEmail(), password }),
    await call("auth.login", { email: sue.user.email, password }),
    await call("auth.login", { email: bot.user.email, password }),
  ];

  expect(answers[0]).toMatchObject({ error: { code: "unauthenticated" } });
  for (const answer of answers) expect(answer).toEqual(answers[0]);
});

const suspend = ({ user }: SignedIn) =>
  parts.database.pool.query("update users set suspended_at = now() where id = $1", [user.id]);

test("fifty refreshes at once, on two instances, make one successor, and all of them get it", async () => {
  const ann = await register();
  const writer = createWriter({ database: parts.database, metrics: parts.metrics, committed: () => undefined });
  const instances = [parts, { ...parts, writer }];
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => refresh(ann.refreshToken, instances[i % 2])));

  const successors = new Set(answers.map((answer) => (answer.ok ? answer.data.refreshToken : answer.error.code)));
  expect(successors.size).toBe(1);
  expect(successors).not.toContain(ann.refreshToken);
  const [session] = await sessionsOf(ann);
  expect(session).toMatchObject({ tokens: 2, revokedAt: null });
  expect(committed).toEqual([]);
});

const sessionsOf = async ({ user }: SignedIn) =>
  (
    await parts.database.pool.query(
      `select revoked_at as "revokedAt", expires_at as "expiresAt",
        (select count(*) from refresh_tokens where session_id = sessions.id) as tokens
      from sessions where user_id = $1`,
      [user.id],
    )
  ).rows;

test("each refresh slides the session's end forward, and an unused session runs out", async () => {
  const ann = await register();
  pass(6 * 86_400_000);
  const next = await good("auth.refresh", { refreshToken: ann.refreshToken });
  pass(6 * 86_400_000);
  const third = await good("auth.refresh", { refreshToken: next.refreshToken });
  expect(await isAlive(third)).toBe(true);

  pass(7 * 86_400_000);
  expect(await codeOf(refresh(third.refreshToken))).toBe("unauthenticated");
});

test("a lost answer is repeated for ten seconds, then the replay ends the session, once", async () => {
  const ann = await register();
  const first = await good("auth.refresh", { refreshToken: ann.refreshToken });
  pass(9000);
  expect(await good("auth.refresh", { refreshToken: ann.refreshToken })).toMatchObject({
    refreshToken: first.refreshToken,
  });

  pass(2000);
  const replays = await Promise.all([1, 2, 3].map(() => codeOf(refresh(ann.refreshToken))));

  expect(replays).toEqual(["unauthenticated", "unauthenticated", "unauthenticated"]);
  expect(committed).toMatchObject([
    { stream: userStream(ann.user.id), event: { seq: 1, type: "session.revoked", data: { reason: "reuse" } } },
  ]);
  expect(await codeOf(refresh(first.refreshToken))).toBe("unauthenticated");
  expect(await isAlive(first)).toBe(false);
});

test("an older token than the last one ends the session at once", async () => {
  const ann = await register();
  const first = await good("auth.refresh", { refreshToken: ann.refreshToken });
  const second = await good("auth.refresh", { refreshToken: first.refreshToken });

  expect(await codeOf(refresh(ann.refreshToken))).toBe("unauthenticated");
  expect(await codeOf(refresh(second.refreshToken))).toBe("unauthenticated");
  expect(committed).toHaveLength(1);
});

test("a replay after the secret changed is refused, and the session lives on", async () => {
  const ann = await register();
  const first = await good("auth.refresh", { refreshToken: ann.refreshToken });
  const changed = { ...parts, config: { ...parts.config, JWT_SECRET: `another ${secret}` } };

  expect(await codeOf(refresh(ann.refreshToken, changed))).toBe("unauthenticated");
  expect(await codeOf(refresh(first.refreshToken, changed))).toBe("ok");
  expect(committed).toEqual([]);
});

test("junk refresh tokens end nothing", async () => {
  const ann = await register();
  for (const junk of ["junk", ann.accessToken.slice(0, 200), `${ann.refreshToken}x`]) {
    expect(await codeOf(refresh(junk))).toBe("unauthenticated");
  }
  expect(await isAlive(ann)).toBe(true);
});

test("signing out ends the session and is told once; a second time is no error", async () => {
  const ann = await register();
  const other = await good("auth.login", { email: ann.user.email, password });
  const { sessionId } = await good("auth.validate", { token: ann.accessToken });
  for (const refreshToken of [ann.refreshToken, ann.refreshToken, "unknown"]) {
    expect(await good("auth.logout", { refreshToken })).toEqual({});
  }

  expect(committed.map(({ event }) => event.data)).toEqual([{ sessionId, reason: "logout" }]);
  expect(await codeOf(refresh(ann.refreshToken))).toBe("unauthenticated");
  expect(await isAlive(ann)).toBe(false);
  expect(await isAlive(other)).toBe(true);
});

test("forged tokens are refused at each door", async () => {
  const ann = await register();
  const { authenticate } = createAuthenticator(parts);
  const { header, payload } = jwt.decode(ann.accessToken, { complete: true }) as jwt.Jwt;
  const claims = payload as jwt.JwtPayload;
  const forge = (body: object | string = claims, head: object = {}, key = secret, options: jwt.SignOptions = {}) =>
    jwt.sign(body, key, { ...options, header: { ...header, ...head } });
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const [head, body, signature] = ann.accessToken.split(".");
  const { exp: _, ...endless } = claims;
  const forged = {
    "alg none": `${encode({ ...header, alg: "none" })}.${body}.`,
    "alg none with signature": `${encode({ ...header, alg: "None" })}.${body}.${signature}`,
    "other algorithm": forge(claims, { alg: "HS512" }, secret, { algorithm: "HS512" }),
    "wrong key": forge(claims, {}, "another secret of at least 32 bytes!"),
    "empty key": `${head}.${body}.`,
    "wrong audience": forge({ ...claims, aud: "elsewhere" }),
    "wrong issuer": forge({ ...claims, iss: "elsewhere" }),
    "wrong typ": forge(claims, { typ: "JWT" }),
    "unknown kid": forge(claims, { kid: "0" }),
    "kid is a path": forge(claims, { kid: "__proto__" }),
    expired: forge({ ...claims, iat: 1, exp: 2 }),
    "not yet": forge({ ...claims, nbf: (claims.exp ?? 0) + 60 }),
    "without end": forge(endless),
    "string payload": forge("ann"),
    "no subject": forge({ ...claims, sub: "ann" }),
    "no session": forge({ ...claims, sid: randomUUID() }),
    "other user": forge({ ...claims, sub: randomUUID() }),
    "changed payload": `${head}.${encode({ ...claims, exp: 9_999_999_999 })}.${signature}`,
    "API key": `rhythm_${"a".repeat(32)}`,
    "refresh token": ann.refreshToken,
    junk: "junk",
    dots: "..",
  };

  expect(await authenticate(forge())).toMatchObject({ actor: { id: ann.user.id } });
  for (const [name, token] of Object.entries(forged)) {
    expect(await codeOf(call("auth.validate", { token })), name).toBe("unauthenticated");
    await expect(authenticate(token), name).rejects.toMatchObject({ code: "unauthenticated" });
  }
});

test("a token is good until its last second", async () => {
  const ann = await register();
  const { authenticate } = createAuthenticator(parts);
  expect(await authenticate(ann.accessToken)).toMatchObject({ actor: { id: ann.user.id, kind: "user" } });
  pass(898_000);
  expect(await authenticate(ann.accessToken)).toMatchObject({ actor: { id: ann.user.id } });

  pass(2000);
  await expect(authenticate(ann.accessToken)).rejects.toMatchObject({ code: "unauthenticated" });
});

test("a suspended user is refused everywhere", async () => {
  const ann = await register();
  await suspend(ann);

  expect(await codeOf(refresh(ann.refreshToken))).toBe("unauthenticated");
  expect(await isAlive(ann)).toBe(false);
  await expect(createAuthenticator(parts).authenticate(ann.accessToken)).rejects.toMatchObject({
    code: "unauthenticated",
  });
  expect((await sessionsOf(ann))[0]).toMatchObject({ tokens: 1, revokedAt: null });
});

test("the doors remember a session, and forget it when told", async () => {
  const ann = await register();
  const { authenticate, forget } = createAuthenticator(parts);
  const { sessionId } = await authenticate(ann.accessToken);
  statements.length = 0;
  await authenticate(ann.accessToken);
  expect(statements).toEqual([]);

  await good("auth.logout", { refreshToken: ann.refreshToken });
  forget(sessionId ?? "");
  await expect(authenticate(ann.accessToken)).rejects.toMatchObject({ code: "unauthenticated" });
});

test("a session that ends while the doors look it up is not remembered", async () => {
  const ann = await register();
  const { authenticate, forget } = createAuthenticator(parts);
  const { sessionId } = await good("auth.validate", { token: ann.accessToken });
  const looking = authenticate(ann.accessToken);
  forget(sessionId);
  await looking;

  await good("auth.logout", { refreshToken: ann.refreshToken });
  await expect(authenticate(ann.accessToken)).rejects.toMatchObject({ code: "unauthenticated" });
});

test("whoami names the organizations with their roles, by name", async () => {
  const ann = await register();
  const caller = await createAuthenticator(parts).authenticate(ann.accessToken);
  for (const [name, role] of [
    ["Zoo", "owner"],
    ["Acme", "member"],
  ]) {
    await parts.database.pool.query(
      `with org as (insert into orgs (slug, name) values ($1, $2) returning id)
       insert into org_members (org_id, user_id, role) select id, $3, $4::org_role from org`,
      [`${name}-${randomUUID()}`.toLowerCase(), name, ann.user.id, role],
    );
  }

  expect(await good("session.whoami", {}, { caller })).toMatchObject({
    user: ann.user,
    orgs: [
      { name: "Acme", role: "member" },
      { name: "Zoo", role: "owner" },
    ],
    scopes: null,
  });
  expect(await good("auth.session", {}, { caller })).toMatchObject({ user: ann.user, sessionId: caller.sessionId });
});

test("a socket is extended by a token of the same user only", async () => {
  const [ann, bob] = [await register(), await register()];
  const caller = await createAuthenticator(parts).authenticate(ann.accessToken);
  const renewed: Caller[] = [];
  const connection: Connection = {
    subscribe: () => Promise.reject(new Error("not asked")),
    unsubscribe: () => undefined,
    renew: (next) => renewed.push(next),
    present: async () => undefined,
  };
  pass(60_000);
  const { accessToken: token } = await good("auth.refresh", { refreshToken: ann.refreshToken });
  const renew = (from: object) => codeOf(call("session.renew", { token, ...from }, { caller, connection }));

  expect(await renew({ token: bob.accessToken })).toBe("forbidden");
  expect(await renew({ token: "junk" })).toBe("unauthenticated");
  expect(renewed).toEqual([]);
  expect(await renew({})).toBe("ok");
  expect(renewed).toMatchObject([{ actor: caller.actor, sessionId: caller.sessionId }]);
  expect(renewed[0]?.expiresAtMs).toBeGreaterThan(caller.expiresAtMs);
  expect(await codeOf(call("session.renew", { token }, { caller }))).toBe("invalid");
});

test("secrets are stored as hashes only", async () => {
  const ann = await register();
  const { rows } = await parts.database.pool.query(
    `select u.password_hash, encode(t.hash, 'escape') as hash
     from users u join sessions s on s.user_id = u.id join refresh_tokens t on t.session_id = s.id where u.id = $1`,
    [ann.user.id],
  );

  expect(JSON.stringify(rows)).not.toContain(ann.refreshToken);
  expect(rows[0].password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
});

test("each command sends few statements", async () => {
  const counted = async (work: () => Promise<unknown>) => {
    statements.length = 0;
    await work();
    return statements.length;
  };
  const email = newEmail();
  await register(email);
  const { refreshToken } = await good("auth.login", { email, password });

  expect(await counted(() => good("auth.login", { email, password }))).toBe(5);
  expect(await counted(() => refresh(refreshToken))).toBe(5);
  expect(await counted(() => refresh(refreshToken))).toBe(1);
  pass(11_000);
  expect(await counted(() => refresh(refreshToken))).toBe(6);
});

test("what ended long ago is forgotten", async () => {
  const [ann, bob, eve] = [await register(), await register(), await register()];
  await good("auth.refresh", { refreshToken: eve.refreshToken });
  await good("auth.refresh", { refreshToken: bob.refreshToken });
  const age = (column: string, { user }: SignedIn, days: number) =>
    parts.database.pool.query(`update sessions set ${column} = now() - make_interval(days => $2) where user_id = $1`, [
      user.id,
      days,
    ]);
  await age("expires_at", ann, 31);
  await age("revoked_at", eve, 29);
  await age("revoked_at", bob, 31);
  await parts.database.pool.query(
    "update refresh_tokens set rotated_at = now() - interval '31 days' where rotated_at is not null",
  );

  expect(await pruneSessions(parts.database.pool)).toBe(2);
  expect([await sessionsOf(ann), await sessionsOf(bob)]).toEqual([[], []]);
  expect(await sessionsOf(eve)).toMatchObject([{ tokens: 1 }]);
});
