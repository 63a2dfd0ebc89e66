import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { slugCandidates, toSlug } from "../../src/features/org/slug.ts";
import { type Client, connect, type Heard } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createUser } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

type Person = Client & { email: string };

async function people<Name extends string>(...names: Name[]): Promise<Record<Name, Person>> {
  const connected = names.map(async (name) => {
    const user = await createUser(app, name);
    const client = await connect(app.url, user);
    onTestFinished(() => client.close());
    return [name, { ...client, email: user.email }] as const;
  });
  return Object.fromEntries(await Promise.all(connected)) as Record<Name, Person>;
}

const uniqueName = () => `Org ${randomUUID().slice(0, 8)}`;

/** Ann, the only owner of an organization, bob its admin and cid a member, and dan, an outsider. */
async function acme() {
  const everyone = await people("ann", "bob", "cid", "dan");
  const { ann, bob, cid } = everyone;
  const { id, slug: org } = await ann.ok("org.create", { name: uniqueName() });
  await ann.ok("member.add", { org, email: bob.email, role: "admin" });
  await ann.ok("member.add", { org, userId: cid.userId });
  return { ...everyone, id, org, stream: `org:${id}` };
}

/** The types of all that happened in a stream. */
const history = async (person: Person, stream: string): Promise<string[]> =>
  (await person.ok("sync.pull", { stream, after: 0 })).events.map(({ type }) => type);

test("a slug is the name in ASCII", () => {
  expect(toSlug("Ácme & Söhne, Ltd.", "org")).toBe("acme-sohne-ltd");
  expect(toSlug("ｆｕｌｌ width", "org")).toBe("full-width");
  expect(toSlug("日本語", "org")).toBe("org");
  expect(toSlug(`${"a".repeat(47)} b`, "org")).toBe("a".repeat(47));
});

test("slugs to choose from fit the protocol and differ", () => {
  const slugs = slugCandidates("a".repeat(48));

  expect(slugs.slice(0, 2)).toEqual(["a".repeat(48), `${"a".repeat(46)}-2`]);
  expect(new Set(slugs).size).toBe(slugs.length);
  expect(slugs.every((slug) => /^[a-z0-9-]{1,48}$/.test(slug))).toBe(true);
});

test("whoever makes an organization owns it", async () => {
  const { ann } = await people("ann");
  const name = uniqueName();

  const made = await ann.ok("org.create", { name, description: "We make things" });

  expect(made).toMatchObject({ name, slug: toSlug(name, ""), description: "We make things", role: "owner" });
  expect(await ann.ok("org.get", { org: made.slug })).toEqual(made);
  const { role, ...org } = made;
  const { events } = await ann.ok("sync.pull", { stream: `org:${made.id}`, after: 0 });
  expect(events).toMatchObject([{ seq: 1, type: "org.created", data: { org } }]);
});

test("ten creations of one name at once are numbered through", async () => {
  const { ann } = await people("ann");
  const name = uniqueName();

  const made = await Promise.all(Array.from({ length: 10 }, () => ann.ok("org.create", { name })));

  const slug = toSlug(name, "");
  const expected = [slug, ...Array.from({ length: 9 }, (_, i) => `${slug}-${i + 2}`)];
  expect(made.map((org) => org.slug).sort()).toEqual(expected.sort());
});

test("the same command id makes one organization", async () => {
  const { ann } = await people("ann");
  const input = { name: uniqueName(), commandId: randomUUID() };

  const [first, second] = await Promise.all([ann.ok("org.create", input), ann.ok("org.create", input)]);

  expect(second).toEqual(first);
  expect((await ann.ok("org.list", {})).items).toHaveLength(1);
});

test("a slug that was asked for is never replaced by another", async () => {
  const { ann, org: taken } = await acme();

  const { slug: org } = await ann.ok("org.create", { name: uniqueName() });

  expect(await ann.refused("org.create", { name: "Acme", slug: taken })).toMatchObject({ code: "conflict" });
  expect(await ann.refused("org.update", { org, patch: { slug: taken } })).toMatchObject({ code: "conflict" });
});

test("an update tells what changed, and nothing when nothing did", async () => {
  const { ann, bob, org, stream } = await acme();
  const before = await history(ann, stream);

  const same = await bob.ok("org.update", { org, patch: { slug: org, description: "" } });
  const moved = await bob.ok("org.update", { org, patch: { slug: `${org}-new`, name: "New" } });

  expect(same).toMatchObject({ slug: org, role: "admin" });
  expect(moved).toMatchObject({ slug: `${org}-new`, name: "New", role: "admin" });
  expect(await history(ann, stream)).toEqual([...before, "org.updated"]);
  expect(await ann.refused("org.get", { org })).toMatchObject({ code: "not_found" });
});

test("outsiders find no organization, members change nothing", async () => {
  const { bob, cid, dan, org } = await acme();

  expect(await dan.refused("org.get", { org })).toMatchObject({ code: "not_found" });
  expect(await cid.refused("org.update", { org, patch: { name: "Mine" } })).toMatchObject({ code: "forbidden" });
  expect(await cid.refused("member.add", { org, userId: dan.userId })).toMatchObject({ code: "forbidden" });
  expect(await bob.refused("org.delete", { org })).toMatchObject({ code: "forbidden" });
});

