import { afterAll, beforeAll, expect, test } from "vitest";
import { keyCandidates, toKey } from "../../src/features/project/key.ts";
import { mayLeave } from "../../src/features/project/policy.ts";
import type { Client } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createUser, createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

/** The types of all that happened in a stream. */
const history = async (person: Client, stream: string): Promise<string[]> =>
  (await person.ok("sync.pull", { stream, after: 0 })).events.map(({ type }) => type);

const codes = (acks: { ok: boolean; error?: { code: string } }[]): string[] =>
  acks.map(({ error }) => error?.code ?? "ok").sort();

test("a key is the word or the initials of several", () => {
  const keys = ["Web", "Mobile App", "Kubernetes", "Büro", "2024 Plan", "X", "日本語"].map(toKey);

  expect(keys).toEqual(["WEB", "MA", "KUBE", "BURO", "PLAN", "PRJ", "PRJ"]);
});

test("keys to choose from fit the protocol and differ", () => {
  const keys = keyCandidates("MOBILE");

  expect(keys.slice(0, 3)).toEqual(["MOBILE", "MOBIL2", "MOBIL3"]);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.every((key) => /^[A-Z][A-Z0-9]{1,5}$/.test(key))).toBe(true);
});

test("nobody rises by leaving", () => {
  expect(mayLeave({ orgRole: "member", projectRole: "viewer" })).toBe(false);
  expect(mayLeave({ orgRole: "member", projectRole: "developer" })).toBe(true);
  expect(mayLeave({ orgRole: "admin", projectRole: "viewer" })).toBe(true);
  expect(mayLeave({ orgRole: null, projectRole: "viewer" })).toBe(true);
});

test("a new project has three stages and its maker as admin", async () => {
  const { ann, bob, org } = await createWorld(app, { members: { ann: "owner", bob: "member" } });
  await bob.ok("org.subscribe", { org });

  const made = await ann.ok("project.create", { org, name: "Mobile App" });

  expect(made).toMatchObject({ ref: `${org}/mobile-app`, key: "MA", createdBy: ann.userId, role: "admin" });
  const { role, ...project } = made;
  expect((await bob.next("project.created")).data).toEqual({ project });
  const stages = await bob.ok("stage.list", { project: made.ref });
  expect(stages.items.map(({ name, status, position }) => [position, name, status])).toEqual([
    [0, "Todo", "open"],
    [1, "In Progress", "in_progress"],
    [2, "Done", "resolved"],
  ]);
  const { items } = await bob.ok("project.listMembers", { project: made.ref });
  expect(items.find(({ user }) => user.id === ann.userId)).toMatchObject({ role: "admin", explicit: true });
});

test("ten projects of one name made at once are numbered through", async () => {
  const { ann, org } = await createWorld(app);

  const made = await Promise.all(Array.from({ length: 10 }, () => ann.ok("project.create", { org, name: "Shop" })));

  const numbers = ["", ...Array.from({ length: 9 }, (_, i) => `${i + 2}`)];
  expect(made.map(({ slug }) => slug).sort()).toEqual(numbers.map((n) => (n ? `shop-${n}` : "shop")).sort());
  expect(made.map(({ key }) => key).sort()).toEqual(numbers.map((n) => `SHOP${n}`).sort());
});

test("slugs and keys that were asked for are never replaced by others", async () => {
  const { ann, org } = await createWorld(app);
  const { ref: project } = await ann.ok("project.create", { org, name: "Shop" });

  const refusals = await Promise.all([
    ann.refused("project.create", { org, name: "A", slug: "web" }),
    ann.refused("project.create", { org, name: "A", key: "WEB" }),
    ann.refused("project.update", { project, patch: { slug: "web" } }),
    ann.refused("project.update", { project, patch: { key: "WEB" } }),
  ]);

  expect(refusals.map(({ code }) => code)).toEqual(Array(4).fill("conflict"));
});

