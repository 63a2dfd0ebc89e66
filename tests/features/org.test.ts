import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { slugCandidates, toSlug } from "../../src/features/org/slug.ts";
import { type Client, connect } from "../support/client.ts";
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
  expect(await tenancy.history(`org:${made.id}`)).toMatchObject([{ seq: 1, type: "org.created", data: { org } }]);
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
  const { ann, org } = await acme();
  const { slug: other } = await ann.ok("org.create", { name: uniqueName() });

  expect(await ann.refused("org.create", { name: "Acme", slug: org })).toMatchObject({ code: "conflict" });
  expect(await ann.refused("org.update", { org: other, patch: { slug: org } })).toMatchObject({ code: "conflict" });
});

test("an update tells what changed, and nothing when nothing did", async () => {
  const { ann, bob, org, stream, types } = await acme();
  const before = await types(stream);

  const same = await bob.ok("org.update", { org, patch: { slug: org, description: "" } });
  const moved = await bob.ok("org.update", { org, patch: { slug: `${org}-new`, name: "New" } });

  expect(same).toMatchObject({ slug: org, role: "admin" });
  expect(moved).toMatchObject({ slug: `${org}-new`, name: "New", role: "admin" });
  expect(await types(stream)).toEqual([...before, "org.updated"]);
  expect(await ann.refused("org.get", { org })).toMatchObject({ code: "not_found" });
});

test("outsiders find no organization, members change nothing", async () => {
  const { bob, cid, dan, org } = await acme();

  expect(await dan.refused("org.get", { org })).toMatchObject({ code: "not_found" });
  expect(await cid.refused("org.update", { org, patch: { name: "Mine" } })).toMatchObject({ code: "forbidden" });
  expect(await cid.refused("member.add", { org, userId: dan.id })).toMatchObject({ code: "forbidden" });
  expect(await bob.refused("org.delete", { org })).toMatchObject({ code: "forbidden" });
});

test("a new member is told, and so is the organization", async () => {
  const { ann, dan, org, stream } = await acme();

  const member = await ann.ok("member.add", { org, email: dan.email.toUpperCase() });

  expect(member).toMatchObject({ user: { id: dan.id, displayName: "Dan" }, email: dan.email, role: "member" });
  const { email, ...told } = member;
  expect((await tenancy.history(stream)).at(-1)).toMatchObject({ type: "member.added", data: { member: told } });
  const heard = await tenancy.history(`user:${dan.id}`);
  expect(heard).toMatchObject([{ type: "access.granted", data: { org, role: "member" } }]);
});

test("a person is named by exactly one of id and e-mail, and must exist", async () => {
  const { ann, cid, dan, org } = await acme();
  const add = (input: object) => ann.call("member.add", { org, ...input });

  expect(await add({})).toMatchObject(refusal("invalid"));
  expect(await add({ userId: dan.id, email: dan.email })).toMatchObject(refusal("invalid"));
  expect(await add({ email: "nobody@example.org" })).toMatchObject(refusal("not_found"));
  expect(await add({ userId: randomUUID() })).toMatchObject(refusal("not_found"));
  expect(await add({ userId: cid.id, role: "admin" })).toMatchObject({
    error: { code: "conflict", details: { current: { role: "member" } } },
  });
});

test("only an owner makes or unmakes owners", async () => {
  const { ann, bob, cid, dan, org } = await acme();

  expect(await bob.refused("member.add", { org, userId: dan.id, role: "owner" })).toMatchObject({ code: "forbidden" });
  for (const { id } of [bob, cid]) {
    const raised = await bob.call("member.setRole", { org, userId: id, role: "owner" });
    expect(raised).toMatchObject(refusal("forbidden"));
  }
  const lowered = await bob.call("member.setRole", { org, userId: ann.id, role: "member" });
  expect(lowered).toMatchObject(refusal("forbidden"));
  expect(await bob.refused("member.remove", { org, userId: ann.id })).toMatchObject({ code: "forbidden" });
  expect(await ann.ok("member.setRole", { org, userId: bob.id, role: "owner" })).toMatchObject({ role: "owner" });
});

