/** A real server under load that is killed, stopped, or loses its Postgres: what was acknowledged stays, once. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import type { Ack, WireEvent } from "../../protocol/index.ts";
import { type Client, connect } from "../support/client.ts";
import { connectRaw } from "../support/raw-socket.ts";
import { createDataFolder, type ServerProcess } from "../support/server-process.ts";

const project = "demo/web";
const CLIENTS = 6;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });
let data: Awaited<ReturnType<typeof createDataFolder>>;
let server: ServerProcess;
let ada: { userId: string; token: string };
beforeAll(async () => {
  data = await createDataFolder();
  server = await data.start();
  ada = await signIn(server);
});
afterAll(() => data.remove());

async function signIn({ url }: ServerProcess): Promise<{ userId: string; token: string }> {
  const response = await fetch(`${url}/api/v1/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: "ada@demo.local", password: "demo-ada" }),
  });
  const { accessToken, user } = (await response.json()) as { accessToken: string; user: { id: string } };
  return { userId: user.id, token: accessToken };
}

async function join({ url } = server, user = ada): Promise<Client> {
  const client = await connect(url, user);
  onTestFinished(() => client.close());
  return client;
}

type Sent = { input: { project: string; title: string; commandId: string }; ack?: Ack<"issue.create"> };

/** Creates issues, two at a time for each client, until its connection ends or `isOver`; gives all that was sent. */
async function load(clients: Client[], isOver: () => boolean = () => false): Promise<Sent[]> {
  const all: Sent[] = [];
  const sendUntilCut = async ({ socket }: Client) => {
    const cut = new Promise<undefined>((resolve) => void socket.once("disconnect", () => resolve(undefined)));
    while (socket.connected && !isOver()) {
      const commandId = randomUUID();
      const sent: Sent = { input: { project, title: `load ${commandId}`, commandId } };
      all.push(sent);
      const ack = await Promise.race([
        socket.emitWithAck("issue.create", sent.input) as Promise<Ack<"issue.create">>,
        cut,
      ]);
      if (ack) sent.ack = ack;
    }
  };
  await Promise.all(clients.flatMap((client) => [sendUntilCut(client), sendUntilCut(client)]));
  return all;
}

/** Every event of the project from its first. */
async function readLog(client: Client): Promise<WireEvent[]> {
  const { stream } = await client.ok("project.subscribe", { project });
  const events: WireEvent[] = [];
  for (let more = true; more; ) {
    const page = await client.ok("sync.pull", { stream, after: events.length });
    events.push(...page.events);
    more = page.more;
  }
  expect(events.map(({ seq }) => seq)).toEqual(range(1, events.length));
  return events;
}

/** How often each issue of the load was created, by title. */
function countCreated(events: WireEvent[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const {
    type,
    data: { issue },
  } of events) {
    if (type !== "issue.created") continue;
    const { title } = issue as { title: string };
    counts.set(title, (counts.get(title) ?? 0) + 1);
  }
  return counts;
}

/** Nothing that was acknowledged is lost or changed, and what is sent again is applied once. */
async function checkAll(sent: Sent[]): Promise<void> {
  const client = await join();
  const again = await Promise.all(sent.map(({ input }) => client.call("issue.create", input)));
  sent.forEach(({ ack }, i) => {
    if (ack?.ok) expect(again[i]).toEqual({ ...ack, replayed: true, requestId: again[i]?.requestId });
    expect(again[i]?.ok).toBe(true);
  });
  const counts = countCreated(await readLog(client));
  expect(sent.map(({ input }) => counts.get(input.title))).toEqual(sent.map(() => 1));
}

test.each([
  ["the server", false],
  ["the server, and Postgres with it,", true],
])("kill -9 of %s in the middle of the load loses and doubles nothing", async (_, withPostgres) => {
  const clients = await Promise.all(range(1, CLIENTS).map(() => join()));
  const loading = load(clients);
  await sleep(500 + Math.random() * 700);

  if (withPostgres) await data.killPostgres();
  await server.kill();

  const sent = await loading;
  server = await data.start();
  const acked = sent.filter(({ ack }) => ack?.ok).length;
  expect(acked).toBeGreaterThan(CLIENTS);
  expect(acked).toBeLessThan(sent.length);
  await checkAll(sent);
});

