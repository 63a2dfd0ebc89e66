/** Where someone is signed in, and ending it: on every instance, with Redis and without. */
import { randomUUID } from "node:crypto";
import { describe, expect, inject, onTestFinished, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { createDatabase, type Running, startAppForTest } from "../support/harness.ts";
import { asUser, endingOf, post, type SignedIn, signIn, unlimited } from "../support/post.ts";

const password = "correct horse battery";
const newEmail = () => `ann-${randomUUID().slice(0, 8)}@acme.example`;
const KICKED = "io server disconnect";

type Pair = [here: Running, there: Running];

async function startPair(redisUrl = ""): Promise<Pair> {
  const databaseUrl = await createDatabase();
  const settings = { ...unlimited, ...(redisUrl !== "" && { REDIS_URL: redisUrl }) };
  return [await startAppForTest({ databaseUrl, settings }), await startAppForTest({ databaseUrl, settings })];
}

async function join(app: Running, session: SignedIn): Promise<Client> {
  const client = await connect(app.url, asUser(session));
  onTestFinished(() => client.close());
  return client;
}

/** ann, signed in so many times, each with a socket on either instance. */
async function open(pair: Pair, count: number) {
  const email = newEmail();
  const sessions: SignedIn[] = [];
  for (let i = 0; i < count; i += 1) {
    sessions.push(await signIn(pair[0], i === 0 ? "/auth/register" : "/auth/login", { email, password }));
  }
  const sockets = await Promise.all(sessions.map((one) => Promise.all(pair.map((app) => join(app, one)))));
  return { email, sessions, sockets: sockets as [Client, Client][] };
}

const idOf = async (client: Client): Promise<string> => {
  const { items } = await client.ok("session.list", {});
  return items.find(({ current }) => current)?.id ?? "none";
};

/** What each door of each instance says to the tokens of a session. */
async function answersTo(pair: Pair, session: SignedIn): Promise<unknown[]> {
  const doors = pair.flatMap((app) => [
    post(app, "/auth/session", undefined, { token: session.accessToken }).then(({ status }) => status),
    post(app, "/auth/validate", { token: session.accessToken }).then(({ status }) => status),
    connect(app.url, asUser(session)).then(
      (client) => {
        client.close();
        return "let in";
      },
      (error) => error.data.code,
    ),
  ]);
  return [
    ...(await Promise.all(doors)),
    (await post(pair[1], "/auth/refresh", { refreshToken: session.refreshToken })).status,
  ];
}
const refused = [401, 401, "unauthenticated", 401, 401, "unauthenticated", 401];

test("people see where they are signed in, newest first: how, since when, from where, by what", async () => {
  const pair = await startPair();
  const email = newEmail();
  await signIn(pair[0], "/auth/register", { email, password }, { agent: "Board/1.0 (phone)" });
  const later = await signIn(pair[1], "/auth/login", { email, password }, { agent: `x${"y".repeat(300)}` });
  const ann = await join(pair[0], later);

  const { items, nextCursor } = await ann.ok("session.list", {});

  const common = { method: "password", address: "127.0.0.1", id: expect.any(String), expiresAt: expect.any(String) };
  expect(nextCursor).toBeNull();
  expect(items).toMatchObject([
    { ...common, current: true, userAgent: `x${"y".repeat(199)}` },
    { ...common, current: false, userAgent: "Board/1.0 (phone)" },
  ]);
  for (const { createdAt, lastUsedAt } of items) expect(lastUsedAt).toBe(createdAt);
});

test("a refresh tells when and from where the session was last used", async () => {
  const pair = await startPair();
  const { refreshToken } = await signIn(pair[0], "/auth/register", { email: newEmail(), password }, { agent: "old" });

  const next = await signIn(pair[1], "/auth/refresh", { refreshToken }, { agent: "new" });

  const [session] = (await (await join(pair[0], next)).ok("session.list", {})).items;
  expect(session?.userAgent).toBe("new");
  expect(Date.parse(session?.lastUsedAt ?? "")).toBeGreaterThan(Date.parse(session?.createdAt ?? ""));
});

test("sessions come in pages, and those that have ended do not come", async () => {
  const pair = await startPair();
  const { email, sessions, sockets } = await open(pair, 4);
  const [ann] = sockets[3] ?? [];
  if (!ann) throw new Error("nobody");
  const all = (await ann.ok("session.list", {})).items;
  await post(pair[0], "/auth/logout", { refreshToken: sessions[1]?.refreshToken });
  const { pool } = pair[0].parts.database;
  await pool.query("update sessions set expires_at = now() where id = $1", [all[3]?.id]);
  await signIn(pair[0], "/auth/register", { email: `another-${email}`, password });

  const first = await ann.ok("session.list", { limit: 1 });
  const second = await ann.ok("session.list", { limit: 1, cursor: first.nextCursor });

  expect(first.items).toEqual([all[0]]);
  expect(second).toEqual({ items: [all[1]], nextCursor: null });
});

test("nobody ends the session of another", async () => {
  const pair = await startPair();
  const [ann, bob] = [await open(pair, 1), await open(pair, 1)];
  const [anns, bobs] = [ann.sockets[0]?.[0], bob.sockets[0]?.[0]];
  if (!anns || !bobs) throw new Error("nobody");

  const refusal = await bobs.refused("session.revoke", { sessionId: await idOf(anns) });
  const { revokedCount } = await bobs.ok("session.revokeAll", { keepCurrent: true });

  expect(refusal).toMatchObject({ code: "not_found" });
  expect(revokedCount).toBe(0);
  expect(await idOf(anns)).not.toBe("none");
});

const withAndWithout = [
  ["with Redis", inject("redisUrl")],
  ["without Redis", ""],
] as const;

describe.each(withAndWithout)("%s", (kind, redisUrl) => {
  const here = test.skipIf(kind === "with Redis" && redisUrl === "");

  here("a session that is ended from another closes its sockets and is refused by every door", async () => {
    const pair = await startPair(redisUrl);
    const { sessions, sockets } = await open(pair, 2);
    const [[lost, lostThere], [kept, keptThere]] = sockets as [[Client, Client], [Client, Client]];
    const endings = [lost, lostThere].map(endingOf);
    await kept.ok("user.subscribe", {});
    const sessionId = await idOf(lost);

    const ack = await kept.call("session.revoke", { sessionId });

    expect(ack).toMatchObject({ ok: true, stream: `user:${kept.userId}` });
    expect(await Promise.all(endings)).toEqual([KICKED, KICKED]);
    expect((await kept.next("session.revoked")).data).toEqual({ sessionId, reason: "revoked" });
    expect(await answersTo(pair, sessions[0] as SignedIn)).toEqual(refused);
    expect([await idOf(kept), await idOf(keptThere)]).not.toContain("none");
    expect(await kept.refused("session.revoke", { sessionId })).toMatchObject({ code: "not_found" });
  });

  here("all sessions but this one end, or all", async () => {
    const pair = await startPair(redisUrl);
    const { sessions, sockets } = await open(pair, 3);
    const [first, second, [kept, keptThere]] = sockets as [[Client, Client], [Client, Client], [Client, Client]];
    const endings = [...first, ...second].map(endingOf);

    expect(await kept.ok("session.revokeAll", { keepCurrent: true })).toEqual({ revokedCount: 2 });
    expect(await Promise.all(endings)).toEqual([KICKED, KICKED, KICKED, KICKED]);
    expect((await keptThere.ok("session.list", {})).items).toMatchObject([{ current: true }]);

    const last = [kept, keptThere].map(endingOf);
    // Whoever ends the own session still gets the answer.
    expect(await kept.ok("session.revokeAll", {})).toEqual({ revokedCount: 1 });
    expect(await Promise.all(last)).toEqual([KICKED, KICKED]);
    for (const session of sessions) expect(await answersTo(pair, session)).toEqual(refused);
  });

  here("who is suspended is out everywhere, and signs in anew when that is taken back", async () => {
    const pair = await startPair(redisUrl);
    const { email, sessions, sockets } = await open(pair, 2);
    const bystander = (await open(pair, 1)).sockets.flat();
    const endings = sockets.flat().map(endingOf);
    const userId = sockets[0]?.[0].userId ?? "";

    await pair[0].setSuspended(userId, true);

    expect(new Set(await Promise.all(endings))).toEqual(new Set([KICKED]));
    for (const session of sessions) expect(await answersTo(pair, session)).toEqual(refused);
    expect(await post(pair[1], "/auth/login", { email, password })).toMatchObject({ status: 401 });
    for (const other of bystander) expect(await idOf(other)).not.toBe("none");

    await pair[1].setSuspended(userId, false);
    for (const session of sessions) expect(await answersTo(pair, session)).toEqual(refused);
    expect(await post(pair[0], "/auth/login", { email, password })).toMatchObject({ status: 200 });
  });
});

test("a socket is not kept by a session that ends while it is renewed by it", async () => {
  const pair = await startPair();
  for (let round = 0; round < 12; round += 1) {
    const { sessions, sockets } = await open(pair, 2);
    const [[ender], [, there]] = sockets as [[Client, Client], [Client, Client]];
    const renewing = await join(pair[1], sessions[0] as SignedIn);
    const sessionId = await idOf(there);

    const [answer] = await Promise.all([
      renewing.call("session.renew", { token: sessions[1]?.accessToken ?? "" }),
      new Promise((resolve) => setTimeout(resolve, round)).then(() => ender.ok("session.revoke", { sessionId })),
    ]);

    if (answer.ok) expect(["before", KICKED]).toContain(await endingOf(renewing));
    else expect(answer.error).toMatchObject({ code: "unauthenticated" });
  }
});