test("a role set again changes nothing", async () => {
  const { ann, bob, cid, org, stream, types } = await acme();
  const before = await types(stream);

  await ann.ok("member.setRole", { org, userId: bob.id, role: "admin" });
  const member = await bob.ok("member.setRole", { org, userId: cid.id, role: "admin" });

  expect(member).toMatchObject({ user: { id: cid.id }, role: "admin" });
  expect(await types(stream)).toEqual([...before, "member.role_changed"]);
  expect(await ann.call("member.setRole", { org, userId: randomUUID(), role: "admin" })).toMatchObject(
    refusal("not_found"),
  );
});

test("the last owner neither leaves nor steps down", async () => {
  const { ann, bob, org } = await acme();

  expect(await ann.refused("member.remove", { org, userId: ann.id })).toMatchObject({ code: "conflict" });
  const stepped = await ann.call("member.setRole", { org, userId: ann.id, role: "admin" });
  expect(stepped).toMatchObject(refusal("conflict"));
  await ann.ok("member.setRole", { org, userId: bob.id, role: "owner" });
  expect(await ann.ok("member.remove", { org, userId: ann.id })).toEqual({});
  expect(await ann.refused("org.get", { org })).toMatchObject({ code: "not_found" });
});

test("of two owners who leave at once one stays", async () => {
  const { ann, bob, org } = await acme();
  await ann.ok("member.setRole", { org, userId: bob.id, role: "owner" });

  const left = await Promise.all([ann, bob].map((owner) => owner.call("member.remove", { org, userId: owner.id })));

  expect(left.filter(({ ok }) => ok)).toHaveLength(1);
  expect(left.filter(({ ok }) => !ok)).toMatchObject([refusal("conflict")]);
});

test("of two owners who demote each other at once one stays", async () => {
  const { ann, bob, org } = await acme();
  await ann.ok("member.setRole", { org, userId: bob.id, role: "owner" });

  const demoted = await Promise.all([
    ann.call("member.setRole", { org, userId: bob.id, role: "member" }),
    bob.call("member.setRole", { org, userId: ann.id, role: "member" }),
  ]);

  expect(demoted.filter(({ ok }) => ok)).toHaveLength(1);
  expect(demoted.filter(({ ok }) => !ok)).toMatchObject([refusal("forbidden")]);
});

test("members leave; only admins remove others", async () => {
  const { ann, bob, cid, org, stream } = await acme();

  expect(await cid.refused("member.remove", { org, userId: bob.id })).toMatchObject({ code: "forbidden" });
  expect(await cid.ok("member.remove", { org, userId: cid.id })).toEqual({});
  expect(await bob.refused("member.remove", { org, userId: cid.id })).toMatchObject({ code: "not_found" });
  expect(await ann.ok("member.remove", { org, userId: bob.id })).toEqual({});
  expect((await tenancy.history(stream)).slice(-2)).toMatchObject([
    { type: "member.removed", actor: { id: cid.id }, data: { userId: cid.id } },
    { type: "member.removed", actor: { id: ann.id }, data: { userId: bob.id } },
  ]);
  expect((await tenancy.history(`user:${bob.id}`)).at(-1)).toMatchObject({ type: "access.revoked", data: { org } });
});

test("a removed member keeps no role in a project, but a role elsewhere", async () => {
  const { ann, cid, org } = await acme();
  const { slug: elsewhere } = await ann.ok("org.create", { name: uniqueName() });
  const refs = await Promise.all(
    [org, org, elsewhere].map(async (slug) => (await ann.ok("project.create", { org: slug, name: "Web" })).ref),
  );
  for (const project of refs) await ann.ok("project.addMember", { project, userId: cid.id, role: "developer" });

  await ann.ok("member.remove", { org, userId: cid.id });

  const seen = await Promise.all(refs.map((project) => cid.call("project.get", { project })));
  expect(seen.map(({ ok }) => ok)).toEqual([false, false, true]);
});

