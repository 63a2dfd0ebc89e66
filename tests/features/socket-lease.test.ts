/** How long a socket may stay: until its token ends, unless it is renewed, or its session is revoked. */
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from "vitest";
import type { Ack, Output } from "../../protocol/index.ts";
import { type Client, connect } from "../support/client.ts";
import { createDatabase, type Running, startApp, startAppForTest } from "../support/harness.ts";
import { createUser } from "../support/world.ts";

const TTL_MS = 10_000;
let app: Running;
/** Ahead of the real time, in ms. */
let offset = 0;
beforeAll(async () => {
  app = await startApp({
    now: () => new Date(Date.now() + offset),
    settings: { ACCESS_TTL_SECONDS: `${TTL_MS / 1000}` },
  });
});
afterAll(() => app.close());

type User = Awaited<ReturnType<typeof createUser>>;

/** A user whose token ends in about a second. */
async function newUserInHaste(name: string): Promise<User> {
  offset = -TTL_MS + 1500;
  const user = await createUser(app, name);
  offset = 0;
  return user;
}

async function freshToken({ token }: User): Promise<string> {
  const { sub: userId, sid: sessionId } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  return app.parts.tokens.sign({ userId, sessionId }).token;
}

const endOf = (token: string): number =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).exp * 1000;

async function join(user: User, url = app.url): Promise<Client> {
  const client = await connect(url, user);
  onTestFinished(() => client.close());
  return client;
}

/** Why and when the socket was closed. */
async function ending({ socket }: Client): Promise<{ reason: string; at: number }> {
  if (!socket.connected) return { reason: "before", at: 0 };
  const reason = await new Promise<string>((resolve) => void socket.once("disconnect", resolve));
  return { reason, at: Date.now() };
}

test("a socket is warned, and closed when its token ends", async () => {
  const ann = await join(await newUserInHaste("ann"));

  const warning = await ann.nextPush("auth.expiring");
  const { reason, at } = await ending(ann);

  expect(warning.inMs).toBeGreaterThan(0);
  expect(warning.inMs).toBeLessThanOrEqual(1500);
  expect(reason).toBe("io server disconnect");
  expect(at - endOf(ann.token)).toBeGreaterThanOrEqual(-20);
  expect(at - endOf(ann.token)).toBeLessThan(1000);
});

test("no command is accepted once the token has ended, even before the socket is closed", async () => {
  const user = await createUser(app, "ann");
  const ann = await join(user);
  offset = TTL_MS + 1;
  onTestFinished(() => {
    offset = 0;
  });

  const code = (call: Promise<Ack>) =>
    call.then(
      (ack) => (ack.ok ? "ok" : ack.error.code),
      () => "closed",
    );
  const codes = await Promise.all([
    code(ann.call("session.whoami", {})),
    code(ann.call("org.create", { name: "Acme" })),
    code(ann.call("session.renew", { token: await freshToken(user) })),
  ]);

  // The look at the session right after admission may close the socket first.
  for (const refusal of codes) expect(["unauthenticated", "closed"]).toContain(refusal);
  const { rows } = await app.parts.database.pool.query("select from org_members where user_id = $1", [user.userId]);
  expect(rows).toEqual([]);
});

test("a renewed socket outlives its first token", async () => {
  const user = await newUserInHaste("ann");
  const ann = await join(user);
  const token = await freshToken(user);

  const { expiresAt } = await ann.ok("session.renew", { token });
  const outlived = await Promise.race([ending(ann), new Promise((resolve) => setTimeout(resolve, 2000, "alive"))]);

  expect(Date.parse(expiresAt)).toBe(endOf(token));
  expect(endOf(ann.token)).toBeLessThan(Date.now());
  expect(outlived).toBe("alive");
  expect((await ann.ok("session.whoami", {})).user.id).toBe(ann.userId);
});

test("a socket is not renewed by another user's token, an ended one or junk", async () => {
  const user = await createUser(app, "ann");
  const ann = await join(user);
  const bob = await createUser(app, "bob");
  offset = -TTL_MS * 2;
  const ended = await freshToken(user);
  offset = 0;

  expect(await ann.refused("session.renew", { token: bob.token })).toMatchObject({ code: "forbidden" });
  expect(await ann.refused("session.renew", { token: ended })).toMatchObject({ code: "unauthenticated" });
  expect(await ann.refused("session.renew", { token: "junk" })).toMatchObject({ code: "unauthenticated" });
  expect((await ann.ok("session.whoami", {})).user.id).toBe(ann.userId);
});

type SignedIn = Output<"auth.login">;

async function post(url: string, path: string, body: object): Promise<SignedIn> {
  const response = await fetch(`${url}/api/v1/auth/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.status === 204 ? ({} as SignedIn) : ((await response.json()) as SignedIn);
}

async function checkLogOut(redisUrl: string): Promise<void> {
  const databaseUrl = await createDatabase();
  const settings = redisUrl ? { REDIS_URL: redisUrl } : {};
  const one = await startAppForTest({ databaseUrl, settings });
  const other = await startAppForTest({ databaseUrl, settings });
  const account = { email: "ann@acme.example", password: "correct horse battery" };
  const session = await post(one.url, "register", account);
  const elsewhere = await post(one.url, "login", account);
  const user = (signedIn: SignedIn) => ({
    userId: signedIn.user.id,
    email: account.email,
    token: signedIn.accessToken,
  });
  const sockets = await Promise.all([one, one, other, other].map(({ url }) => join(user(session), url)));
  const stays = await join(user(elsewhere), other.url);
  const endings = sockets.map(ending);
  const started = Date.now();

  await post(one.url, "logout", { refreshToken: session.refreshToken });

  for (const { reason, at } of await Promise.all(endings)) {
    expect(reason).toBe("io server disconnect");
    expect(at - started).toBeLessThan(1000);
  }
  expect((await stays.ok("session.whoami", {})).user.id).toBe(stays.userId);
  for (const { url } of [one, other]) {
    await expect(connect(url, user(session))).rejects.toMatchObject({ data: { code: "unauthenticated" } });
  }
}

const closes = "logging out closes the session's sockets on both instances within a second";
test.skipIf(!inject("redisUrl"))(`${closes}, with Redis`, () => checkLogOut(inject("redisUrl")));
test(`${closes}, without Redis`, () => checkLogOut(""));

test("a socket that is being admitted while its session ends does not stay", async () => {
  const account = { email: "bob@acme.example", password: "correct horse battery" };
  await post(app.url, "register", account);
  for (let round = 0; round < 8; round += 1) {
    const { accessToken: token, refreshToken, user } = await post(app.url, "login", account);

    const [admitted] = await Promise.all([
      connect(app.url, { userId: user.id, token }).catch(() => undefined),
      new Promise((resolve) => setTimeout(resolve, round)).then(() => post(app.url, "logout", { refreshToken })),
    ]);

    const loggedOut = Date.now();
    const { reason, at } = admitted ? await ending(admitted) : { reason: "refused", at: 0 };
    expect(["refused", "before", "io server disconnect"]).toContain(reason);
    expect(at - loggedOut).toBeLessThan(1000);
  }
});
