import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { pushes } from "../../protocol/index.ts";
import { type Client, connect } from "../support/client.ts";
import { type Running, startApp, startAppForTest } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp({ headEveryMs: 50 });
});
afterAll(() => app.close());

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const seqsOf = (person: Client, stream: string): number[] =>
  person.heard.filter((event) => event.stream === stream).map(({ seq }) => seq);

/** One event each. */
async function rename(person: Client, at: { project: string; issue: number }, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1)
    await person.ok("issue.update", { ...at, patch: { title: `${performance.now()}` } });
}

/** Events that nobody sent: the log as a busy day leaves it. */
async function seedEvents(stream: string, count: number, text = ""): Promise<void> {
  await app.parts.database.pool.query(
    `with head as (update streams set seq = seq + $2 where id = $1 returning seq - $2 as before)
     insert into events (stream, seq, type, at, actor_kind, data)
     select $1, before + i, 'issue.updated', now(), 'system', jsonb_build_object('text', $3::text)
     from head, generate_series(1, $2::int) as i`,
    [stream, count, text],
  );
}

const quiet = { listening: false, stages: { todo: ["write"] } };

test("a subscription without since begins at the present", async () => {
  const { ann, project, stream, issue } = await createWorld(app, quiet);
  const at = { project, issue: issue.write };

  const joined = await ann.ok("project.subscribe", { project });
  await rename(ann, at, 3);

  expect(joined).toMatchObject({ stream, events: [], reset: false });
  expect(joined.head).toBeGreaterThan(0);
  await ann.caughtUp(stream, joined.head + 3);
  expect(seqsOf(ann, stream)).toEqual(range(joined.head + 1, joined.head + 3));
});

test("a subscription with since starts with what was missed", async () => {
  const { ann, bob, project, stream, issue } = await createWorld(app, {
    ...quiet,
    members: { ann: "developer", bob: "viewer" },
  });
  const at = { project, issue: issue.write };
  const { epoch, head } = await bob.ok("project.subscribe", { project });
  await bob.ok("project.unsubscribe", { project });
  await rename(ann, at, 5);

  const again = await bob.ok("project.subscribe", { project, since: { epoch, seq: head + 1 } });
  await rename(ann, at, 2);

  expect(again).toMatchObject({ epoch, head: head + 5, reset: false });
  const missed = (await ann.ok("sync.pull", { stream, after: head + 1 })).events;
  expect(again.events).toEqual(missed.slice(0, 4));
  await bob.caughtUp(stream, head + 7);
  expect(seqsOf(bob, stream)).toEqual([head + 6, head + 7]);
});

test("memory that does not reach back is completed from the table", async () => {
  const { ann, bob, project, stream, issue } = await createWorld(app, {
    members: { ann: "developer", bob: "viewer" },
    stages: { todo: ["write"] },
  });
  const { events, epoch, head } = await ann.ok("sync.pull", { stream, after: 0 });
  expect(events).toHaveLength(head);
  await Promise.all(range(1, 6).map(() => rename(ann, { project, issue: issue.write }, 100)));
  await bob.caughtUp(stream, head + 600);

  const again = await ann.ok("project.subscribe", { project, since: { epoch, seq: 0 } });

  expect(again.events.map(({ seq }) => seq)).toEqual(range(1, head + 600));
  expect(seqsOf(bob, stream)).toEqual(range(seqsOf(bob, stream)[0], head + 600));
});

test("what came before an event too big for memory is read from the table", async () => {
  const { ann, project, stream, issue } = await createWorld(app, { stages: { todo: ["write"] } });
  const at = { project, issue: issue.write };
  await rename(ann, at, 3);
  await ann.ok("issue.update", { ...at, patch: { description: "long ".repeat(5000) } });
  await rename(ann, at, 3);
  const { epoch, head } = await ann.ok("sync.pull", { stream, after: 0 });

  const again = await ann.ok("project.subscribe", { project, since: { epoch, seq: head - 7 } });

  expect(again.events.map(({ seq }) => seq)).toEqual(range(head - 6, head));
});

