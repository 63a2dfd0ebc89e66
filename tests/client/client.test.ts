/** The SDK against a real server: calling, staying connected, signing in again, and streams without gaps. */
import { afterAll, beforeAll, expect, expectTypeOf, onTestFinished, test } from "vitest";
import { commands, type Issue, type Output } from "../../protocol/index.ts";
import { type Client, CommandError, type StreamEvent, signIn } from "../../src/client/index.ts";
import { type Running, startApp, startAppForTest } from "../support/harness.ts";
import { createUser, createWorld } from "../support/world.ts";
import { isLive, join, soon, startNetwork, until } from "./join.ts";

const TTL_MS = 10_000;
let app: Running;
/** Ahead of the real time, in ms. */
let offset = 0;
beforeAll(async () => {
  app = await startApp({
    headEveryMs: 50,
    now: () => new Date(Date.now() + offset),
    settings: { ACCESS_TTL_SECONDS: `${TTL_MS / 1000}` },
  });
});
afterAll(() => app.close());

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const quiet = { listening: false, stages: { todo: ["write"], doing: [] } };

/** Everything that a subscription hands on. */
function listen(client: Client, target: string, since?: { epoch: string; seq: number }) {
  const heard: StreamEvent[] = [];
  const told: string[] = [];
  const stream = client.subscribe(target, {
    ...(since && { since }),
    onEvents: (events) => void heard.push(...events),
    onReset: ({ epoch, seq }) => void told.push(`reset ${epoch} ${seq}`),
    onRevoked: ({ code }) => void told.push(`revoked ${code}`),
  });
  return { heard, told, stream, seqs: () => heard.map(({ seq }) => seq) };
}

