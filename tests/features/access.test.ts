import { afterAll, beforeAll, expect, test } from "vitest";
import { type CommandName, commands, projectRoles } from "../../protocol/index.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const team = () =>
  createWorld(app, {
    members: {
      ann: "owner",
      bob: "org-admin",
      cid: "member",
      dan: "viewer",
      eve: "guest",
      fay: "outsider",
    },
  });

test("a role in a project is explained with where it comes from", async () => {
  const { ann, bob, cid, dan, eve, project } = await team();
  const ask = { command: "issue.move", project };

  expect(await ann.ok("access.explain", ask)).toEqual({
    allowed: true,
    by: `You are admin in ${project}, as owner of the organization; issue.move needs developer`,
  });
  expect((await bob.ok("access.explain", ask)).by).toContain("You are admin in");
  expect((await bob.ok("access.explain", ask)).by).toContain("as admin of the organization");
  expect(await cid.ok("access.explain", ask)).toEqual({
    allowed: false,
    by: `You are reporter in ${project}, as member of the organization; issue.move needs developer`,
  });
  expect(await dan.ok("access.explain", ask)).toEqual({
    allowed: false,
    by: `You are viewer in ${project}, by a role given in the project; issue.move needs developer`,
  });
  expect(await eve.ok("access.explain", ask)).toMatchObject({ allowed: true });
});

test("scripts are explained by where they are", async () => {
  const { ann, bob, cid, fay, org, project } = await team();
  const ask = { command: "script.create", project };

  expect(await bob.ok("access.explain", ask)).toMatchObject({ allowed: true });
  expect(await cid.ok("access.explain", ask)).toEqual({
    allowed: false,
    by: `You are reporter in ${project}, as member of the organization; script.create needs admin`,
  });
  expect(await cid.ok("access.explain", { command: "script.create", org })).toMatchObject({ allowed: false });
  expect(await ann.ok("access.explain", { command: "script.create", org })).toMatchObject({ allowed: true });
  expect(await fay.refused("access.explain", ask)).toMatchObject({ code: "not_found" });
});

test("the explanation of every project command is what execute does", async () => {
  const { project, ...people } = await createWorld(app, {
    members: { viewer: "viewer", reporter: "reporter", developer: "developer", admin: "admin" },
  });
  const names = (Object.keys(commands) as CommandName[]).filter((name) => commands[name].access.startsWith("project:"));
  expect(names.length).toBeGreaterThan(40);

  for (const role of projectRoles) {
    for (const command of names) {
      const { allowed } = await people[role].ok("access.explain", { command, project });
      const example = { ...commands[command].example, project };
      // Only refusals are tried: they change nothing.
      const ack = allowed ? undefined : await people[role].send(command, example);
      if (ack) expect(ack, `${role} ${command}`).toMatchObject({ ok: false, error: { code: "forbidden" } });
      const needed = projectRoles.findIndex((one) => commands[command].access === `project:${one}`);
      expect(allowed, `${role} ${command}`).toBe(projectRoles.indexOf(role) >= needed);
    }
  }
});

test("roles in an organization are explained too", async () => {
  const { ann, cid, org } = await team();

  expect(await ann.ok("access.explain", { command: "org.delete", org })).toEqual({
    allowed: true,
    by: `You are owner of ${org}; org.delete needs owner`,
  });
  expect(await cid.ok("access.explain", { command: "org.update", org })).toEqual({
    allowed: false,
    by: `You are member of ${org}; org.update needs admin`,
  });
});

test("outsiders cannot tell what exists from what does not", async () => {
  const { fay, eve, project, org } = await team();

  const hidden = await fay.refused("access.explain", { command: "issue.get", project });
  const nowhere = await fay.refused("access.explain", { command: "issue.get", project: "acme-0/web" });
  const hiddenOrg = await fay.refused("access.explain", { command: "org.get", org });
  const nowhereOrg = await fay.refused("access.explain", { command: "org.get", org: "acme-0" });
  const guest = await eve.refused("access.explain", { command: "org.get", org });

  expect(hidden).toEqual(nowhere);
  expect(hiddenOrg).toEqual(nowhereOrg);
  expect([hidden.code, hiddenOrg.code, guest.code]).toEqual(["not_found", "not_found", "not_found"]);
});

test("an unknown command is not found", async () => {
  const { ann, project } = await team();
  expect((await ann.refused("access.explain", { command: "issue.fly", project })).code).toBe("not_found");
  expect((await ann.refused("access.explain", { command: "toString", project })).code).toBe("not_found");
});

test("what everyone may do is allowed without a place", async () => {
  const { fay, cid, project } = await team();

  expect(await fay.ok("access.explain", { command: "auth.login" })).toMatchObject({ allowed: true });
  expect(await fay.ok("access.explain", { command: "org.create" })).toMatchObject({ allowed: true });
  expect(await fay.ok("access.explain", { command: "sync.pull" })).toMatchObject({ allowed: true });
  expect(await cid.ok("access.explain", { command: "sync.pull", project })).toMatchObject({ allowed: true });
  expect((await fay.refused("access.explain", { command: "sync.pull", project })).code).toBe("not_found");
});

test("a command that acts somewhere needs the place", async () => {
  const { ann, org, project } = await team();

  for (const [input, path] of [
    [{ command: "issue.get" }, "project"],
    [{ command: "issue.get", org }, "project"],
    [{ command: "org.get" }, "org"],
    [{ command: "org.get", project }, "org"],
  ] as const) {
    expect(await ann.refused("access.explain", input)).toMatchObject({
      code: "invalid",
      details: { issues: [{ path }] },
    });
  }
});

test("in an archived project nothing can be changed, but read and unarchived", async () => {
  const { ann, project } = await team();
  await ann.ok("project.archive", { project });
  const explain = (command: string) => ann.ok("access.explain", { command, project });

  expect(await explain("issue.move")).toMatchObject({ allowed: false, by: expect.stringContaining("archived") });
  expect(await explain("issue.get")).toMatchObject({ allowed: true });
  expect(await explain("project.unarchive")).toMatchObject({ allowed: true });
});