test("a project that is renamed at the same moment does not stop a new one", async () => {
  const { ann, org, project } = await createWorld(app);

  const acks = await Promise.all([
    ann.call("project.update", { project, patch: { slug: "shop", key: "SHOP" } }),
    ...Array.from({ length: 5 }, () => ann.call("project.create", { org, name: "Shop" })),
  ]);

  expect(codes(acks.slice(1))).toEqual(Array(5).fill("ok"));
});

test("an update tells what changed, from what to what, and the new reference", async () => {
  const { ann, bob, org, project, stream } = await createWorld(app, { members: { ann: "admin", bob: "viewer" } });

  const same = await ann.ok("project.update", { project, patch: { name: "Web", key: "WEB" } });
  const moved = await ann.ok("project.update", { project, patch: { name: "Web", slug: "site" } });

  expect(same).toMatchObject({ ref: project, role: "admin" });
  expect(moved).toMatchObject({ ref: `${org}/site`, slug: "site", key: "WEB", role: "admin" });
  const { role, ...told } = moved;
  expect((await bob.next("project.updated")).data).toEqual({ project: told });
  expect((await history(ann, stream)).filter((type) => type === "project.updated")).toHaveLength(1);
  const { items } = await bob.ok("activity.list", { project: moved.ref, limit: 1 });
  expect(items).toMatchObject([{ changes: [{ field: "slug", from: "web", to: "site" }] }]);
});

test("the list shows everyone in the organization all projects with their roles", async () => {
  const members = { ann: "owner", bob: "member", cid: "developer", dan: "guest" } as const;
  const { ann, bob, cid, dan, org } = await createWorld(app, { members });
  await ann.ok("project.create", { org, name: "app" });

  const lists = await Promise.all([ann, bob, cid].map((one) => one.ok("project.list", { org })));

  const roles = lists.map(({ items }) => items.map(({ name, role }) => `${name} ${role}`));
  expect(roles).toEqual([
    ["app admin", "Web admin"],
    ["app reporter", "Web reporter"],
    ["app reporter", "Web developer"],
  ]);
  expect(await dan.refused("project.list", { org })).toMatchObject({ code: "not_found" });
});

test("projects are paged by name, those of one name too", async () => {
  const { ann, org } = await createWorld(app);
  for (const name of ["app", "Same", "same", "same"]) await ann.ok("project.create", { org, name });

  const first = await ann.ok("project.list", { org, limit: 3 });
  const second = await ann.ok("project.list", { org, limit: 3, cursor: first.nextCursor });

  const seen = [...first.items, ...second.items];
  expect(seen.map(({ name }) => name.toLowerCase())).toEqual(["app", "same", "same", "same", "web"]);
  expect(new Set(seen.map(({ id }) => id)).size).toBe(5);
});

test("someone from outside is a guest in one project only, until removed", async () => {
  const { ann, bob, org, project } = await createWorld(app, { members: { ann: "admin", bob: "outsider" } });
  const { userId, email } = bob;
  await bob.ok("user.subscribe", {});

  const member = await ann.ok("project.addMember", { project, email, role: "viewer" });

  expect(member).toMatchObject({ user: { id: userId, displayName: "bob" }, role: "viewer" });
  expect((await bob.next("access.granted")).data).toEqual({ org, project, role: "viewer" });
  expect(await bob.ok("project.get", { project })).toMatchObject({ ref: project, role: "viewer" });
  expect(await bob.refused("org.get", { org })).toMatchObject({ code: "not_found" });
  const again = await ann.refused("project.addMember", { project, userId, role: "developer" });
  expect(again).toMatchObject({ code: "conflict", details: { current: { role: "viewer" } } });

  expect(await ann.ok("project.removeMember", { project, email })).toEqual({});
  expect((await bob.next("access.revoked")).data).toEqual({ org, project });
  expect(await bob.refused("project.get", { project })).toMatchObject({ code: "not_found" });
  expect(await ann.refused("project.removeMember", { project, email })).toMatchObject({ code: "not_found" });
});

