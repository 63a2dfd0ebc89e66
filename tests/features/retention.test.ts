import { afterAll, beforeAll, expect, test } from "vitest";
import { pruneEvents } from "../../src/features/plan/retention.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const stages = { todo: ["one", "two", "three"] };
const age = (stream: string, seqs: number[], days: number) =>
  app.parts.database.pool.query(
    "update events set at = now() - make_interval(days => $3) where stream = $1 and seq = any($2::bigint[])",
    [stream, seqs, days],
  );

test("nothing goes while neither plan nor setting says so", async () => {
  const { ann, stream } = await createWorld(app, { stages });
  const { events } = await ann.ok("sync.pull", { stream, after: 0 });
  await age(stream, [1, 2], 5000);

  await pruneEvents(app.parts.db, undefined);

  expect((await ann.ok("sync.pull", { stream, after: 0 })).events).toHaveLength(events.length);
});

test("what is older than the plan keeps goes from the front, and who is behind is told", async () => {
  const { ann, org, project, stream } = await createWorld(app, { stages });
  await ann.ok("plan.set", { org, plan: "starter" });
  const { head, epoch } = await ann.ok("sync.pull", { stream, after: 0 });
  // The fifth is older than one before it: no gap may come of that.
  await age(stream, [1, 2, 3, 5], 91);

  await pruneEvents(app.parts.db, undefined);

  expect((await ann.ok("sync.pull", { stream, after: 3 })).events[0]?.seq).toBe(4);
  expect(await ann.refused("sync.pull", { stream, after: 2 })).toMatchObject({ code: "gone", details: { head } });
  expect(await ann.ok("project.subscribe", { project, since: { epoch, seq: 1 } })).toMatchObject({ reset: true });
  expect((await ann.ok("activity.list", { project })).items.at(-1)?.seq).toBe(4);
});

test("the setting goes for all streams, and the shorter time wins", async () => {
  const { ann, org, stream } = await createWorld(app, { stages });
  const own = `user:${ann.userId}`;
  await ann.ok("plan.set", { org, plan: "starter" });
  await age(stream, [1], 31);
  const before = (await ann.ok("sync.pull", { stream: own, after: 0 })).head;
  await age(own, [1], 31);

  await pruneEvents(app.parts.db, 30);

  expect(await ann.refused("sync.pull", { stream, after: 0 })).toMatchObject({ code: "gone" });
  if (before > 0) expect(await ann.refused("sync.pull", { stream: own, after: 0 })).toMatchObject({ code: "gone" });
  expect((await ann.ok("sync.pull", { stream, after: 1 })).events[0]?.seq).toBe(2);
});
