import pg from "pg";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect } from "../support/client.ts";
import { createDatabase, type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
let elsewhere: Running;
beforeAll(async () => {
  const databaseUrl = await createDatabase();
  app = await startApp({ databaseUrl });
  elsewhere = await startApp({ databaseUrl });
});
afterAll(async () => {
  await app.close();
  await elsewhere.close();
});

/** A project with a history that reaches to `head`. */
async function newWorld() {
  const world = await createWorld(app, {
    members: { ann: "owner", bob: "developer" },
    stages: { todo: ["write", "read", "test"] },
  });
  const { head } = await world.ann.ok("sync.pull", { stream: world.stream, after: 0 });
  return { ...world, head };
}

test("a cursor begins at 0, and stands where it was committed, on every instance", async () => {
  const { ann, stream } = await newWorld();
  const there = await connect(elsewhere.url, ann);
  onTestFinished(() => there.close());

  const before = await ann.ok("cursor.get", { stream, name: "deployer" });
  const committed = await ann.ok("cursor.commit", { stream, name: "deployer", seq: 2 });

  expect(before).toEqual({ stream, name: "deployer", epoch: expect.any(String), seq: 0, updatedAt: null });
  expect(committed).toEqual({ ...before, seq: 2, updatedAt: expect.any(String) });
  expect(await there.ok("cursor.get", { stream, name: "deployer" })).toEqual(committed);
});

test("a cursor never goes back, nor beyond the head", async () => {
  const { ann, stream, head } = await newWorld();
  const latest = await ann.ok("cursor.commit", { stream, seq: head });

  expect(await ann.ok("cursor.commit", { stream, seq: 1 })).toEqual(latest);
  expect(await ann.ok("cursor.commit", { stream, seq: head })).toEqual(latest);
  expect(await ann.refused("cursor.commit", { stream, seq: head + 1 })).toMatchObject({
    code: "invalid",
    details: { issues: [{ path: "seq" }] },
  });
  expect(await ann.ok("cursor.get", { stream })).toEqual(latest);
});

test("cursors of other names, streams and people stand for themselves", async () => {
  const { ann, bob, stream, orgId } = await newWorld();
  await ann.ok("cursor.commit", { stream, name: "one", seq: 3 });

  const others = [
    await ann.ok("cursor.get", { stream, name: "two" }),
    await bob.ok("cursor.get", { stream, name: "one" }),
    await ann.ok("cursor.get", { stream: `org:${orgId}`, name: "one" }),
  ];

  expect(others.map(({ seq }) => seq)).toEqual([0, 0, 0]);
  expect(await bob.refused("cursor.get", { stream: `user:${ann.userId}` })).toMatchObject({ code: "not_found" });
});

test("of commits at the same moment, on both instances, the highest stands", async () => {
  const { ann, stream, head } = await newWorld();
  const there = await connect(elsewhere.url, ann);
  onTestFinished(() => there.close());
  const seqs = Array.from({ length: 30 }, (_, i) => (i * 7) % (head + 1));

  const answers = await Promise.all(
    seqs.map((seq, i) => (i % 2 === 0 ? ann : there).ok("cursor.commit", { stream, seq })),
  );

  expect(answers.every(({ seq }, i) => seq >= (seqs[i] ?? 0))).toBe(true);
  expect((await ann.ok("cursor.get", { stream })).seq).toBe(Math.max(...seqs));
});

test("a commit waits for nobody's turn, and tells nobody", async () => {
  const { ann, stream, head } = await newWorld();
  const busy = new pg.Client({ connectionString: app.databaseUrl });
  await busy.connect();
  onTestFinished(() => busy.end());
  await busy.query("begin");
  await busy.query("select from streams for update");

  const ack = await ann.call("cursor.commit", { stream, seq: head });
  await busy.query("rollback");

  expect(ack).toMatchObject({ ok: true, data: { seq: head } });
  expect(ack).not.toHaveProperty("seq");
  expect((await ann.ok("sync.pull", { stream, after: 0 })).head).toBe(head);
});

test("a bot that was away handles each event once", async () => {
  const { ann, org, project, stream, issue, head } = await newWorld();
  const { id: botId } = await ann.ok("bot.create", { org, name: "Robbie" });
  const { secret } = await ann.ok("key.create", { botId, label: "reader", scopes: ["read"] });
  const user = { userId: botId, token: secret ?? "" };
  const first = await connect(app.url, user);
  await first.ok("cursor.commit", { stream, name: "robbie", seq: head });
  first.close();
  for (const title of ["a", "b"]) await ann.ok("issue.update", { project, issue: issue.write, patch: { title } });

  const again = await connect(elsewhere.url, user);
  onTestFinished(() => again.close());
  const since = await again.ok("cursor.get", { stream, name: "robbie" });
  const { events, reset } = await again.ok("project.subscribe", {
    project,
    since: { epoch: since.epoch, seq: since.seq },
  });

  expect(reset).toBe(false);
  expect(events.map(({ seq, type }) => [seq, type])).toEqual([
    [head + 1, "issue.updated"],
    [head + 2, "issue.updated"],
  ]);
});

test("a hundred cursors in a stream are enough", async () => {
  const { ann, stream } = await newWorld();
  const commit = (name: string) => ann.call("cursor.commit", { stream, name, seq: 1 });
  for (let i = 0; i < 100; i += 1) await commit(`program ${i}`);

  expect(await commit("one more")).toMatchObject({ ok: false, error: { code: "conflict" } });
  expect(await commit("program 7")).toMatchObject({ ok: true });
});