async function register(name: string): Promise<Output<"auth.register">> {
  const response = await fetch(`${app.url}/api/v1/auth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: `${name}@client.example`, password: "a long enough password" }),
  });
  return response.json() as Promise<Output<"auth.register">>;
}

test("every command is a function, and gives its data", async () => {
  const { ann, project, stage } = await createWorld(app, quiet);
  const client = join(app.url, { token: ann.token });

  const moved = await client.issue.move({ project, issue: 1, stageId: stage.doing });
  const same = await client.call("issue.get", { project, issue: 1 });

  expect(moved).toMatchObject({ number: 1, stageId: stage.doing });
  expect(same).toEqual(moved);
  expect((await client.session.whoami()).user.id).toBe(ann.userId);
  expectTypeOf(moved).toEqualTypeOf<Issue>();
  // @ts-expect-error there is no such command
  expect(client.issue.paint).toBeUndefined();
  // @ts-expect-error it needs a project
  await expect(client.issue.get({ issue: 1 })).rejects.toMatchObject({ code: "invalid" });
});

test("no command of the catalogue is missing", () => {
  const client = join(app.url, { token: "nobody" });

  for (const [name, { access }] of Object.entries(commands)) {
    if (access === "public") continue;
    const [noun = "", verb = ""] = name.split(".");
    expect(Reflect.get(Reflect.get(client, noun), verb)).toBeTypeOf("function");
  }
});

test("a refusal is thrown by call, and a value of send", async () => {
  const { ann, project } = await createWorld(app, quiet);
  const client = join(app.url, { token: ann.token });

  const error = await client.issue.get({ project, issue: 99 }).catch((thrown: unknown) => thrown);
  const ack = await client.send("issue.update", { project, issue: 1, patch: {}, expect: 7 });

  expect(error).toBeInstanceOf(CommandError);
  expect(error).toMatchObject({ code: "not_found", status: 404, requestId: expect.stringMatching(/./) });
  expect(ack).toMatchObject({ ok: false, error: { code: "conflict", details: { current: { number: 1 } } } });
});

test("what is called before the connection is there waits for it", async () => {
  const { ann, project } = await createWorld(app, quiet);
  const network = await startNetwork(app);
  network.refuse();
  const client = join(network.url, { token: ann.token });

  const calls = [client.issue.get({ project, issue: 1 }), client.issue.create({ project, title: "early" })];
  expect(client.state.current).toMatchObject({ status: "offline", queued: 1 });
  network.admit();

  expect((await Promise.all(calls)).map(({ title }) => title)).toEqual(["write", "early"]);
  expect(client.state.current).toEqual({ status: "live", queued: 0 });
});

test("the state tells how it goes while the connection is lost and found", async () => {
  const { ann, project } = await createWorld(app, quiet);
  const network = await startNetwork(app);
  const client = join(network.url, { token: ann.token });
  await listen(client, project).stream.ready;
  await until(client, isLive);
  const seen: string[] = [];
  client.state.subscribe(({ status, queued }) => void seen.push(`${status} ${queued}`));

  network.refuse();
  await until(client, ({ status }) => status === "offline");
  const creating = client.issue.create({ project, title: "from the tunnel" });
  network.admit();
  await creating;
  await until(client, (state) => isLive(state) && state.queued === 0);

  expect(seen.slice(0, 3)).toEqual(["offline 0", "offline 1", "catchingUp 1"]);
  expect(seen.at(-1)).toBe("live 0");
});

test("a query is given up in the end, and a mutation is not", async () => {
  const { ann, project } = await createWorld(app, quiet);
  const network = await startNetwork(app);
  network.refuse();
  const client = join(network.url, { token: ann.token, queryPatienceMs: 50 });
  const creating = client.send("issue.create", { project, title: "in the end" });

  const refused = await client.send("issue.get", { project, issue: 1 });
  network.admit();

  expect(refused).toMatchObject({ ok: false, error: { code: "unavailable", details: { reason: "timeout" } } });
  expect(await creating).toMatchObject({ ok: true });
});

test("a token that ends is renewed on the same connection, once", async () => {
  const { refreshToken, user } = await register("renewing");
  const { rows } = await app.parts.database.pool.query("select id from sessions where user_id = $1", [user.id]);
  offset = -TTL_MS + 2000;
  const { token } = app.parts.tokens.sign({ userId: user.id, sessionId: rows[0].id });
  offset = 0;
  const network = await startNetwork(app);
  const renewals: string[] = [];
  const given: string[] = [];
  network.rule((_, frame) => {
    if (frame.includes("session.renew")) renewals.push(frame);
    return "pass";
  });
  const client = join(network.url, { token, refresh: refreshToken, onTokens: (pair) => given.push(pair.refreshToken) });
  const statuses: string[] = [];
  client.state.subscribe(({ status }) => void statuses.push(status));

  await soon(() => Date.now() > endOf(token)).toBe(true);

  expect((await client.session.whoami()).user.id).toBe(user.id);
  expect(new Set(statuses)).toEqual(new Set(["live"]));
  expect(renewals).toHaveLength(1);
  expect(given).toHaveLength(1);
  expect(given).not.toContain(refreshToken);
});

const endOf = (token: string): number =>
  JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).exp * 1000;

test("a refresh token alone is enough, and one whose token ended comes back with another", async () => {
  const first = await register("returning");
  const again = await signIn(app.url, { email: "returning@client.example", password: "a long enough password" });
  offset = -TTL_MS - 5000;
  const ended = (await createUser(app, "stale")).token;
  offset = 0;
  const shown: string[] = [];

  const refreshing = join(app.url, { refresh: first.refreshToken });
  const asking = join(app.url, {
    getToken() {
      shown.push(shown.length === 0 ? ended : again.accessToken);
      return shown.at(-1) ?? "";
    },
  });

  expect((await refreshing.session.whoami()).user.id).toBe(first.user.id);
  expect((await asking.session.whoami()).user.id).toBe(first.user.id);
  expect(shown).toEqual([ended, again.accessToken]);
});

test("where bad tokens come too often, who has a way to another one need not wait", async () => {
  const limited = await startAppForTest({ settings: { RATE_LIMIT_ADDRESS_PER_MINUTE: "1" } });
  const { token, userId } = await createUser(limited, "ann");
  const stranger = join(limited.url, { token: "stale" });
  await soon(() => stranger.state.current.error).toMatchObject({ code: "unauthenticated" });
  const tokens = ["stale"];

  const client = join(limited.url, { getToken: () => tokens.pop() ?? token });

  expect((await client.session.whoami()).user.id).toBe(userId);
});

test("whose session is revoked is told why, and so is what still waits", async () => {
  const { refreshToken } = await register("leaving");
  const given: string[] = [];
  const client = join(app.url, { refresh: refreshToken, onTokens: (pair) => void given.push(pair.refreshToken) });
  await client.session.whoami();

  await fetch(`${app.url}/api/v1/auth/logout`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ refreshToken: given.at(-1) }),
  });
  await until(client, ({ status }) => status === "closed");

  expect(client.state.current.error).toMatchObject({ code: "unauthenticated" });
  expect(await client.send("org.list", {})).toMatchObject({ ok: false, error: { details: { reason: "closed" } } });
});

test("a stream has each event once and in order, though frames are lost and repeated", async () => {
  // Without a beacon: each gap is noticed by the event behind it.
  const silent = await startAppForTest({ headEveryMs: 3_600_000 });
  const { ann, project, stream } = await createWorld(silent, quiet);
  const network = await startNetwork(silent);
  const client = join(network.url, { token: ann.token });
  const listener = listen(client, project);
  const { seq } = await listener.stream.ready;
  let frames = 0;
  network.rule((way, frame) => {
    if (way === "up" || !frame.includes('"events"')) return "pass";
    frames += 1;
    return frames % 3 === 0 ? "drop" : "twice";
  });

  for (const i of range(1, 30)) await ann.ok("issue.update", { project, issue: 1, patch: { title: `T${i}` } });
  network.rule(() => "pass");
  await ann.ok("issue.update", { project, issue: 1, patch: { title: "last" } });
  await soon(() => listener.seqs().at(-1)).toBe(seq + 31);

  const { events } = await ann.ok("sync.pull", { stream, after: seq });
  expect(listener.heard).toEqual(events);
  expect(frames).toBeGreaterThan(10);
  expect(listener.told).toEqual([]);
});

test("a last event that is lost is noticed by the beacon", async () => {
  const { ann, project } = await createWorld(app, quiet);
  const network = await startNetwork(app);
  const client = join(network.url, { token: ann.token });
  const listener = listen(client, project);
  const { seq } = await listener.stream.ready;
  network.rule((_, frame) => (frame.startsWith('42["events"') ? "drop" : "pass"));

  await ann.ok("issue.update", { project, issue: 1, patch: { title: "silent" } });

  await soon(listener.seqs).toEqual([seq + 1]);
});

test("a stream goes on where it was after the connection was away", async () => {
  const { ann, project } = await createWorld(app, quiet);
  const network = await startNetwork(app);
  const client = join(network.url, { token: ann.token });
  const listener = listen(client, project);
  const { seq } = await listener.stream.ready;

  network.refuse();
  for (const i of range(1, 12)) await ann.ok("issue.update", { project, issue: 1, patch: { title: `T${i}` } });
  network.admit();
  await until(client, isLive);
  await ann.ok("issue.update", { project, issue: 1, patch: { title: "after" } });

  await soon(listener.seqs).toEqual(range(seq + 1, seq + 13));
  expect(listener.told).toEqual([]);
});

test("with since a stream begins with what was missed, or says that it cannot", async () => {
  const { ann, project, stream } = await createWorld(app, quiet);
  const { head, epoch } = await ann.ok("sync.pull", { stream, after: 0 });
  const client = join(app.url, { token: ann.token });

  const behind = listen(client, project, { epoch, seq: head - 3 });
  const elsewhere = listen(client, project, { epoch: "another", seq: head });

  await soon(behind.seqs).toEqual(range(head - 2, head));
  await soon(() => elsewhere.told).toEqual([`reset ${epoch} ${head}`]);
  await ann.ok("issue.update", { project, issue: 1, patch: { title: "both" } });
  await soon(() => [behind.seqs().at(-1), elsewhere.seqs()]).toEqual([head + 1, [head + 1]]);
});

test("a restored database is a reset, and the stream goes on in its epoch", async () => {
  const restored = await startAppForTest({ pollMs: 20, headEveryMs: 50 });
  const { ann, project, stream } = await createWorld(restored, quiet);
  const client = join(restored.url, { token: ann.token });
  const listener = listen(client, project);
  const { seq } = await listener.stream.ready;
  const { pool } = restored.parts.database;
  await pool.query("delete from events where stream = $1 and seq > $2", [stream, seq - 2]);
  await pool.query("update streams set epoch = 'restored', seq = $2 where id = $1", [stream, seq - 2]);

  await soon(() => listener.told).toEqual([`reset restored ${seq - 2}`]);
  await ann.ok("issue.update", { project, issue: 1, patch: { title: "anew" } });

  await soon(listener.seqs).toEqual([seq - 1]);
  expect(listener.stream.position).toEqual({ epoch: "restored", seq: seq - 1 });
});

test("a stream of a project that is renamed is kept, and found again", async () => {
  const { ann, org, project } = await createWorld(app, quiet);
  const network = await startNetwork(app);
  const client = join(network.url, { token: ann.token });
  const listener = listen(client, project);
  const { seq } = await listener.stream.ready;

  await ann.ok("project.update", { project, patch: { slug: "shop" } });
  await soon(listener.seqs).toEqual([seq + 1]);
  network.cut();
  await ann.ok("issue.update", { project: `${org}/shop`, issue: 1, patch: { title: "moved house" } });

  await soon(listener.seqs).toEqual([seq + 1, seq + 2]);
  expect(listener.told).toEqual([]);
});

test("who may no longer hear a stream is told", async () => {
  const { ann, bob, org, project } = await createWorld(app, { ...quiet, members: { ann: "owner", bob: "developer" } });
  const client = join(app.url, { token: bob.token });
  const [ofProject, own] = [listen(client, project), listen(client, "@me")];
  await Promise.all([ofProject.stream.ready, own.stream.ready]);

  await ann.ok("member.remove", { org, userId: bob.userId });

  await soon(() => ofProject.told).toEqual(["revoked not_found"]);
  await soon(() => own.heard.map(({ type }) => type)).toContain("access.revoked");
  await until(client, isLive);
  await expect(listen(client, project).stream.ready).rejects.toMatchObject({ code: "not_found" });
});

test("a subscription that will never begin says so", async () => {
  const { ann, project } = await createWorld(app, quiet);
  const network = await startNetwork(app);
  network.refuse();
  const client = join(network.url, { token: ann.token });
  const [one, two] = [listen(client, project), listen(client, project)];

  one.stream.close();
  client.close();
  const three = listen(client, project);

  const closed = { code: "unavailable", details: { reason: "closed" } };
  for (const { stream } of [one, two, three]) await expect(stream.ready).rejects.toMatchObject(closed);
});

test("streams of organizations are heard by slug, and two listeners of one do not disturb each other", async () => {
  const { ann, org } = await createWorld(app, quiet);
  const client = join(app.url, { token: ann.token });
  const [one, two] = [listen(client, org), listen(client, org)];
  const { seq } = await one.stream.ready;
  await two.stream.ready;

  one.stream.close();
  await client.org.update({ org, patch: { name: "Acme & Sons" } });

  await soon(two.seqs).toEqual([seq + 1]);
  expect(one.heard).toEqual([]);
});

test("a client moves to another instance when its own stops", async () => {
  const first = await startApp();
  const { ann, project } = await createWorld(first, quiet);
  const client = join(first.url, { token: ann.token });
  const listener = listen(client, project);
  const { seq } = await listener.stream.ready;
  const port = new URL(first.url).port;

  const creating = Array.from({ length: 20 }, (_, i) => client.issue.create({ project, title: `N${i}` }));
  await first.close();
  const second = await startApp({ databaseUrl: first.databaseUrl, settings: { PORT: port } });
  onTestFinished(() => second.close());

  const numbers = (await Promise.all(creating)).map(({ number }) => number);
  expect(numbers).toEqual(range(2, 21));
  await soon(listener.seqs).toEqual(range(seq + 1, seq + 20));
});
