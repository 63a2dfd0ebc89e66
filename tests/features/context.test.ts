import { afterAll, beforeAll, expect, test } from "vitest";
import { cutList, cutText } from "../../src/features/context/bound.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

/** Issues 1 to `count`, each under the one that `parents` names. */
async function family(count: number, parents: Record<number, number>) {
  const world = await createWorld(app, {
    members: { ann: "developer", bob: "viewer", cid: "admin", dan: "outsider" },
    stages: { todo: Array.from({ length: count }, (_, i) => `issue ${i + 1}`), done: [] },
  });
  // Straight in the table: which kinds may stand under which is no matter here.
  await app.parts.database.pool.query(
    `update issues set parent = (value)::int from jsonb_each_text($1) where number = key::int and project_id = $2`,
    [JSON.stringify(parents), world.projectId],
  );
  return world;
}

const numbers = (issues: { number: number }[]) => issues.map(({ number }) => number);
const sizeOf = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
const KIB = 1024;

test("the bundle has all that is around an issue", async () => {
  const { ann, bob, project, stage } = await family(7, { 2: 1, 3: 2, 4: 3, 5: 3, 6: 3 });
  await ann.ok("issue.move", { project, issue: 4, stageId: stage["done"] });
  await ann.ok("relation.add", { project, issue: 7, target: 3, type: "blocks" });
  const first = await ann.ok("comment.add", { project, issue: 3, body: "first" });
  const second = await ann.ok("comment.add", { project, issue: 3, body: "second" });
  await bob.ok("issue.watch", { project, issue: 3 });

  const bundle = await bob.ok("issue.context", { project, issue: 3 });

  expect(bundle.issue).toEqual(await bob.ok("issue.get", { project, issue: 3 }));
  expect(numbers(bundle.parents)).toEqual([2, 1]);
  expect(numbers(bundle.children)).toEqual([5, 6, 4]);
  expect(bundle.progress).toEqual({ total: 3, done: 1 });
  expect(bundle.relations).toMatchObject([{ type: "is_blocked_by", target: { number: 7 } }]);
  expect(bundle.comments).toEqual([first, second]);
  expect(bundle.activity).toEqual((await bob.ok("activity.list", { project, issue: 3 })).items);
  expect(bundle.watchers.map(({ displayName }) => displayName)).toEqual(["ann", "bob", "maker"]);
  expect(bundle.truncated).toBe(false);
});

test("an issue with nothing around it has an empty bundle", async () => {
  const { bob, project } = await family(1, {});

  expect(await bob.ok("issue.context", { project, issue: 1 })).toMatchObject({
    parents: [],
    children: [],
    progress: { total: 0, done: 0 },
    relations: [],
    comments: [],
    activity: [{ type: "issue.created" }],
    watchers: [{ displayName: "maker" }],
    truncated: false,
  });
});

test("progress counts all children, of which fifty are shown; deleted ones do not count", async () => {
  const children = Array.from({ length: 60 }, (_, i) => i + 2);
  const { cid, bob, project } = await family(61, Object.fromEntries(children.map((number) => [number, 1])));
  await cid.ok("issue.delete", { project, issue: 2 });
  for (const issue of [3, 4]) await cid.ok("issue.update", { project, issue, patch: { status: "closed" } });

  const { children: shown, progress, truncated } = await bob.ok("issue.context", { project, issue: 1 });

  expect(progress).toEqual({ total: 59, done: 2 });
  expect(numbers(shown)).toEqual(children.slice(3, 53));
  expect(truncated).toBe(true);
});

test("of many comments the latest are there, oldest first", async () => {
  const { ann, bob, project } = await family(1, {});
  for (let i = 1; i <= 52; i += 1) await ann.ok("comment.add", { project, issue: 1, body: `comment ${i}` });

  const { comments, activity, truncated } = await bob.ok("issue.context", { project, issue: 1 });

  expect([comments.length, activity.length, truncated]).toEqual([50, 50, true]);
  expect([comments[0]?.body, comments[49]?.body]).toEqual(["comment 3", "comment 52"]);
});

test("a bundle of long texts stays small", async () => {
  const { ann, bob, project } = await family(1, {});
  const wide = "ä\u0001😀".repeat(5000);
  for (const description of [wide, `${wide}!`, wide]) {
    await ann.ok("issue.update", { project, issue: 1, patch: { description } });
  }
  for (let i = 0; i < 30; i += 1) {
    await ann.ok("comment.add", { project, issue: 1, body: `${i} ${"ä\u0002".repeat(6000)}` });
  }

  const bundle = await bob.ok("issue.context", { project, issue: 1 });

  expect(bundle.truncated).toBe(true);
  expect(sizeOf(bundle)).toBeLessThan(256 * KIB);
  expect(bundle.comments.at(-1)?.body).toMatch(/^29 .*…$/su);
  expect(bundle.activity.length).toBeGreaterThan(20);
  expect(JSON.stringify(bundle).isWellFormed()).toBe(true);
});

test("the bundle is of one moment", async () => {
  const { ann, bob, project } = await family(2, {});
  const write = async () => {
    for (let i = 0; i < 20; i += 1) await ann.ok("time.log", { project, issue: 1, seconds: 1 });
  };
  const read = async () => {
    for (let i = 0; i < 20; i += 1) {
      const { issue, activity } = await bob.ok("issue.context", { project, issue: 1 });
      expect(activity.filter(({ type }) => type === "time.logged")).toHaveLength(issue.timeSpentSeconds);
    }
  };

  await Promise.all([write(), read(), read()]);
});

test("a deleted issue is shown, a purged one is gone, and outsiders see none", async () => {
  const { bob, cid, dan, project } = await family(2, {});
  await cid.ok("issue.delete", { project, issue: 1 });
  await cid.ok("issue.purge", { project, issue: 2 });

  expect((await bob.ok("issue.context", { project, issue: 1 })).issue.deletedAt).not.toBeNull();
  expect((await bob.refused("issue.context", { project, issue: 2 })).code).toBe("gone");
  expect((await bob.refused("issue.context", { project, issue: 3 })).code).toBe("not_found");
  expect((await dan.refused("issue.context", { project, issue: 1 })).code).toBe("not_found");
});

test("parents that stand in a circle end somewhere", async () => {
  const { bob, project } = await family(2, { 1: 2, 2: 1 });

  expect((await bob.ok("issue.context", { project, issue: 1 })).parents.length).toBeLessThanOrEqual(10);
});

test("a text is cut to its bytes as JSON, and never within a character", () => {
  expect(cutText("short", 7)).toBe("short");
  for (const text of ["x".repeat(500), "ä".repeat(500), "😀".repeat(500), "\u0001".repeat(500), '"'.repeat(500)]) {
    for (let bytes = 20; bytes < 60; bytes += 1) {
      const cut = cutText(text, bytes);
      expect(sizeOf(cut)).toBeLessThanOrEqual(bytes);
      expect(cut.isWellFormed() && cut.endsWith("…")).toBe(true);
      expect(sizeOf(cut)).toBeGreaterThan(bytes - 20);
    }
  }
});

test("a list is cut to whole items", () => {
  expect(cutList(["aaaa", "bbbb", "cccc"], 21)).toEqual(["aaaa", "bbbb", "cccc"]);
  expect(cutList(["aaaa", "bbbb", "cccc"], 20)).toEqual(["aaaa", "bbbb"]);
  expect(cutList(["aaaa"], 3)).toEqual([]);
});