test("a new member is told, and so is the organization", async () => {
  const { ann, cid, dan, org } = await acme();
  await Promise.all([cid.ok("org.subscribe", { org }), dan.ok("user.subscribe", {})]);

  const member = await ann.ok("member.add", { org, email: dan.email.toUpperCase() });

  const { email, ...told } = member;
  expect(member).toMatchObject({ user: { id: dan.userId, displayName: "dan" }, email: dan.email, role: "member" });
  expect((await cid.next("member.added")).data).toEqual({ member: told });
  expect((await dan.next("access.granted")).data).toEqual({ org, role: "member" });
});

test("a person is named by exactly one of id and e-mail, and must exist", async () => {
  const { ann, cid, dan, org } = await acme();
  const refusal = (input: object) => ann.refused("member.add", { org, ...input });

  expect(await refusal({})).toMatchObject({ code: "invalid" });
  expect(await refusal({ userId: dan.userId, email: dan.email })).toMatchObject({ code: "invalid" });
  expect(await refusal({ email: "nobody@test.example" })).toMatchObject({ code: "not_found" });
  expect(await refusal({ userId: randomUUID() })).toMatchObject({ code: "not_found" });
  const again = await refusal({ userId: cid.userId, role: "admin" });
  expect(again).toMatchObject({ code: "conflict", details: { current: { role: "member" } } });
});

test("only an owner makes or unmakes owners", async () => {
  const { ann, bob, cid, dan, org } = await acme();
  const setRole = (userId: string, role: "owner" | "member") => bob.refused("member.setRole", { org, userId, role });

  const refusals = await Promise.all([
    bob.refused("member.add", { org, userId: dan.userId, role: "owner" }),
    setRole(bob.userId, "owner"),
    setRole(cid.userId, "owner"),
    setRole(ann.userId, "member"),
    bob.refused("member.remove", { org, userId: ann.userId }),
  ]);

  expect(refusals.map(({ code }) => code)).toEqual(Array(5).fill("forbidden"));
  expect(await ann.ok("member.setRole", { org, userId: bob.userId, role: "owner" })).toMatchObject({ role: "owner" });
});

test("a role set again changes nothing", async () => {
  const { ann, bob, cid, org, stream } = await acme();
  const before = await history(ann, stream);

  await ann.ok("member.setRole", { org, userId: bob.userId, role: "admin" });
  const member = await bob.ok("member.setRole", { org, userId: cid.userId, role: "admin" });

  expect(member).toMatchObject({ user: { id: cid.userId }, role: "admin" });
  expect(await history(ann, stream)).toEqual([...before, "member.role_changed"]);
});

test("the last owner neither leaves nor steps down", async () => {
  const { ann, bob, org } = await acme();
  const self = { org, userId: ann.userId };

  expect(await ann.refused("member.remove", self)).toMatchObject({ code: "conflict" });
  expect(await ann.refused("member.setRole", { ...self, role: "admin" })).toMatchObject({ code: "conflict" });

  await ann.ok("member.setRole", { org, userId: bob.userId, role: "owner" });
  expect(await ann.ok("member.remove", self)).toEqual({});
  expect(await ann.refused("org.get", { org })).toMatchObject({ code: "not_found" });
});

test("of two owners who leave at once one stays", async () => {
  const { ann, bob, org } = await acme();
  await ann.ok("member.setRole", { org, userId: bob.userId, role: "owner" });

  const acks = await Promise.all([ann, bob].map((one) => one.call("member.remove", { org, userId: one.userId })));

  expect(acks.map((ack) => (ack.ok ? "ok" : ack.error.code)).sort()).toEqual(["conflict", "ok"]);
});

test("of two owners who demote each other at once one stays", async () => {
  const { ann, bob, org } = await acme();
  await ann.ok("member.setRole", { org, userId: bob.userId, role: "owner" });

  const acks = await Promise.all([
    ann.call("member.setRole", { org, userId: bob.userId, role: "member" }),
    bob.call("member.setRole", { org, userId: ann.userId, role: "member" }),
  ]);

  expect(acks.map((ack) => (ack.ok ? "ok" : ack.error.code)).sort()).toEqual(["forbidden", "ok"]);
});

test("members leave; only admins remove others", async () => {
  const { ann, bob, cid, org } = await acme();
  await Promise.all([ann.ok("org.subscribe", { org }), bob.ok("user.subscribe", {})]);
  const own = { org, userId: cid.userId };

  expect(await cid.refused("member.remove", { org, userId: bob.userId })).toMatchObject({ code: "forbidden" });
  expect(await cid.ok("member.remove", own)).toEqual({});
  expect(await bob.refused("member.remove", own)).toMatchObject({ code: "not_found" });
  expect(await ann.ok("member.remove", { org, userId: bob.userId })).toEqual({});

  const isBob = ({ data }: Heard) => data.userId === bob.userId;
  expect(await ann.next("member.removed")).toMatchObject({ actor: { id: cid.userId }, data: { userId: cid.userId } });
  expect((await ann.next("member.removed", isBob)).actor.id).toBe(ann.userId);
  expect((await bob.next("access.revoked")).data).toEqual({ org });
});

