/** A client that stops reading is cut off before it costs memory; the others do not notice, and it can catch up. */
import { Socket as TcpSocket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { connect } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { connectRaw, type RawSocket } from "../support/raw-socket.ts";
import { createWorld } from "../support/world.ts";

const MIB = 2 ** 20;
let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Bytes in use after a collection. */
function usedBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const newScene = () => createWorld(app, { members: { ann: "admin", bob: "viewer" }, stages: { todo: ["write"] } });

/** bob's socket, subscribed, that then reads no more. */
async function openStuck({ bob, project }: Awaited<ReturnType<typeof newScene>>): Promise<RawSocket> {
  const stuck = await connectRaw(app.url, bob.token);
  onTestFinished(() => stuck.ws.terminate());
  stuck.ws.send(`421["project.subscribe",${JSON.stringify({ project })}]`);
  await stuck.frame(/^431/);
  stuck.ws.pause();
  return stuck;
}

const closedAsSlow = async (): Promise<number> => (await app.parts.metrics.slowClosed.get()).values[0]?.value ?? 0;

/** Whether the server still has bytes for someone that the system does not take. */
function someoneIsStuck(): boolean {
  const handles = Reflect.get(process, "_getActiveHandles").call(process) as unknown[];
  const port = Number(new URL(app.url).port);
  return handles.some(
    (handle) =>
      handle instanceof TcpSocket && !handle.destroyed && handle.localPort === port && handle.writableLength > 0,
  );
}

test("a socket with more than 1 MiB waiting is cut off, its memory is freed, and others get everything", async () => {
  const scene = await newScene();
  const { ann, bob, project, stream, issue } = scene;
  const big = (i: number) => ({ project, issue: issue.write, patch: { description: `${i} `.padEnd(50_000, "x") } });
  const { head } = await ann.ok("sync.pull", { stream, after: 0 });
  const before = usedBytes();
  const slowBefore = await closedAsSlow();
  await openStuck(scene);

  let sent = 0;
  // 100 MB would be enough to fill any system's buffers.
  for (; sent < 2000 && (await closedAsSlow()) === slowBefore; sent += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, i) => ann.ok("issue.update", big(sent + i))));
    // What the tests' own clients keep is not the server's memory.
    for (const client of [ann, bob]) for (const event of client.heard) event.data = {};
  }

  expect(await closedAsSlow()).toBe(slowBefore + 1);
  expect(someoneIsStuck()).toBe(false);
  await Promise.all([ann, bob].map((client) => client.caughtUp(stream, head + sent)));
  expect(bob.heard.filter(({ seq }) => seq > head).map(({ seq }) => seq)).toEqual(
    Array.from({ length: sent }, (_, i) => head + 1 + i),
  );
  for (const client of [ann, bob]) for (const event of client.heard) event.data = {};
  await expect.poll(() => usedBytes() - before).toBeLessThan(4 * MIB);
  expect(app.complaints.at(-1)).toMatchObject({ msg: "slow socket closed", user: bob.userId });
});

test("a socket that takes nothing for 10 s is cut off, however little waits", async () => {
  const scene = await newScene();
  const { ann, project, issue } = scene;
  const slowBefore = await closedAsSlow();
  const stuck = await openStuck(scene);
  for (let i = 0; i < 2000 && !someoneIsStuck(); i += 1) {
    await ann.ok("issue.update", { project, issue: issue.write, patch: { description: `${i} `.padEnd(50_000, "y") } });
  }
  expect(someoneIsStuck()).toBe(true);
  // Long enough to be seen as stuck, far below the time that is allowed.
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(await closedAsSlow()).toBe(slowBefore);

  const real = performance.now.bind(performance);
  vi.spyOn(performance, "now").mockImplementation(() => real() + 10_000);
  onTestFinished(() => void vi.restoreAllMocks());

  await expect.poll(closedAsSlow).toBe(slowBefore + 1);
  expect(someoneIsStuck()).toBe(false);
  stuck.ws.resume();
  await stuck.closed;
});

test("whoever was cut off catches up without a gap", async () => {
  const scene = await newScene();
  const { ann, bob, project, stream, issue } = scene;
  const slowBefore = await closedAsSlow();
  const stuck = await openStuck(scene);
  const { epoch, head } = await ann.ok("sync.pull", { stream, after: 0 });
  let sent = 0;
  for (; sent < 2000 && (await closedAsSlow()) === slowBefore; sent += 1) {
    await ann.ok("issue.update", {
      project,
      issue: issue.write,
      patch: { description: `${sent} `.padEnd(50_000, "z") },
    });
  }
  // It works through what had reached it.
  stuck.ws.resume();
  await stuck.closed;
  const packets = stuck.received.filter((frame) => frame.startsWith('42["events"'));
  const seqs = packets.flatMap((frame) => JSON.parse(frame.slice(2))[1].events.map(({ seq }: { seq: number }) => seq));
  const reached = seqs.length;

  const again = await connect(app.url, bob);
  onTestFinished(() => again.close());
  const answer = await again.ok("project.subscribe", { project, since: { epoch, seq: seqs.at(-1) ?? head } });
  if (answer.reset) {
    for (let more = true; more; ) {
      const page = await again.ok("sync.pull", { stream, after: seqs.at(-1) ?? head });
      seqs.push(...page.events.map(({ seq }) => seq));
      more = page.more;
    }
  } else seqs.push(...answer.events.map(({ seq }) => seq));

  expect(reached).toBeGreaterThan(0);
  expect(reached).toBeLessThan(sent);
  expect(seqs).toEqual(Array.from({ length: sent }, (_, i) => head + 1 + i));
});