test("a crash of Postgres is answered with unavailable, and passes without a restart", async () => {
  const clients = await Promise.all(range(1, CLIENTS).map(() => join()));
  const { stream } = await clients[0].ok("project.subscribe", { project });
  let over = false;
  const loading = load(clients, () => over);
  await sleep(300);

  await data.crashPostgres();
  await sleep(3000);
  over = true;

  const sent = await loading;
  const refused = sent.flatMap(({ ack }) => (ack && !ack.ok ? [ack.error] : []));
  expect(sent.filter(({ ack }) => ack === undefined)).toEqual([]);
  expect(refused.length).toBeGreaterThan(0);
  for (const error of refused)
    expect(error).toMatchObject({ code: "unavailable", status: 503, retryAfterMs: expect.any(Number) });
  expect(sent.at(-1)?.ack?.ok).toBe(true);
  expect(server.isRunning()).toBe(true);
  await checkAll(sent);
  await clients[0].caughtUp(stream, (await readLog(clients[1])).length);
});

test("SIGTERM under load acknowledges what was begun, says so, and ends in time with code 0", async () => {
  const clients = await Promise.all(range(1, CLIENTS).map(() => join()));
  const stuck = await connectRaw(server.url, ada.token);
  onTestFinished(() => stuck.ws.terminate());
  stuck.ws.pause();
  const postgres = await data.postmaster();
  const loading = load(clients);
  await sleep(500);
  const started = performance.now();

  const code = await server.stop();

  const took = performance.now() - started;
  const sent = await loading;
  expect(code).toBe(0);
  expect(took).toBeLessThan(15_000);
  expect(postgres).toBeDefined();
  expect(await data.postmaster()).toBeUndefined();
  for (const { pushes } of clients)
    expect(pushes).toContainEqual({ name: "draining", data: { retryAfterMs: expect.any(Number) } });
  const refused = sent.flatMap(({ ack }) => (ack && !ack.ok ? [ack.error.code] : []));
  expect(new Set(refused)).toEqual(new Set(refused.length > 0 ? ["unavailable"] : []));

  server = await data.start();
  // Whatever was done was said to be done.
  const created = countCreated(await readLog(await join()));
  const done = sent.filter(({ input }) => created.has(input.title));
  expect(done.map(({ ack }) => ack?.ok)).toEqual(done.map(() => true));
  expect(done).toHaveLength(sent.filter(({ ack }) => ack?.ok).length);
});

test("two servers that start at once on a new data folder share its Postgres, and either may go", async () => {
  const shared = await createDataFolder();
  onTestFinished(() => shared.remove());
  const [first, second] = await Promise.all([shared.start(), shared.start()]);
  const user = await signIn(first);
  const [here, there] = [await join(first, user), await join(second, user)];
  const { stream } = await here.ok("project.subscribe", { project });
  await there.ok("project.subscribe", { project });

  const ack = await there.call("issue.create", { project, title: "from the second" });
  await here.caughtUp(stream, ack.ok ? (ack.seq ?? 0) : 0);
  const code = await first.stop();
  const later = await there.call("issue.create", { project, title: "after the first" });

  expect([ack.ok, code, later.ok]).toEqual([true, 0, true]);
  await there.caughtUp(stream, later.ok ? (later.seq ?? 0) : 0);
  expect(await second.stop()).toBe(0);
  expect(await shared.postmaster()).toBeUndefined();
});

test("without Postgres the server stays, says unavailable, and stops in order", async () => {
  const client = await join();
  await client.ok("project.get", { project });

  await data.killPostgres();
  await vi.waitFor(async () => expect((await fetch(`${server.url}/readyz`)).status).toBe(503), 10_000);
  const refusals = await Promise.all([
    client.refused("issue.create", { project, title: "nowhere to put it" }),
    client.refused("issue.list", { project }),
    client.refused("board.get", { project }),
  ]);

  for (const error of refusals)
    expect(error).toMatchObject({ code: "unavailable", status: 503, retryAfterMs: expect.any(Number) });
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  // A session that was seen a moment ago is still known.
  const admission = () =>
    connect(server.url, ada).then(
      (late) => late.close(),
      (error) => error.data?.code,
    );
  await expect.poll(admission, { timeout: 5000 }).toBe("unavailable");
  expect(await server.stop()).toBe(0);
});