test.each([
  ["another epoch", "other", 0, 0],
  ["more than 5,000 events behind", undefined, 0, 5001],
  ["a seq from the future", undefined, 1000, 0],
])("%s asks for a snapshot", async (_, otherEpoch, ahead, missed) => {
  const { ann, project, stream } = await createWorld(app, quiet);
  const { head, epoch } = await ann.ok("sync.pull", { stream, after: 0 });
  await seedEvents(stream, missed);

  const since = { epoch: otherEpoch ?? epoch, seq: head + ahead };
  const answer = await ann.ok("project.subscribe", { project, since });

  expect(answer).toEqual({ stream, epoch, head: head + missed, events: [], reset: true });
});

test("5,000 missed events are sent, and pruned ones ask for a snapshot", async () => {
  const { ann, project, stream } = await createWorld(app, quiet);
  const { head, epoch } = await ann.ok("sync.pull", { stream, after: 0 });
  await seedEvents(stream, 5000);
  const since = { epoch, seq: head };

  const whole = await ann.ok("project.subscribe", { project, since });
  await app.parts.database.pool.query("delete from events where stream = $1 and seq <= $2", [stream, head + 1]);
  const pruned = await ann.ok("project.subscribe", { project, since });
  const kept = await ann.ok("project.subscribe", { project, since: { epoch, seq: head + 1 } });

  expect(whole.events.map(({ seq }) => seq)).toEqual(range(head + 1, head + 5000));
  expect(pruned).toMatchObject({ events: [], reset: true, head: head + 5000 });
  expect(kept.reset).toBe(false);
  expect(kept.events).toEqual(whole.events.slice(1));
  expect(await ann.refused("sync.pull", { stream, after: head })).toMatchObject({ code: "gone" });
});

test("missed events that would not fit through a slow line ask for a snapshot", async () => {
  const { ann, project, stream } = await createWorld(app, quiet);
  const { head, epoch } = await ann.ok("sync.pull", { stream, after: 0 });
  await seedEvents(stream, 120, "x".repeat(50_000));

  const answer = await ann.ok("project.subscribe", { project, since: { epoch, seq: head } });
  const page = await ann.ok("sync.pull", { stream, after: head });

  expect(answer).toMatchObject({ reset: true, events: [], head: head + 120 });
  expect(page).toMatchObject({ more: true, head: head + 120 });
  expect(JSON.stringify(page).length).toBeLessThan(1.2 * 2 ** 20);
  expect(page.events.map(({ seq }) => seq)).toEqual(range(head + 1, head + page.events.length));
});

test("pulling in pages gives every event once and says when there is more", async () => {
  const { ann, stream } = await createWorld(app, quiet);
  await seedEvents(stream, 1203);
  const seqs: number[] = [];

  for (let more = true; more; ) {
    const page = await ann.ok("sync.pull", { stream, after: seqs.at(-1) ?? 0 });
    seqs.push(...page.events.map(({ seq }) => seq));
    expect(page.more).toBe((seqs.at(-1) ?? 0) < page.head);
    more = page.more;
  }

  const { head, events, more } = await ann.ok("sync.pull", { stream, after: seqs.length });
  expect(seqs).toEqual(range(1, head));
  expect({ events, more }).toEqual({ events: [], more: false });
  expect((await ann.ok("sync.pull", { stream, after: 0, limit: 7 })).events).toHaveLength(7);
});

test("whoever unsubscribed hears nothing more", async () => {
  const { ann, bob, project, stream, issue } = await createWorld(app, {
    members: { ann: "developer", bob: "viewer" },
    stages: { todo: ["write"] },
  });
  const before = seqsOf(bob, stream).length;

  await bob.ok("project.unsubscribe", { project });
  await rename(ann, { project, issue: issue.write }, 5);

  await ann.caughtUp(stream, (await ann.ok("sync.pull", { stream, after: 0 })).head);
  await bob.ok("session.whoami", {});
  expect(seqsOf(bob, stream)).toHaveLength(before);
});

test("the beacon shows a client that the last event never came", async () => {
  const { ann, project, stream, issue } = await createWorld(app, { stages: { todo: ["write"] } });
  const { head, epoch } = await ann.ok("sync.pull", { stream, after: 0 });
  await rename(ann, { project, issue: issue.write }, 1);

  // As if the event had been lost on the way: only the beacon is looked at.
  await vi.waitFor(
    () => expect(ann.pushes).toContainEqual({ name: "head", data: { stream, epoch, seq: head + 1 } }),
    10_000,
  );

  const { events } = await ann.ok("sync.pull", { stream, after: head });
  expect(events.map(({ seq }) => seq)).toEqual([head + 1]);
});