test("a role set by hand counts, below or above what the organization gives", async () => {
  const { ann, bob, cid, project } = await createWorld(app, {
    members: { ann: "admin", bob: "member", cid: "viewer" },
  });
  const { userId } = bob;
  const roleOfBob = async () => (await bob.ok("project.get", { project })).role;

  await ann.ok("project.setRole", { project, userId, role: "viewer" });
  expect(await roleOfBob()).toBe("viewer");
  await ann.ok("project.setRole", { project, userId, role: "viewer" });
  const member = await ann.ok("project.setRole", { project, userId, role: "developer" });
  expect(await roleOfBob()).toBe("developer");

  expect((await cid.next("project.member_role_changed")).data).toEqual({ member });
  const ofBob = cid.heard.filter(({ type, data }) => type.startsWith("project.member") && isOf(data, userId));
  expect(ofBob.map(({ type }) => type)).toEqual(["project.member_added", "project.member_role_changed"]);
});

const isOf = (data: Record<string, unknown>, userId: string): boolean =>
  data["userId"] === userId || JSON.stringify(data["member"])?.includes(userId) === true;

test("the activity names whose role changed", async () => {
  const { ann, bob, project } = await createWorld(app, { members: { ann: "admin", bob: "developer" } });
  const { userId } = bob;

  await ann.ok("project.setRole", { project, userId, role: "admin" });
  await ann.ok("project.removeMember", { project, userId });

  const { items } = await ann.ok("activity.list", { project, limit: 2 });
  expect(items.map(({ changes }) => changes)).toEqual([
    [
      { field: "role", from: "admin", to: null },
      { field: "member", from: userId, to: null, fromName: "bob" },
    ],
    [
      { field: "role", from: "developer", to: "admin" },
      { field: "member", from: userId, to: userId, fromName: "bob", toName: "bob" },
    ],
  ]);
});

test("admins of the organization run the project whatever is set", async () => {
  const { ann, bob, org, project } = await createWorld(app, { members: { ann: "owner", bob: "org-admin" } });
  const { userId } = bob;

  const member = await ann.ok("project.setRole", { project, userId, role: "viewer" });

  expect(member.role).toBe("admin");
  expect(await bob.ok("project.get", { project })).toMatchObject({ role: "admin" });
  await ann.ok("member.setRole", { org, userId, role: "member" });
  expect(await bob.ok("project.get", { project })).toMatchObject({ role: "viewer" });
});

test("joining makes the reporter explicit, once", async () => {
  const { ann, bob, cid, project, stream } = await createWorld(app, {
    members: { ann: "owner", bob: "member", cid: "developer" },
  });
  const before = await history(ann, stream);

  const joined = [await bob.ok("project.join", { project }), await bob.ok("project.join", { project })];
  const known = await cid.ok("project.join", { project });

  expect(joined.map(({ role }) => role)).toEqual(["reporter", "reporter"]);
  expect(known.role).toBe("developer");
  expect(await history(ann, stream)).toEqual([...before, "project.member_added"]);
});

test("leaving gives up the explicit role but never raises", async () => {
  const members = { ann: "admin", bob: "viewer", cid: "developer", dan: "guest" } as const;
  const { ann, bob, cid, dan, org, project } = await createWorld(app, { members });
  await dan.ok("user.subscribe", {});

  expect(await bob.refused("project.leave", { project })).toMatchObject({ code: "forbidden" });
  expect(await cid.ok("project.leave", { project })).toEqual({});
  expect(await cid.ok("project.leave", { project })).toEqual({});
  expect(await dan.ok("project.leave", { project })).toEqual({});

  expect((await ann.next("project.member_removed")).data).toEqual({ userId: cid.userId });
  expect(await cid.ok("project.get", { project })).toMatchObject({ role: "reporter" });
  expect(await dan.refused("project.get", { project })).toMatchObject({ code: "not_found" });
  expect((await dan.next("access.revoked")).data).toEqual({ org, project });
});