test("an owner hands over to a member and becomes an admin", async () => {
  const { ann, bob, cid, dan, org, stream } = await acme();

  expect(await ann.refused("org.transfer", { org, userId: dan.id })).toMatchObject({ code: "not_found" });
  expect(await ann.refused("org.transfer", { org, userId: ann.id })).toMatchObject({ code: "conflict" });
  expect(await bob.refused("org.transfer", { org, userId: bob.id })).toMatchObject({ code: "forbidden" });
  expect(await ann.ok("org.transfer", { org, userId: cid.id })).toMatchObject({ slug: org, role: "admin" });
  expect(await cid.ok("org.get", { org })).toMatchObject({ role: "owner" });
  expect(await ann.ok("org.get", { org })).toMatchObject({ role: "admin" });
  const data = { fromUserId: ann.id, toUserId: cid.id };
  expect((await tenancy.history(stream)).at(-1)).toMatchObject({ type: "org.owner_changed", data });
});

test("handing over leaves other owners alone", async () => {
  const { ann, bob, cid, org } = await acme();
  await ann.ok("member.setRole", { org, userId: bob.id, role: "owner" });

  await ann.ok("org.transfer", { org, userId: cid.id });

  const { items } = await ann.ok("member.list", { org });
  expect(items.map(({ user, role }) => [user.displayName, role])).toEqual([
    ["Ann", "admin"],
    ["Bob", "owner"],
    ["Cid", "owner"],
  ]);
});

test("a deleted organization is gone with its projects", async () => {
  const { ann, cid, id, org, stream } = await acme();
  const { ref: project } = await ann.ok("project.create", { org, name: "Web" });
  await ann.ok("project.setRole", { project, userId: cid.id, role: "developer" });

  expect(await ann.ok("org.delete", { org })).toEqual({});

  expect(await ann.refused("org.get", { org })).toMatchObject({ code: "not_found" });
  expect(await cid.refused("project.get", { project })).toMatchObject({ code: "not_found" });
  expect((await tenancy.history(stream)).at(-1)).toMatchObject({ type: "org.deleted", data: { orgId: id } });
});

test("members are paged by name, capitals or not", async () => {
  const { ann, org } = await acme();
  const more = await people("Zoe", "abe", "bea");
  for (const { id } of Object.values(more)) await ann.ok("member.add", { org, userId: id });

  const names: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await ann.ok("member.list", { org, cursor, limit: 2 });
    names.push(...page.items.map(({ user }) => user.displayName));
    cursor = page.nextCursor;
  } while (cursor !== null);

  expect(names).toEqual(["Abe", "Ann", "Bea", "Bob", "Cid", "Zoe"]);
});

test("organizations are paged by name, those of one name too", async () => {
  const { ann } = await people("ann");
  const made = await Promise.all(
    ["beta", "Alpha", "same", "same", "same"].map((name) => ann.ok("org.create", { name })),
  );

  const seen: { id: string; name: string }[] = [];
  let cursor: string | null = null;
  do {
    const page = await ann.ok("org.list", { cursor, limit: 2 });
    seen.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);

  expect(seen.map(({ name }) => name)).toEqual(["Alpha", "beta", "same", "same", "same"]);
  expect(seen.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort());
});

test("a cursor that was made up is refused", async () => {
  const { ann } = await people("ann");
  const forged = ['["a","b"]', "[1]", "{"].map((text) => Buffer.from(text).toString("base64url"));

  const answers = await Promise.all(forged.map((cursor) => ann.call("org.list", { cursor })));

  expect(answers).toMatchObject(forged.map(() => refusal("invalid")));
});
