import { afterAll, beforeAll, expect, test } from "vitest";
import type { Notification } from "../../protocol/index.ts";
import { asScript } from "../support/as-script.ts";
import { type Client, connect } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld, type World } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp({ sweepMs: 200 });
});
afterAll(() => app.close());

type Name = "ann" | "bob" | "eve" | "pam";

/** Ann reported `cart`; everyone hears their own stream. */
async function open() {
  const world = await createWorld<Name>(app, {
    members: { ann: "developer", bob: "developer", eve: "viewer", pam: "org-admin" },
    stages: { todo: [], doing: [], done: [] },
  });
  const { ann, bob, eve, pam, project } = world;
  for (const client of [ann, bob, eve, pam]) await client.ok("user.subscribe", {});
  const { number: cart } = await ann.ok("issue.create", { project, title: "cart" });
  return { ...world, cart };
}

/**
 * What someone was told by now, oldest first: streams are handled in order, so a last mention, which is left out
 * again, comes after all that was done before.
 */
async function toldTo({ pam, project }: Pick<World<Name>, "pam" | "project">, who: Client & { email: string }) {
  const { number, key } = await pam.ok("issue.create", { project, title: "last", description: `@${who.email}` });
  await who.next("notification.created", ({ data }) => (data["notification"] as Notification).key === key);
  const { items } = await who.ok("notification.list", { limit: 100 });
  await pam.ok("issue.delete", { project, issue: number });
  last.add(`${project} ${key}`);
  return items.filter((item) => item.project === project && !last.has(`${project} ${item.key}`)).reverse();
}
const last = new Set<string>();
const lines = (told: Notification[]) => told.map(({ reason, summary }) => `${reason}: ${summary}`);

test("a mention in a comment is told to the person in the own stream, at once", async () => {
  const { bob, eve, ann, project, cart } = await open();

  await ann.ok("comment.add", { project, issue: cart, body: "@BOB and `@eve`: see x@eve" });

  const event = await bob.next("notification.created");
  expect(event).toMatchObject({
    stream: `user:${bob.userId}`,
    actor: { id: null, kind: "system" },
    data: {
      notification: {
        reason: "mentioned",
        project,
        issue: cart,
        key: `WEB-${cart}`,
        summary: `ann mentioned you in a comment on WEB-${cart}`,
        readAt: null,
      },
    },
  });
  const list = await bob.ok("notification.list", {});
  expect(list).toEqual({ items: [event.data["notification"]], nextCursor: null, unreadCount: 1 });
  expect((await eve.ok("notification.list", {})).items).toEqual([]);
  expect((await ann.ok("notification.list", {})).items).toEqual([]);
});

test("a change of words tells only those who are mentioned anew", async () => {
  const world = await open();
  const { ann, bob, eve, project } = world;
  const { number, key } = await ann.ok("issue.create", { project, title: "pay", description: "@bob" });
  await ann.ok("issue.update", { project, issue: number, patch: { description: `@bob @${eve.email}` } });
  const comment = await ann.ok("comment.add", { project, issue: number, body: "hm" });
  await ann.ok("comment.edit", { project, commentId: comment.id, body: "hm @bob" });
  await ann.ok("comment.edit", { project, commentId: comment.id, body: "hm @bob @eve" });

  expect(lines(await toldTo(world, bob))).toEqual([
    `mentioned: ann mentioned you in ${key}`,
    `mentioned: ann mentioned you in a comment on ${key}`,
  ]);
  expect(lines(await toldTo(world, eve))).toEqual([
    `mentioned: ann mentioned you in ${key}`,
    `mentioned: ann mentioned you in a comment on ${key}`,
  ]);
});

test("whoever is assigned is told, and watches from then on", async () => {
  const world = await open();
  const { ann, bob, project, stage } = world;
  const { number, key } = await ann.ok("issue.create", { project, title: "pay", assigneeIds: [bob.userId] });
  await ann.ok("issue.move", { project, issue: number, stageId: stage["done"] });

  expect(lines(await toldTo(world, bob))).toEqual([
    `assigned: ann assigned you to ${key}`,
    `watched: ann moved ${key} to done`,
  ]);
});

