import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

const statements: string[] = [];
let app: Running;
beforeAll(async () => {
  app = await startApp({ pollMs: 1e9, sweepMs: null, onStatement: (text) => statements.push(text) });
});
afterAll(() => app.close());

const open = () =>
  createWorld(app, {
    members: { ann: "developer", bob: "reporter", eve: "viewer", pam: "admin", out: "outsider" },
    stages: { todo: ["cart", "pay"] },
  });

test("a comment counts on the issue, keeps its version, and everyone in the room hears it", async () => {
  const { ann, bob, project, issue, stream } = await open();
  const before = await bob.ok("issue.get", { project, issue: issue["cart"] });

  const ack = await bob.call("comment.add", { project, issue: issue["cart"], body: " It is **empty**. " });

  expect(ack).toMatchObject({
    ok: true,
    stream,
    data: {
      issue: issue["cart"],
      author: { id: bob.userId, displayName: "bob" },
      body: "It is **empty**.",
      editedAt: null,
    },
  });
  const heard = await ann.next("comment.created");
  expect(heard).toMatchObject({ seq: ack.ok && ack.seq, data: { comment: ack.ok && ack.data } });
  const after = await bob.ok("issue.get", { project, issue: issue["cart"] });
  expect(after).toEqual({ ...before, commentCount: 1, updatedAt: heard.at });
  expect(after.updatedAt > before.updatedAt).toBe(true);
});

test("its history tells what was said, changed and taken back", async () => {
  const { bob, project, issue } = await open();
  const comment = await bob.ok("comment.add", { project, issue: issue["pay"], body: "one" });
  await bob.ok("comment.edit", { project, commentId: comment.id, body: "two" });
  await bob.ok("comment.delete", { project, commentId: comment.id });

  const { items } = await bob.ok("activity.list", { project, issue: issue["pay"] });

  expect(items.map(({ type, changes }) => [type, changes]).slice(0, 3)).toEqual([
    ["comment.deleted", [{ field: "comment", from: "two", to: null }]],
    ["comment.edited", [{ field: "comment", from: "one", to: "two" }]],
    ["comment.created", [{ field: "comment", from: null, to: "one" }]],
  ]);
});

test("only its author edits a comment, and an edit without a difference is none", async () => {
  const { ann, bob, pam, project, issue } = await open();
  const comment = await bob.ok("comment.add", { project, issue: issue["cart"], body: "one" });

  for (const other of [ann, pam]) {
    const error = await other.refused("comment.edit", { project, commentId: comment.id, body: "mine" });
    expect(error.code).toBe("forbidden");
  }
  const same = await bob.call("comment.edit", { project, commentId: comment.id, body: "one " });
  const edited = await bob.ok("comment.edit", { project, commentId: comment.id, body: "two" });

  expect(same).toMatchObject({ ok: true, data: comment });
  expect(same).not.toHaveProperty("seq");
  expect(edited).toEqual({ ...comment, body: "two", editedAt: expect.any(String) });
  const heard = await ann.next("comment.edited");
  expect(heard.data).toEqual({ comment: edited });
  const after = await ann.ok("issue.get", { project, issue: issue["cart"] });
  expect(after).toMatchObject({ commentCount: 1, updatedAt: heard.at, version: 1 });
});

test("its author or a project admin deletes a comment, and the count goes down", async () => {
  const { ann, bob, pam, project, issue } = await open();
  const say = (body: string) => bob.ok("comment.add", { project, issue: issue["cart"], body });
  const [first, second, third] = [await say("one"), await say("two"), await say("three")];

  const error = await ann.refused("comment.delete", { project, commentId: first.id });
  await bob.ok("comment.delete", { project, commentId: first.id });
  await pam.ok("comment.delete", { project, commentId: second.id });

  expect(error.code).toBe("forbidden");
  const heard = await ann.next("comment.deleted", ({ data }) => data["commentId"] === second.id);
  expect(heard.data).toEqual({ commentId: second.id, number: issue["cart"] });
  const { items } = await ann.ok("comment.list", { project, issue: issue["cart"] });
  expect(items).toEqual([third]);
  const after = await ann.ok("issue.get", { project, issue: issue["cart"] });
  expect(after).toMatchObject({ commentCount: 1, updatedAt: heard.at, version: 1 });
  expect((await pam.refused("comment.delete", { project, commentId: second.id })).code).toBe("not_found");
});

