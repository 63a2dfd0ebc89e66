/** One's own name, picture and password. */
import { createHash, randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from "vitest";
import type { ClientInput } from "../../protocol/index.ts";
import { applyEvents } from "../../src/client/board.ts";
import { type Client, connect } from "../support/client.ts";
import { createDatabase, type Running, startApp, startAppForTest } from "../support/harness.ts";
import { asUser, endingOf, post, type SignedIn, signIn, unlimited } from "../support/post.ts";
import { createUser, createWorld } from "../support/world.ts";

const clock = { ahead: 0 };
let app: Running;
beforeAll(async () => {
  app = await startApp({ settings: unlimited, now: () => new Date(Date.now() + clock.ahead) });
});
afterAll(() => app.close());

const picture = "https://pictures.example/ann.png";
const [password, better] = ["correct horse battery", "a better horse battery"];

async function join(session: SignedIn, at = app): Promise<Client> {
  const client = await connect(at.url, asUser(session));
  onTestFinished(() => client.close());
  return client;
}
const register = (at = app) => signIn(at, "/auth/register", { email: `${randomUUID()}@acme.example`, password });
const mayEnter = async ({ user }: SignedIn, tried: string): Promise<boolean> =>
  (await post(app, "/auth/login", { email: user.email, password: tried })).status === 200;

test("another name and picture show wherever the person is shown, at once", async () => {
  const { ann, bob, org, project, issue } = await createWorld(app, {
    members: { ann: "developer", bob: "developer" },
    stages: { todo: ["write", "read"] },
  });
  await bob.ok("issue.setAssignees", { project, issue: issue.write, userIds: [ann.userId, bob.userId] });
  await ann.ok("issue.create", { project, title: "by ann" });
  const before = await bob.ok("board.get", { project });
  const shown = { id: ann.userId, displayName: "Ann of Acme", avatarUrl: picture, kind: "user" };

  const ack = await ann.call("profile.update", { displayName: "  Ann of Acme ", avatarUrl: picture });

  expect(ack).toMatchObject({ ok: true, data: { ...shown, email: ann.email }, stream: `user:${ann.userId}` });
  const event = await bob.next("profile.updated");
  expect(event.data).toEqual({ user: shown });
  const present = await bob.ok("board.get", { project });
  expect(
    applyEvents(
      before,
      bob.heard.filter(({ seq }) => seq > before.seq),
    ),
  ).toEqual(present);
  expect(JSON.stringify(present).match(/Ann of Acme/g)).toHaveLength(3);
  expect((await ann.ok("session.whoami", {})).user).toEqual({ ...shown, email: ann.email });
  expect((await bob.ok("member.list", { org })).items).toContainEqual(expect.objectContaining({ user: shown }));
});

test("who is present under the old name is present under the new one with the next message", async () => {
  const { ann, bob, project } = await createWorld(app, { members: { ann: "developer", bob: "developer" } });
  const named = (name: string) => bob.nextPush("presence", ({ users }) => JSON.stringify(users).includes(`"${name}"`));
  await ann.ok("presence.set", { project, state: "viewing" });
  await named("ann");

  await ann.ok("profile.update", { displayName: "Ann of Acme" });
  await ann.ok("presence.set", { project, state: "typing" });

  expect(await named("Ann of Acme")).toMatchObject({ users: [{ userId: ann.userId, state: "typing" }] });
});

test("it is told to the organizations and projects of the person, and to no other", async () => {
  const [one, two] = [await createWorld(app), await createWorld(app)];
  const guest = await createUser(app, "guest");
  await one.ann.ok("member.add", { org: one.org, userId: guest.userId });
  await two.ann.ok("project.addMember", { project: two.project, userId: guest.userId, role: "viewer" });
  const client = await connect(app.url, guest);
  await client.ok("profile.update", { displayName: "Guy" });
  client.close();

  const { rows } = await app.parts.database.pool.query(
    "select stream from events where type = 'profile.updated' and actor_id = $1",
    [guest.userId],
  );

  const streams = [`user:${guest.userId}`, `org:${one.orgId}`, one.stream, two.stream];
  expect(rows.map(({ stream }) => stream).sort()).toEqual(streams.sort());
});

test("only the fields present change, and nothing is told when nothing does", async () => {
  const ann = await connect(app.url, await createUser(app, "ann"));
  onTestFinished(() => ann.close());
  const steps: [ClientInput<"profile.update">, object][] = [
    [{ avatarUrl: picture }, { displayName: "ann", avatarUrl: picture }],
    [{ displayName: "Ann" }, { displayName: "Ann", avatarUrl: picture }],
    [{}, { displayName: "Ann", avatarUrl: picture }],
    [
      { displayName: "Ann", avatarUrl: picture },
      { displayName: "Ann", avatarUrl: picture },
    ],
    [{ avatarUrl: null }, { displayName: "Ann", avatarUrl: null }],
  ];

  for (const [input, expected] of steps) expect(await ann.ok("profile.update", input)).toMatchObject(expected);

  const { events } = await ann.ok("sync.pull", { stream: `user:${ann.userId}`, after: 0 });
  expect(events.map(({ type }) => type)).toEqual(Array(3).fill("profile.updated"));
});

test.each([
  "http://pictures.example/ann.png",
  "javascript:alert(1)",
  "data:image/png;base64,AAAA",
  "//pictures.example/ann.png",
  "/ann.png",
  "ann.png",
  "https://",
  "https:ann",
  `https://pictures.example/${"a".repeat(2000)}`,
  "",
])("%s is no picture", async (avatarUrl) => {
  const ann = await connect(app.url, await createUser(app, "ann"));
  onTestFinished(() => ann.close());

  const error = await ann.refused("profile.update", { avatarUrl });

  expect(error).toMatchObject({
    code: "invalid",
    details: { issues: expect.arrayContaining([expect.objectContaining({ path: "avatarUrl" })]) },
  });
});

describe.each([
  ["with Redis", inject("redisUrl")],
  ["without Redis", ""],
])("%s", (kind, redisUrl) => {
  test.skipIf(kind === "with Redis" && redisUrl === "")(
    "a new password ends all other sessions, on both instances, and keeps this one",
    async () => {
      const settings = { ...unlimited, ...(redisUrl !== "" && { REDIS_URL: redisUrl }) };
      const databaseUrl = await createDatabase();
      const here = await startAppForTest({ databaseUrl, settings });
      const there = await startAppForTest({ databaseUrl, settings });
      const mine = await register(here);
      const { email } = mine.user;
      const lost = await signIn(there, "/auth/login", { email, password });
      const kept = [await join(mine, here), await join(mine, there)] as const;
      const endings = [await join(lost, here), await join(lost, there)].map(endingOf);

      expect(await kept[0].ok("profile.setPassword", { old: password, new: better })).toEqual({});

      expect(await Promise.all(endings)).toEqual(Array(2).fill("io server disconnect"));
      for (const socket of kept) expect((await socket.ok("session.list", {})).items).toHaveLength(1);
      expect(await post(there, "/auth/refresh", { refreshToken: lost.refreshToken })).toMatchObject({ status: 401 });
      expect(await post(there, "/auth/refresh", { refreshToken: mine.refreshToken })).toMatchObject({ status: 200 });
      expect(await post(there, "/auth/login", { email, password })).toMatchObject({ status: 401 });
      expect(await post(there, "/auth/login", { email, password: better })).toMatchObject({ status: 200 });
    },
  );
});

test("a password is not changed without the old one, nor to one that is guessed first", async () => {
  const session = await register();
  const ann = await join(session);
  const refusals: [ClientInput<"profile.setPassword">, string][] = [
    [{ new: better }, "old"],
    [{ old: "correct horse", new: better }, "old"],
    [{ old: better, new: better }, "old"],
    [{ old: password, new: "short" }, "new"],
    [{ old: password, new: "Password123" }, "new"],
    [{ old: password, new: session.user.email ?? "" }, "new"],
  ];

  for (const [input, path] of refusals) {
    const error = await ann.refused("profile.setPassword", input);
    expect(error).toMatchObject({ code: "invalid", details: { issues: [{ path }] } });
  }
  expect(await mayEnter(session, password)).toBe(true);
});

test("who has no password yet sets one without", async () => {
  const user = await createUser(app, "ann");
  const ann = await connect(app.url, user);
  onTestFinished(() => ann.close());

  await ann.ok("profile.setPassword", { new: password });

  expect(await post(app, "/auth/login", { email: user.email, password })).toMatchObject({ status: 200 });
  expect(await ann.refused("profile.setPassword", { new: better })).toMatchObject({ code: "invalid" });
});

test("who forgot the password signs in by a code, and chooses another within ten minutes", async () => {
  onTestFinished(() => {
    clock.ahead = 0;
  });
  const session = await register();
  const ann = await join(session);
  const { pool } = app.parts.database;
  await pool.query("update sessions set method = 'code' where user_id = $1", [ann.userId]);

  clock.ahead = 10 * 60_000 + 1;
  const late = await ann.refused("profile.setPassword", { new: better });
  clock.ahead = 9 * 60_000;
  await ann.ok("profile.setPassword", { new: better });

  expect(late).toMatchObject({ code: "invalid", details: { issues: [{ path: "old" }] } });
  expect(await mayEnter(session, better)).toBe(true);
});

test("of two changes at once, one is made", async () => {
  const session = await register();
  const ann = await join(session);
  const wanted = ["the first of the two", "the second of the two"];

  const acks = await Promise.all(wanted.map((to) => ann.call("profile.setPassword", { old: password, new: to })));

  expect(acks.filter(({ ok }) => ok)).toHaveLength(1);
  expect(acks.filter((ack) => !ack.ok && ack.error.code === "invalid")).toHaveLength(1);
  const open = await Promise.all([password, ...wanted].map((tried) => mayEnter(session, tried)));
  expect(open).toEqual([false, acks[0]?.ok, acks[1]?.ok]);
});

test("a change that is sent again is made once, and no password can be guessed by what is kept of it", async () => {
  const session = await register();
  const ann = await join(session);
  const commandId = randomUUID();
  const input = { old: password, new: better };

  const first = await ann.call("profile.setPassword", { ...input, commandId });
  const again = await ann.call("profile.setPassword", { ...input, commandId });
  const other = await ann.refused("profile.setPassword", { old: better, new: password, commandId });

  expect([first, again]).toMatchObject([{ ok: true }, { ok: true, replayed: true }]);
  expect(other).toMatchObject({ code: "conflict" });
  const { rows } = await app.parts.database.pool.query(
    "select encode(input_hash, 'hex') as hash, to_jsonb(a) as row from command_answers a where command_id = $1",
    [commandId],
  );
  const plain = createHash("sha256").update("profile.setPassword").update(JSON.stringify(input)).digest("hex");
  expect(rows).toHaveLength(1);
  expect(rows[0].hash).not.toBe(plain);
  expect(JSON.stringify(rows[0].row)).not.toContain("horse");
});

test("an API key changes no password", async () => {
  const session = await register();
  const ann = await join(session);
  const { secret } = await ann.ok("key.create", { label: "all", scopes: ["admin"] });
  const program = await connect(app.url, { userId: ann.userId, token: secret ?? "" });
  onTestFinished(() => program.close());

  expect(await program.refused("profile.setPassword", { old: password, new: better })).toMatchObject({
    code: "forbidden",
  });
});