test("new assignees are told, and those who were assigned before hear of a change", async () => {
  const world = await open();
  const { ann, bob, pam, eve, project, cart } = world;
  await pam.ok("issue.setAssignees", { project, issue: cart, userIds: [bob.userId] });
  await pam.ok("issue.setAssignees", { project, issue: cart, userIds: [bob.userId, eve.userId] });
  await pam.ok("issue.setAssignees", { project, issue: cart, userIds: [eve.userId] });

  const assigned = `assigned: pam assigned you to WEB-${cart}`;
  const changed = `watched: pam changed the assignees of WEB-${cart}`;
  expect(lines(await toldTo(world, bob))).toEqual([assigned, changed, changed]);
  expect(lines(await toldTo(world, eve))).toEqual([assigned, changed]);
  expect(lines(await toldTo(world, ann))).toEqual([changed, changed, changed]);
});

test("the reporter and commenters hear of every change by others, in sentences", async () => {
  const world = await open();
  const { ann, bob, pam, project, cart, stage } = world;
  await bob.ok("comment.add", { project, issue: cart, body: "hm" });
  await pam.ok("issue.move", { project, issue: cart, stageId: stage["doing"] });
  await pam.ok("issue.update", { project, issue: cart, patch: { title: "The cart", priority: "major" } });
  await pam.ok("issue.update", { project, issue: cart, patch: { status: "in_progress" } });
  await pam.ok("issue.update", { project, issue: cart, patch: { status: "resolved" } });
  await pam.ok("issue.delete", { project, issue: cart });
  await pam.ok("issue.restore", { project, issue: cart });

  const key = `WEB-${cart}`;
  const byPam = [
    `watched: pam moved ${key} to doing`,
    `watched: pam changed title and priority of ${key}`,
    `watched: pam set ${key} to resolved`,
    `watched: pam deleted ${key}`,
    `watched: pam restored ${key}`,
  ];
  expect(lines(await toldTo(world, ann))).toEqual([`watched: bob commented on ${key}`, ...byPam]);
  expect(lines(await toldTo(world, bob))).toEqual(byPam);
});

test("what one does oneself, a new place in the column, and changed comments are no news", async () => {
  const world = await open();
  const { ann, bob, project, cart, stage } = world;
  const { number: other } = await ann.ok("issue.create", { project, title: "other" });
  await ann.ok("issue.move", { project, issue: cart, stageId: stage["doing"] });
  await ann.ok("issue.move", { project, issue: other, stageId: stage["doing"] });
  await bob.ok("issue.move", { project, issue: other, before: cart });
  const { id: commentId } = await bob.ok("comment.add", { project, issue: cart, body: "hm" });
  await bob.ok("comment.edit", { project, commentId, body: "hm!" });
  await bob.ok("comment.delete", { project, commentId });

  expect(lines(await toldTo(world, ann))).toEqual([`watched: bob commented on WEB-${cart}`]);
});

test("one event is told once, for the strongest reason that the person wants", async () => {
  const world = await open();
  const { ann, bob, project, cart } = world;
  const create = async (title: string) => {
    await bob.ok("issue.create", { project, title, description: "@ann", assigneeIds: [ann.userId] });
    return (await toldTo(world, ann)).map(({ reason }) => reason);
  };
  expect(await create("first")).toEqual(["mentioned"]);
  await ann.ok("notification.setPrefs", { prefs: { assigned: false } });
  expect(await create("second")).toEqual(["mentioned", "mentioned"]);
  await ann.ok("notification.setPrefs", { prefs: { mentioned: false } });
  await bob.ok("comment.add", { project, issue: cart, body: "@ann" });
  await ann.next("notification.created", ({ data }) => (data["notification"] as Notification).issue === cart);
  const prefs = await ann.ok("notification.setPrefs", { prefs: { mentioned: true, watched: false } });
  await bob.ok("comment.add", { project, issue: cart, body: "no mention" });

  const told = await toldTo(world, ann);

  expect(told.map(({ reason }) => reason)).toEqual(["mentioned", "mentioned", "watched"]);
  expect(prefs).toEqual({ mentioned: true, assigned: false, watched: false, scripts: true, email: false });
  expect(await ann.ok("notification.setPrefs", { prefs: {} })).toEqual(prefs);
});