test("comments sent at once keep the order of their events, and pages miss none", async () => {
  const { ann, bob, project, issue } = await open();
  const bodies = Array.from({ length: 60 }, (_, i) => `comment ${i}`);

  const acks = await Promise.all(
    bodies.map((body, i) => (i % 2 ? ann : bob).call("comment.add", { project, issue: issue["cart"], body })),
  );

  const inOrder = acks.flatMap((ack) => (ack.ok ? [ack] : [])).sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
  const listed: string[] = [];
  for (let cursor: string | null = null; ; ) {
    const page: { items: { id: string }[]; nextCursor: string | null } = await bob.ok("comment.list", {
      project,
      issue: issue["cart"],
      cursor,
      limit: 7,
    });
    listed.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
    if (cursor === null) break;
  }
  expect(listed).toEqual(inOrder.map(({ data }) => data.id));
  expect(listed).toHaveLength(60);
  expect((await bob.ok("issue.get", { project, issue: issue["cart"] })).commentCount).toBe(60);
});

test("viewers read but do not speak, and outsiders find nothing", async () => {
  const { bob, eve, out, project, issue } = await open();
  const comment = await bob.ok("comment.add", { project, issue: issue["cart"], body: "one" });
  const add = { project, issue: issue["cart"], body: "hello" };

  expect((await eve.ok("comment.list", { project, issue: issue["cart"] })).items).toEqual([comment]);
  expect((await eve.refused("comment.add", add)).code).toBe("forbidden");
  expect((await out.refused("comment.add", add)).code).toBe("not_found");
  expect((await out.refused("comment.list", { project, issue: issue["cart"] })).code).toBe("not_found");
  const elsewhere = await open();
  const key = { project: elsewhere.project, commentId: comment.id };
  expect((await elsewhere.pam.refused("comment.delete", key)).code).toBe("not_found");
  expect((await elsewhere.bob.refused("comment.edit", { ...key, body: "x" })).code).toBe("not_found");
});

test("a deleted issue takes no comments, and one that never was has none", async () => {
  const { bob, pam, project, issue } = await open();
  const comment = await bob.ok("comment.add", { project, issue: issue["cart"], body: "one" });
  await pam.ok("issue.delete", { project, issue: issue["cart"] });
  await pam.ok("issue.delete", { project, issue: issue["pay"] });
  await pam.ok("issue.purge", { project, issue: issue["pay"] });

  const codes = await Promise.all([
    bob.refused("comment.add", { project, issue: issue["cart"], body: "x" }),
    bob.refused("comment.edit", { project, commentId: comment.id, body: "x" }),
    bob.refused("comment.delete", { project, commentId: comment.id }),
    bob.refused("comment.list", { project, issue: issue["pay"] }),
    bob.refused("comment.add", { project, issue: 999, body: "x" }),
    bob.refused("comment.list", { project, issue: 999 }),
  ]);

  expect(codes.map(({ code }) => code)).toEqual(["gone", "gone", "gone", "gone", "not_found", "not_found"]);
  expect((await bob.ok("comment.list", { project, issue: issue["cart"] })).items).toEqual([comment]);
});

test("a comment sent twice with its command id is said once", async () => {
  const { bob, project, issue } = await open();
  const input = { project, issue: issue["cart"], body: "once", commandId: randomUUID() };

  const [first, again] = [await bob.call("comment.add", input), await bob.call("comment.add", input)];

  expect(again).toMatchObject({ ...first, replayed: true, requestId: expect.any(String) });
  expect((await bob.ok("issue.get", { project, issue: issue["cart"] })).commentCount).toBe(1);
});

test("comments cost six statements, however many there are", async () => {
  const { bob, project, issue } = await open();
  const cost = async (run: () => Promise<unknown>): Promise<number> => {
    await bob.ok("project.get", { project });
    statements.length = 0;
    await run();
    return statements.length;
  };
  const say = () => bob.ok("comment.add", { project, issue: issue["cart"], body: "x", commandId: randomUUID() });
  const few = await cost(say);
  for (let i = 0; i < 40; i += 1) await say();
  const { id: commentId } = await say();

  expect([few, await cost(say)]).toEqual([6, 6]);
  expect(await cost(() => bob.ok("comment.edit", { project, commentId, body: "y" }))).toBe(6);
  expect(await cost(() => bob.ok("comment.delete", { project, commentId }))).toBe(6);
});
