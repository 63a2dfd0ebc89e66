import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Relation } from "../../protocol/index.ts";
import { connect } from "../support/client.ts";
import { type Running, startApp, startAppForTest } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
const statements: string[] = [];
beforeAll(async () => {
  app = await startApp({ onStatement: (text) => statements.push(text) });
});
afterAll(() => app.close());

const people = { members: { ann: "developer", bob: "viewer", cid: "admin", dan: "outsider" } } as const;

/** Issues 1 to `count`. */
const worldOf = (count: number) =>
  createWorld(app, { ...people, stages: { todo: Array.from({ length: count }, (_, i) => `issue ${i + 1}`) } });

const seen = (items: Relation[]) => items.map(({ type, target }) => [type, target.number]);

test.each([
  ["blocks", "is_blocked_by"],
  ["is_blocked_by", "blocks"],
  ["duplicates", "is_duplicated_by"],
  ["is_duplicated_by", "duplicates"],
  ["relates_to", "relates_to"],
  ["clones", "is_cloned_by"],
  ["is_cloned_by", "clones"],
] as const)("%s shows as %s on the other side", async (type, inverse) => {
  const { ann, bob, project } = await worldOf(2);

  const added = await ann.ok("relation.add", { project, issue: 2, target: 1, type });

  expect(added).toMatchObject({ type, target: { number: 1, key: "WEB-1", title: "issue 1", status: "open" } });
  expect((await bob.ok("relation.list", { project, issue: 2 })).items).toEqual([added]);
  expect(seen((await bob.ok("relation.list", { project, issue: 1 })).items)).toEqual([[inverse, 2]]);
});

test("a relation is announced in the one direction that is stored", async () => {
  const { ann, bob, project } = await worldOf(2);

  const { id } = await ann.ok("relation.add", { project, issue: 2, target: 1, type: "relates_to" });
  await ann.ok("relation.add", { project, issue: 1, target: 2, type: "is_blocked_by" });
  await ann.ok("relation.remove", { project, relationId: id });

  const related = { relation: { id, type: "relates_to", source: 1, target: 2 } };
  expect((await bob.next("relation.added")).data).toEqual(related);
  const blocks = await bob.next("relation.added", ({ data }) => JSON.stringify(data).includes("blocks"));
  expect(blocks.data["relation"]).toMatchObject({ type: "blocks", source: 2, target: 1 });
  expect((await bob.next("relation.removed")).data).toEqual(related);
  expect(seen((await bob.ok("relation.list", { project, issue: 1 })).items)).toEqual([["is_blocked_by", 2]]);
});

test("the same relation twice is a conflict, also said from the other side or the other way round", async () => {
  const { ann, project } = await worldOf(2);
  const first = await ann.ok("relation.add", { project, issue: 1, target: 2, type: "duplicates" });

  for (const again of [
    { issue: 1, target: 2, type: "duplicates" },
    { issue: 2, target: 1, type: "is_duplicated_by" },
    { issue: 2, target: 1, type: "duplicates" },
  ] as const) {
    const error = await ann.refused("relation.add", { project, ...again });
    expect(error, JSON.stringify(again)).toMatchObject({ code: "conflict", details: { current: { id: first.id } } });
  }
  await ann.ok("relation.add", { project, issue: 1, target: 2, type: "clones" });
});

test("a conflict shows the relation from the side that was asked", async () => {
  const { ann, project } = await worldOf(2);
  await ann.ok("relation.add", { project, issue: 1, target: 2, type: "blocks" });

  const error = await ann.refused("relation.add", { project, issue: 2, target: 1, type: "is_blocked_by" });

  expect(error.details).toMatchObject({ current: { type: "is_blocked_by", target: { number: 1 } } });
});

test("an issue is not related to itself, nor to one that is not there", async () => {
  const { ann, project } = await worldOf(1);

  const self = await ann.refused("relation.add", { project, issue: 1, target: 1, type: "relates_to" });
  const nowhere = await ann.refused("relation.add", { project, issue: 1, target: 99, type: "relates_to" });

  expect([self.code, nowhere.code]).toEqual(["invalid", "not_found"]);
});

test.each([2, 3, 7])("a circle of %i blocking issues is refused", async (length) => {
  const { ann, project } = await worldOf(length);
  for (let issue = 1; issue < length; issue += 1) {
    await ann.ok("relation.add", { project, issue, target: issue + 1, type: "blocks" });
  }

  const closing = await ann.refused("relation.add", { project, issue: length, target: 1, type: "blocks" });
  const inverse = await ann.refused("relation.add", { project, issue: 1, target: length, type: "is_blocked_by" });

  expect([closing.code, inverse.code]).toEqual(["conflict", "conflict"]);
  await ann.ok("relation.add", { project, issue: 1, target: length, type: "relates_to" });
  if (length > 2) await ann.ok("relation.add", { project, issue: 1, target: length, type: "blocks" });
});

test("a circle through a deleted issue is refused too, since it may come back", async () => {
  const { ann, cid, project } = await worldOf(3);
  await ann.ok("relation.add", { project, issue: 1, target: 2, type: "blocks" });
  await ann.ok("relation.add", { project, issue: 2, target: 3, type: "blocks" });
  await cid.ok("issue.delete", { project, issue: 2 });

  expect(await ann.refused("relation.add", { project, issue: 3, target: 1, type: "blocks" })).toMatchObject({
    code: "conflict",
  });
});