test("who joins while being removed from the organization keeps no role", async () => {
  const { ann, org, project, projectId } = await createWorld(app, { members: { ann: "owner" } });
  const members = await Promise.all(Array.from({ length: 20 }, (_, i) => createUser(app, `member${i}`)));
  const call = (userId: string, name: string, input: object) =>
    app.execute({
      name,
      input,
      requestId: name,
      caller: { actor: { id: userId, kind: "user" }, sessionId: null, expiresAtMs: Number.POSITIVE_INFINITY },
    });

  for (const { userId } of members) {
    await ann.ok("member.add", { org, userId });
    await call(userId, "project.get", { project });
    await Promise.all([call(userId, "project.join", { project }), call(userId, "member.remove", { org, userId })]);
  }

  const { rows } = await app.parts.database.pool.query(
    "select user_id from project_members where project_id = $1 and user_id = any($2)",
    [projectId, members.map(({ userId }) => userId)],
  );
  expect(rows).toEqual([]);
});

test("members of both kinds are listed by name with the roles that count", async () => {
  const members = { ann: "owner", bob: "member", cid: "viewer", dan: "guest" } as const;
  const { dan, project } = await createWorld(app, { members });

  const first = await dan.ok("project.listMembers", { project, limit: 3 });
  const second = await dan.ok("project.listMembers", { project, limit: 3, cursor: first.nextCursor });

  const listed = [...first.items, ...second.items].map(
    ({ user, role, explicit }) => `${user.displayName} ${role} ${explicit ? "here" : "by the organization"}`,
  );
  expect(listed).toEqual([
    "ann admin by the organization",
    "bob reporter by the organization",
    "cid viewer here",
    "dan developer here",
    "maker admin here",
  ]);
});

test("only project admins decide who is a member", async () => {
  const { ann, bob, project } = await createWorld(app, { members: { ann: "developer", bob: "outsider" } });
  const { userId } = bob;

  const refusals = await Promise.all([
    ann.refused("project.addMember", { project, userId, role: "viewer" }),
    ann.refused("project.setRole", { project, userId: ann.userId, role: "admin" }),
    ann.refused("project.removeMember", { project, userId }),
    ann.refused("project.update", { project, patch: { name: "Mine" } }),
  ]);

  expect(refusals.map(({ code }) => code)).toEqual(Array(4).fill("forbidden"));
});

test("an archived project is read-only until work goes on", async () => {
  const { ann, bob, project, stream } = await createWorld(app, { members: { ann: "admin", bob: "viewer" } });
  const before = await history(ann, stream);

  const archived = await ann.ok("project.archive", { project });
  const refused = await ann.refused("project.update", { project, patch: { name: "Old" } });
  const opened = await ann.ok("project.unarchive", { project });
  await ann.ok("project.unarchive", { project });

  expect(archived.archivedAt).toBe(archived.updatedAt);
  expect(refused).toMatchObject({ code: "conflict", details: { archived: true } });
  expect(opened.archivedAt).toBeNull();
  await bob.next("project.unarchived");
  expect(await history(ann, stream)).toEqual([...before, "project.archived", "project.unarchived"]);
});

test("a deleted project is gone, and both streams tell", async () => {
  const { ann, bob, org, project, projectId } = await createWorld(app, {
    members: { ann: "owner", bob: "developer" },
    stages: { todo: ["write"] },
  });
  await bob.ok("org.subscribe", { org });

  expect(await ann.ok("project.delete", { project })).toEqual({});

  const inOrg = await bob.next("project.deleted", ({ stream }) => stream.startsWith("org:"));
  const inProject = await bob.next("project.deleted", ({ stream }) => stream.startsWith("project:"));
  expect([inOrg.data, inProject.data]).toEqual(Array(2).fill({ projectId, ref: project }));
  expect(await ann.refused("project.get", { project })).toMatchObject({ code: "not_found" });
});