test("anyone who may see it can watch an issue, and stop", async () => {
  const world = await open();
  const { ann, eve, bob, project, cart } = world;
  const say = async (body: string) => {
    await bob.ok("comment.add", { project, issue: cart, body });
    return [(await toldTo(world, ann)).length, (await toldTo(world, eve)).length];
  };

  expect(await say("one")).toEqual([1, 0]);
  for (const _ of [1, 2]) await eve.ok("issue.watch", { project, issue: cart });
  expect(await say("two")).toEqual([2, 1]);
  for (const who of [ann, eve]) await who.ok("issue.unwatch", { project, issue: cart });
  expect(await say("three")).toEqual([2, 1]);
  // Speaking up is watching again.
  await ann.ok("comment.add", { project, issue: cart, body: "four" });
  expect(await say("five")).toEqual([3, 1]);
  expect((await eve.refused("issue.watch", { project, issue: 999 })).code).toBe("not_found");
});

test("whoever lost the project is told nothing more of it, and sees nothing of before", async () => {
  const world = await open();
  const { ann, bob, pam, project, org, cart } = world;
  await bob.ok("comment.add", { project, issue: cart, body: "@ann" });
  expect(await toldTo(world, ann)).toHaveLength(1);
  await pam.ok("member.remove", { org, userId: ann.userId });

  await bob.ok("comment.add", { project, issue: cart, body: "@ann secret" });
  await pam.ok("comment.add", { project, issue: cart, body: "@bob" });
  await bob.next("notification.created", ({ data }) => (data["notification"] as Notification).issue === cart);

  expect(await ann.ok("notification.list", {})).toEqual({ items: [], nextCursor: null, unreadCount: 0 });
  // Coming back shows what was told before, and nothing of the time between.
  await pam.ok("member.add", { org, userId: ann.userId, role: "member" });
  expect(await toldTo(world, ann)).toHaveLength(1);
});

test("the list goes newest first through all pages, and counts what is unread", async () => {
  const world = await open();
  const { ann, bob, project, cart } = world;
  await Promise.all(
    Array.from({ length: 23 }, (_, i) => bob.ok("comment.add", { project, issue: cart, body: `${i}` })),
  );
  const all = await toldTo(world, ann);
  const { unreadCount } = await ann.ok("notification.list", { limit: 1 });
  const seen: Notification[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: { items: Notification[]; nextCursor: string | null } = await ann.ok("notification.list", {
      limit: 5,
      cursor,
    });
    seen.push(...page.items);
    cursor = page.nextCursor;
  }

  expect(seen.slice(1).reverse()).toEqual(all);
  expect(all).toHaveLength(23);
  expect(unreadCount).toBe(24);
  const heard = ann.heard.filter(({ type }) => type === "notification.created").map(({ data }) => data["notification"]);
  expect(heard).toEqual([...seen].reverse());
  expect((await ann.refused("notification.list", { cursor: "e30" })).code).toBe("invalid");
});