test("hello comes first and once", async () => {
  const { ann } = await createWorld(app);

  const hellos = ann.pushes.filter(({ name }) => name === "hello");

  expect(hellos).toHaveLength(1);
  expect(ann.pushes[0]).toBe(hellos[0]);
  expect(pushes.hello.data.parse(hellos[0]?.data)).toMatchObject({ instance: app.instance });
});

test("a restored database shows as another epoch, and old positions ask for a snapshot", async () => {
  const restored = await startAppForTest({ pollMs: 20 });
  const { ann, project, stream, issue } = await createWorld(restored, { stages: { todo: ["write"] } });
  const at = { project, issue: issue.write };
  await rename(ann, at, 3);
  const { head, epoch } = await ann.ok("sync.pull", { stream, after: 0 });
  await restored.parts.database.pool.query("delete from events where stream = $1 and seq > $2", [stream, head - 2]);
  await restored.parts.database.pool.query("update streams set epoch = 'restored', seq = $2 where id = $1", [
    stream,
    head - 2,
  ]);

  await vi.waitFor(() =>
    expect(ann.pushes).toContainEqual({ name: "head", data: { stream, epoch: "restored", seq: head - 2 } }),
  );
  const again = await ann.ok("project.subscribe", { project, since: { epoch, seq: head } });
  await rename(ann, at, 2);

  expect(again).toEqual({ stream, epoch: "restored", head: head - 2, events: [], reset: true });
  await vi.waitFor(() => expect(ann.heard.filter((event) => event.epoch === "restored")).toHaveLength(2), 10_000);
  const fresh = ann.heard.filter((event) => event.epoch === "restored");
  expect(fresh.map(({ seq }) => seq)).toEqual([head - 1, head]);
});

test("the same socket may subscribe again, twice at once, and hears each event once", async () => {
  const { ann, bob, project, stream, issue } = await createWorld(app, {
    ...quiet,
    members: { ann: "developer", bob: "viewer" },
  });
  const at = { project, issue: issue.write };

  const answers = await Promise.all([1, 2, 3].map(() => bob.call("project.subscribe", { project })));
  await rename(ann, at, 2);
  await bob.ok("project.subscribe", { project });
  await rename(ann, at, 2);

  expect(answers.map(({ ok }) => ok)).toEqual([true, true, true]);
  const { head } = await ann.ok("sync.pull", { stream, after: 0 });
  await bob.caughtUp(stream, head);
  expect(seqsOf(bob, stream)).toEqual(range(head - 3, head));
});

test("each tab of a user hears on its own", async () => {
  const { ann, project, stream, issue } = await createWorld(app, { stages: { todo: ["write"] } });
  const tab = await connect(app.url, ann);
  await tab.ok("project.subscribe", { project });
  await rename(ann, { project, issue: issue.write }, 1);
  const { head } = await ann.ok("sync.pull", { stream, after: 0 });
  await tab.caughtUp(stream, head);

  tab.close();
  await rename(ann, { project, issue: issue.write }, 1);

  await ann.caughtUp(stream, head + 1);
  expect(seqsOf(ann, stream).slice(-2)).toEqual([head, head + 1]);
  expect(seqsOf(tab, stream)).toEqual([head]);
});

test("organization and user streams are numbered on their own", async () => {
  const { ann, bob, org, orgId, project } = await createWorld(app, { members: { ann: "owner", bob: "outsider" } });
  await ann.ok("org.subscribe", { org });
  const own = await bob.ok("user.subscribe", {});

  await ann.ok("member.add", { org, userId: bob.userId, role: "member" });

  expect(await bob.next("access.granted")).toMatchObject({ stream: `user:${bob.userId}`, seq: own.head + 1 });
  expect(await ann.next("member.added")).toMatchObject({ stream: `org:${orgId}` });
  await bob.ok("user.unsubscribe", {});
  await ann.ok("project.addMember", { project, userId: bob.userId, role: "viewer" });
  await bob.ok("session.whoami", {});
  expect(seqsOf(bob, `user:${bob.userId}`)).toEqual([own.head + 1]);
});