test("two that block each other at the same moment: one is refused", { timeout: 60_000 }, async () => {
  const { ann, cid: here, project } = await worldOf(100);
  const second = await startAppForTest({ databaseUrl: app.databaseUrl });
  const cid = await connect(second.url, here);
  onTestFinished(() => cid.close());

  for (let issue = 1; issue < 100; issue += 2) {
    const target = issue + 1;
    const acks = await Promise.all([
      ann.call("relation.add", { project, issue, target, type: "blocks" }),
      cid.call("relation.add", { project, issue: target, target: issue, type: "blocks" }),
    ]);
    expect(acks.map(({ ok }) => ok).sort()).toEqual([false, true]);
    expect(acks.find(({ ok }) => !ok)).toMatchObject({ error: { code: "conflict" } });
  }
});

test("a ring of issues that block each other at the same moment stays open", async () => {
  const { ann, cid, project } = await worldOf(8);

  const acks = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      (i % 2 ? ann : cid).call("relation.add", { project, issue: i + 1, target: ((i + 1) % 8) + 1, type: "blocks" }),
    ),
  );

  expect(acks.filter(({ ok }) => ok)).toHaveLength(7);
});

test("relations of a deleted issue stay, but it takes no new ones", async () => {
  const { ann, cid, project } = await worldOf(3);
  await ann.ok("relation.add", { project, issue: 1, target: 2, type: "blocks" });
  await cid.ok("issue.delete", { project, issue: 2 });

  const from = await ann.refused("relation.add", { project, issue: 2, target: 3, type: "clones" });
  const to = await ann.refused("relation.add", { project, issue: 3, target: 2, type: "clones" });

  expect([from.code, to.code]).toEqual(["gone", "gone"]);
  const [kept] = (await ann.ok("relation.list", { project, issue: 1 })).items;
  expect(kept).toMatchObject({ type: "blocks", target: { number: 2, deletedAt: expect.any(String) } });
});

test("a purged issue takes its relations along", async () => {
  const { ann, cid, project } = await worldOf(2);
  await ann.ok("relation.add", { project, issue: 1, target: 2, type: "blocks" });
  await cid.ok("issue.purge", { project, issue: 2 });

  expect((await ann.ok("relation.list", { project, issue: 1 })).items).toEqual([]);
  expect((await ann.refused("relation.list", { project, issue: 2 })).code).toBe("gone");
  expect((await ann.refused("relation.add", { project, issue: 1, target: 2, type: "blocks" })).code).toBe("gone");
});

test("relations of another project cannot be seen or removed", async () => {
  const { ann, project } = await worldOf(2);
  const other = await worldOf(2);
  const { id } = await ann.ok("relation.add", { project, issue: 1, target: 2, type: "blocks" });

  const elsewhere = await other.ann.refused("relation.remove", { project: other.project, relationId: id });
  const outside = await other.dan.refused("relation.list", { project, issue: 1 });

  expect([elsewhere.code, outside.code]).toEqual(["not_found", "not_found"]);
  expect((await ann.ok("relation.list", { project, issue: 1 })).items).toHaveLength(1);
});

test("a removed relation is gone, and can be made again", async () => {
  const { ann, project } = await worldOf(2);
  const { id } = await ann.ok("relation.add", { project, issue: 1, target: 2, type: "blocks" });
  await ann.ok("relation.remove", { project, relationId: id });

  expect((await ann.refused("relation.remove", { project, relationId: id })).code).toBe("not_found");
  await ann.ok("relation.add", { project, issue: 2, target: 1, type: "blocks" });
});

test("the history of the source tells of both", async () => {
  const { ann, project } = await worldOf(2);
  const { id } = await ann.ok("relation.add", { project, issue: 2, target: 1, type: "is_blocked_by" });
  await ann.ok("relation.remove", { project, relationId: id });

  const { items } = await ann.ok("activity.list", { project, issue: 1, limit: 2 });

  expect(items.map(({ type, changes }) => [type, ...changes])).toEqual([
    ["relation.removed", { field: "blocks", from: 2, to: null, fromName: "WEB-2" }],
    ["relation.added", { field: "blocks", from: null, to: 2, toName: "WEB-2" }],
  ]);
});

test("a relation costs two statements of its own, in a chain of any length", async () => {
  const { ann, project } = await worldOf(12);
  for (let issue = 1; issue < 11; issue += 1) {
    await ann.ok("relation.add", { project, issue, target: issue + 1, type: "blocks" });
  }

  statements.length = 0;
  await ann.ok("relation.add", { project, issue: 12, target: 1, type: "blocks" });

  expect(statements.filter((text) => text.includes("relations"))).toHaveLength(2);
});

test("a sent-again relation is answered, not refused", async () => {
  const { ann, project } = await worldOf(2);
  const input = { project, issue: 1, target: 2, type: "blocks", commandId: crypto.randomUUID() } as const;

  const first = await ann.call("relation.add", input);
  const again = await ann.call("relation.add", input);

  expect(again).toMatchObject({ ok: true, replayed: true, data: first.ok && first.data });
});
