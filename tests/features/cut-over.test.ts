/** Subscriptions that begin and end while others write: whatever the moment, each event comes once and in order. */
import { expect, onTestFinished, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { createDatabase, type Running, startAppForTest } from "../support/harness.ts";
import { createUser, createWorld } from "../support/world.ts";

const ROUNDS = 400;
const WRITERS = 6;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Two instances that know of each other through Postgres alone, so that each lags behind the other now and then. */
async function startTwo(): Promise<[Running, Running]> {
  const databaseUrl = await createDatabase();
  return [await startAppForTest({ databaseUrl }), await startAppForTest({ databaseUrl })];
}

/** Writes until told to stop. */
function keepWriting(person: Client, at: { project: string; issue: number }, name: number): () => Promise<void> {
  let going = true;
  const writing = (async () => {
    for (let i = 0; going; i += 1) await person.ok("issue.update", { ...at, patch: { title: `${name} ${i}` } });
  })();
  return () => {
    going = false;
    return writing;
  };
}

/** Seqs in the order in which they came: of each answer, and of what was pushed until the subscription ended. */
async function comeAndGo(reader: Client, project: string, stream: string, finish: () => Promise<number>) {
  const seqs: number[] = [];
  let epoch = (await reader.ok("sync.pull", { stream, after: 0, limit: 1 })).epoch;
  for (let round = 1; round <= ROUNDS + 1; round += 1) {
    const from = reader.heard.length;
    const answer = await reader.ok("project.subscribe", { project, since: { epoch, seq: seqs.at(-1) ?? 0 } });
    expect(answer.reset).toBe(false);
    epoch = answer.epoch;
    const last = round > ROUNDS ? await finish() : 0;
    if (last > answer.head) await reader.caughtUp(stream, last);
    await reader.ok("project.unsubscribe", { project });
    seqs.push(...answer.events.map(({ seq }) => seq), ...reader.heard.slice(from).map(({ seq }) => seq));
  }
  return seqs;
}

test("subscriptions are cut over without loss or doubles while two instances write", async () => {
  const [one, other] = await startTwo();
  const { ann, project, stream, issue } = await createWorld(one, {
    members: { ann: "admin" },
    stages: { todo: ["write"] },
    listening: false,
  });
  const bob = await createUser(one, "bob");
  await ann.ok("project.addMember", { project, userId: bob.userId, role: "viewer" });
  const elsewhere = await connect(other.url, ann);
  // On each instance one reads alone, so that the stream is followed anew each time.
  const readers = await Promise.all([one, other, other].map(({ url }) => connect(url, bob)));
  onTestFinished(() => [elsewhere, ...readers].forEach((client) => void client.close()));
  const stops = range(1, WRITERS).map((i) => keepWriting(i % 2 ? ann : elsewhere, { project, issue: issue.write }, i));
  let stopped: Promise<number> | undefined;
  const finish = () => {
    stopped ??= Promise.all(stops.map((stop) => stop())).then(
      async () => (await ann.ok("sync.pull", { stream, after: 0 })).head,
    );
    return stopped;
  };

  const [first, ...rest] = readers;
  const all = await Promise.all([
    comeAndGo(first, project, stream, finish),
    ...rest.map((reader) => comeAndGo(reader, project, stream, finish)),
  ]);

  const head = await finish();
  expect(head).toBeGreaterThan(ROUNDS);
  for (const seqs of all) expect(seqs).toEqual(range(1, head));
  expect([...one.complaints, ...other.complaints]).toEqual([]);
});