test("a removed member keeps no role in a project, but a role elsewhere", async () => {
  const { ann, cid, org } = await acme();
  const { slug: elsewhere } = await ann.ok("org.create", { name: uniqueName() });
  const projects = [org, org, elsewhere].map(async (slug) => ann.ok("project.create", { org: slug, name: "Web" }));
  const refs = (await Promise.all(projects)).map(({ ref }) => ref);
  for (const project of refs) await ann.ok("project.addMember", { project, userId: cid.userId, role: "developer" });

  await ann.ok("member.remove", { org, userId: cid.userId });

  const seen = await Promise.all(refs.map((project) => cid.call("project.get", { project })));
  expect(seen.map(({ ok }) => ok)).toEqual([false, false, true]);
});

test("an owner hands over to a member and becomes an admin", async () => {
  const { ann, bob, cid, dan, org } = await acme();
  await bob.ok("org.subscribe", { org });

  expect(await ann.refused("org.transfer", { org, userId: dan.userId })).toMatchObject({ code: "not_found" });
  expect(await ann.refused("org.transfer", { org, userId: ann.userId })).toMatchObject({ code: "conflict" });
  expect(await bob.refused("org.transfer", { org, userId: bob.userId })).toMatchObject({ code: "forbidden" });
  expect(await ann.ok("org.transfer", { org, userId: cid.userId })).toMatchObject({ slug: org, role: "admin" });

  expect(await cid.ok("org.get", { org })).toMatchObject({ role: "owner" });
  expect(await ann.ok("org.get", { org })).toMatchObject({ role: "admin" });
  expect((await bob.next("org.owner_changed")).data).toEqual({ fromUserId: ann.userId, toUserId: cid.userId });
});

test("handing over leaves other owners alone", async () => {
  const { ann, bob, cid, org } = await acme();
  await ann.ok("member.setRole", { org, userId: bob.userId, role: "owner" });

  await ann.ok("org.transfer", { org, userId: cid.userId });

  const { items } = await ann.ok("member.list", { org });
  const roles = items.map(({ user, role }) => `${user.displayName} ${role}`);
  expect(roles).toEqual(["ann admin", "bob owner", "cid owner"]);
});

test("a deleted organization is gone with its projects", async () => {
  const { ann, cid, id, org } = await acme();
  const { ref: project } = await ann.ok("project.create", { org, name: "Web" });
  await ann.ok("project.setRole", { project, userId: cid.userId, role: "developer" });
  await cid.ok("org.subscribe", { org });

  expect(await ann.ok("org.delete", { org })).toEqual({});

  expect((await cid.next("org.deleted")).data).toEqual({ orgId: id });
  expect(await ann.refused("org.get", { org })).toMatchObject({ code: "not_found" });
  expect(await cid.refused("project.get", { project })).toMatchObject({ code: "not_found" });
});

test("members are paged by name, capitals or not", async () => {
  const { ann, org } = await acme();
  const { pool } = app.parts.database;
  for (const [name, { userId }] of Object.entries(await people("zoe", "abe", "bea"))) {
    await pool.query("update users set display_name = $2 where id = $1", [userId, name.toUpperCase()]);
    await ann.ok("member.add", { org, userId });
  }

  const first = await ann.ok("member.list", { org, limit: 4 });
  const second = await ann.ok("member.list", { org, limit: 4, cursor: first.nextCursor });

  const names = [first, second].map(({ items }) => items.map(({ user }) => user.displayName));
  expect(names).toEqual([
    ["ABE", "ann", "BEA", "bob"],
    ["cid", "ZOE"],
  ]);
  expect(second.nextCursor).toBeNull();
});

test("organizations are paged by name, those of one name too", async () => {
  const { ann } = await people("ann");
  const names = ["beta", "Alpha", "same", "same", "same"];
  const made = await Promise.all(names.map((name) => ann.ok("org.create", { name })));

  const first = await ann.ok("org.list", { limit: 3 });
  const second = await ann.ok("org.list", { limit: 3, cursor: first.nextCursor });

  const seen = [...first.items, ...second.items];
  expect(seen.map(({ name }) => name)).toEqual(["Alpha", "beta", "same", "same", "same"]);
  expect(seen.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort());
});

test("a cursor that was made up is refused", async () => {
  const { ann } = await people("ann");
  const forged = ['["a","b"]', "[1]", "{"].map((text) => Buffer.from(text).toString("base64url"));

  const refusals = await Promise.all(forged.map((cursor) => ann.refused("org.list", { cursor })));

  expect(refusals.map(({ code }) => code)).toEqual(["invalid", "invalid", "invalid"]);
});