test("reading is told to all devices, and only one's own can be read", async () => {
  const world = await open();
  const { ann, bob, eve, project, cart } = world;
  for (const body of ["one @eve", "two", "three"]) await bob.ok("comment.add", { project, issue: cart, body });
  const [first, second, third] = await toldTo(world, ann);
  const [hers] = await toldTo(world, eve);
  if (!first || !second || !third || !hers) throw new Error("not told");

  const device = await connect(app.url, ann);
  await device.ok("user.subscribe", {});
  const some = await ann.call("notification.markRead", { ids: [first.id, hers.id] });
  const again = await ann.call("notification.markRead", { ids: [first.id] });
  const unread = await ann.ok("notification.list", { unread: true });
  const read = await ann.ok("notification.list", { unread: false });
  const rest = await ann.ok("notification.markRead", { ids: "all" });

  expect(some).toMatchObject({ ok: true, stream: `user:${ann.userId}`, data: { unreadCount: 3 } });
  expect(again).not.toHaveProperty("seq");
  expect((await ann.next("notification.read")).data).toEqual({ ids: [first.id] });
  expect(unread.items.map(({ id }) => id).slice(1)).toEqual([third.id, second.id]);
  expect(read).toMatchObject({ items: [{ id: first.id, readAt: expect.any(String) }], unreadCount: 3 });
  expect(rest).toEqual({ unreadCount: 0 });
  for (const each of [ann, device]) await each.next("notification.read", ({ data }) => data["ids"] === "all");
  expect(device.heard.map(({ data }) => data["ids"])).toEqual([[first.id], "all"]);
  device.close();
  expect((await eve.ok("notification.list", {})).unreadCount).toBe(2);
});

test("a script tells whoever may see the project, of an issue or of none", async () => {
  const world = await open();
  const { ann, eve, project, cart } = world;
  const script = asScript(app, ann);
  const of = { project, userId: eve.userId };

  const acks = [
    await script.send("notification.send", { ...of, text: " Stands\nstill\tfor days ", issue: cart }),
    await script.send("notification.send", { ...of, text: "Good morning" }),
    await script.send("notification.send", { ...of, text: "Good morning" }),
  ];

  expect(acks).toMatchObject([1, 2, 3].map(() => ({ ok: true, data: { told: true }, stream: `user:${eve.userId}` })));
  const { items, unreadCount } = await eve.ok("notification.list", {});
  expect(items.map(({ summary }) => summary)).toEqual(["Good morning", "Good morning", "Stands still for days"]);
  expect(items[2]).toMatchObject({ reason: "script", project, issue: cart, key: `WEB-${cart}`, readAt: null });
  expect(items[0]).toMatchObject({ reason: "script", project, issue: null, key: null });
  expect(unreadCount).toBe(3);
  await eve.next("notification.created", ({ seq }) => acks[2]?.ok === true && seq === acks[2].seq);
  const heard = eve.heard.filter(({ type }) => type === "notification.created");
  expect(heard.map(({ data }) => data["notification"])).toEqual(items.toReversed());
  expect(heard[0]?.actor).toEqual({ id: ann.userId, kind: "script" });
});

test("a script tells nobody who does not listen to scripts, is suspended, or is outside", async () => {
  const { ann, bob, eve, pam, project, org } = await open();
  const script = asScript(app, ann);
  const tell = (who: { userId: string }, more = {}) =>
    script.send("notification.send", { project, userId: who.userId, text: "Hello", ...more });
  const prefs = await eve.ok("notification.setPrefs", { prefs: { scripts: false, watched: false } });
  await app.setSuspended(bob.userId, true);

  expect(prefs).toMatchObject({ scripts: false, watched: false, assigned: true });
  for (const who of [eve, bob]) expect(await tell(who)).toMatchObject({ ok: true, data: { told: false } });
  expect(await tell(pam)).toMatchObject({ ok: true, data: { told: true } });
  expect(await tell(pam, { issue: 999 })).toMatchObject({
    ok: false,
    error: { code: "not_found", message: "Issue not found" },
  });
  await pam.ok("member.remove", { org, userId: eve.userId });
  await eve.ok("notification.setPrefs", { prefs: { scripts: true } });
  expect(await tell(eve)).toMatchObject({ ok: false, error: { code: "not_found", message: "Member not found" } });
  expect((await eve.ok("notification.list", {})).items).toEqual([]);
  expect((await pam.ok("notification.list", {})).unreadCount).toBe(1);
});

test("people mention each other: only scripts send notifications", async () => {
  const { ann, bob, project } = await open();

  const refusal = await ann.refused("notification.send", { project, userId: bob.userId, text: "Hello" });

  expect(refusal).toMatchObject({ code: "forbidden", message: expect.stringContaining("Only scripts") });
});
