import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { ProjectRole } from "../../protocol/index.ts";
import { type Client, connect } from "../support/client.ts";
import { createDatabase, type Running, startApp } from "../support/harness.ts";
import { createUser, createWorld } from "../support/world.ts";

/** Without Redis: the other instance hears through Postgres. */
let here: Running;
let there: Running;
beforeAll(async () => {
  const databaseUrl = await createDatabase();
  here = await startApp({ databaseUrl });
  there = await startApp({ databaseUrl });
});
afterAll(async () => {
  await here.close();
  await there.close();
});

type Owner = Client & { email: string };
type Scene = { ann: Owner; org: string; project: string };

/** A bot with a key that may all that its role allows. */
async function newBot({ ann, org, project }: Scene, role?: ProjectRole) {
  const { id: botId } = await ann.ok("bot.create", { org, name: "Robbie" });
  if (role) await ann.ok("project.setRole", { project, userId: botId, role });
  const { secret } = await ann.ok("key.create", { botId, label: "test", scopes: ["admin"] });
  return { botId, token: secret ?? "" };
}

async function join(app: Running, bot: { botId: string; token: string }): Promise<Client> {
  const client = await connect(app.url, { userId: bot.botId, token: bot.token });
  onTestFinished(() => client.close());
  return client;
}

/** Why each socket is closed; ask before it is. */
const endings = (clients: Client[]): Promise<string[]> =>
  Promise.all(
    clients.map(({ socket }) =>
      socket.connected ? new Promise<string>((resolve) => void socket.once("disconnect", resolve)) : "before",
    ),
  );
const byServer = "io server disconnect";

/** Status of a command over HTTP. */
async function status(app: Running, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  return (await fetch(`${app.url}/api/v1/session`, { headers })).status;
}

/** Both doors of both instances. */
const doors = (token: string): Promise<(number | string)[]> =>
  Promise.all(
    [here, there].flatMap((app) => [
      status(app, token),
      connect(app.url, { userId: "", token }).then(
        (client) => {
          client.close();
          return "opened";
        },
        ({ data }) => data.code as string,
      ),
    ]),
  );
const shut = [401, "unauthenticated", 401, "unauthenticated"];
const open = [200, "opened", 200, "opened"];

test("a bot is a member like others, marked as one", async () => {
  const scene = await createWorld(here);
  const { ann, org, project, orgId } = scene;
  await ann.ok("org.subscribe", { org });
  const { botId, token } = await newBot(scene);
  const bot = await join(here, { botId, token });

  const issue = await bot.ok("issue.create", { project, title: "The build is red" });
  const heard = await ann.next("issue.created");
  const { items } = await ann.ok("member.list", { org });
  const who = await bot.ok("session.whoami", {});

  expect(issue.reporter).toEqual({ id: botId, displayName: "Robbie", avatarUrl: null, kind: "bot" });
  expect(heard.actor).toEqual({ id: botId, kind: "bot" });
  expect(items.find(({ user }) => user.id === botId)).toMatchObject({ email: null, role: "member" });
  expect(items.filter(({ user }) => user.kind === "user")).toHaveLength(2);
  expect(who).toMatchObject({ user: { kind: "bot", email: null }, orgs: [{ id: orgId }], scopes: ["admin"] });
  expect(await ann.next("bot.created")).toMatchObject({ stream: `org:${orgId}`, data: { bot: { id: botId } } });
});

test("a bot does what its project role allows", async () => {
  const scene = await createWorld(here, { stages: { todo: ["write"], doing: [] } });
  const { ann, project, stage, issue } = scene;
  const bot = await join(here, await newBot(scene));
  const move = { project, issue: issue.write ?? 0, stageId: stage.doing ?? "" };

  expect(await bot.refused("issue.move", move)).toMatchObject({ code: "forbidden" });
  await ann.ok("project.addMember", { project, userId: bot.userId, role: "developer" });
  expect(await bot.ok("issue.move", move)).toMatchObject({ stageId: stage.doing });
  expect(await bot.refused("issue.delete", { project, issue: issue.write ?? 0 })).toMatchObject({ code: "forbidden" });
});

test("a bot acts nowhere but in its organization", async () => {
  const [scene, other] = [await createWorld(here), await createWorld(here)];
  const { botId, token } = await newBot(scene);
  const bot = await join(here, { botId, token });
  const { ann, org, project } = other;

  expect(await ann.refused("member.add", { org, userId: botId })).toMatchObject({ code: "not_found" });
  for (const name of ["project.addMember", "project.setRole"] as const) {
    expect(await ann.refused(name, { project, userId: botId, role: "admin" })).toMatchObject({ code: "not_found" });
  }
  for (const name of ["bot.update", "bot.suspend", "bot.delete"] as const) {
    expect(await ann.send(name, { org, botId, patch: {} })).toMatchObject({ ok: false });
  }
  expect(await ann.refused("bot.suspend", { org, botId })).toMatchObject({ code: "not_found" });
  expect(await ann.refused("bot.delete", { org, botId })).toMatchObject({ code: "not_found" });
  expect(await bot.refused("org.create", { name: "Robots" })).toMatchObject({ code: "forbidden" });
  expect(await bot.refused("project.get", { project })).toMatchObject({ code: "not_found" });
});

test("a bot may administer, but never own", async () => {
  const scene = await createWorld(here);
  const { ann, org } = scene;
  const { botId: userId } = await newBot(scene);

  expect(await ann.refused("member.setRole", { org, userId, role: "owner" })).toMatchObject({ code: "forbidden" });
  expect(await ann.refused("org.transfer", { org, userId })).toMatchObject({ code: "forbidden" });
  await ann.ok("member.remove", { org, userId });
  expect(await ann.refused("member.add", { org, userId, role: "owner" })).toMatchObject({ code: "forbidden" });
  expect(await ann.ok("member.add", { org, userId, role: "admin" })).toMatchObject({ role: "admin" });
});

test("a suspended bot is refused everywhere, and its sockets close everywhere, until it may act again", async () => {
  const scene = await createWorld(here);
  const { ann, org } = scene;
  const bot = await newBot(scene);
  expect(await doors(bot.token)).toEqual(open);
  const sockets = await Promise.all([here, here, there].map((app) => join(app, bot)));
  const ended = endings(sockets);
  const another = await join(there, await newBot(scene));

  const suspended = await ann.ok("bot.suspend", { org, botId: bot.botId });

  expect(await doors(bot.token)).toEqual(shut);
  expect(await ended).toEqual([byServer, byServer, byServer]);
  expect(suspended.suspendedAt).toEqual(expect.any(String));
  await another.ok("session.whoami", {});
  expect(await ann.ok("bot.suspend", { org, botId: bot.botId, suspended: false })).toMatchObject({ suspendedAt: null });
  expect(await doors(bot.token)).toEqual(open);
});

test("a deleted bot is gone for ever, and what it did stays", async () => {
  const scene = await createWorld(here);
  const { ann, org, project } = scene;
  const { botId, token } = await newBot(scene, "developer");
  const sockets = await Promise.all([here, there].map((app) => join(app, { botId, token })));
  const ended = endings(sockets);
  const [first] = sockets;
  const { number } = (await first?.ok("issue.create", { project, title: "Mine" })) ?? { number: 0 };

  await ann.ok("bot.delete", { org, botId });

  expect(await doors(token)).toEqual(shut);
  expect(await ended).toEqual([byServer, byServer]);
  expect((await ann.ok("issue.get", { project, issue: number })).reporter).toMatchObject({ displayName: "Robbie" });
  expect(await ann.next("project.member_removed")).toMatchObject({ data: { userId: botId } });
  expect((await ann.ok("bot.list", { org })).items).toEqual([]);
  expect(JSON.stringify(await ann.ok("member.list", { org }))).not.toContain(botId);
  expect(JSON.stringify(await ann.ok("project.listMembers", { project }))).not.toContain(botId);
  for (const name of ["bot.delete", "bot.suspend"] as const) {
    expect(await ann.refused(name, { org, botId })).toMatchObject({ code: "not_found" });
  }
  expect(await ann.refused("key.create", { botId, label: "again" })).toMatchObject({ code: "not_found" });
  expect(await ann.refused("member.add", { org, userId: botId })).toMatchObject({ code: "not_found" });
  expect(await ann.refused("project.setRole", { project, userId: botId, role: "viewer" })).toMatchObject({
    code: "not_found",
  });
});

test("bots end with their organization", async () => {
  const scene = await createWorld(here);
  const bot = await newBot(scene);
  const ended = endings(await Promise.all([here, there].map((app) => join(app, bot))));

  await scene.ann.ok("org.delete", { org: scene.org });

  expect(await ended).toEqual([byServer, byServer]);
  expect(await doors(bot.token)).toEqual(shut);
});

test("a socket that is being admitted while its bot is suspended does not stay", async () => {
  const scene = await createWorld(here);
  const bot = await newBot(scene);
  const { org } = scene;
  for (let round = 0; round < 8; round += 1) {
    const [admitted] = await Promise.all([
      join(there, bot).catch(() => undefined),
      new Promise((resolve) => setTimeout(resolve, round)).then(() =>
        scene.ann.ok("bot.suspend", { org, botId: bot.botId }),
      ),
    ]);

    const [end = "refused"] = await endings(admitted ? [admitted] : []);
    expect(["refused", "before", byServer]).toContain(end);
    await scene.ann.ok("bot.suspend", { org, botId: bot.botId, suspended: false });
  }
});

test("bots are listed by name, a page at a time, and renamed", async () => {
  const { ann, org, stream } = await createWorld(here);
  await ann.ok("org.subscribe", { org });
  for (const name of ["Carl", "alf", "Bea"]) await ann.ok("bot.create", { org, name });

  const first = await ann.ok("bot.list", { org, limit: 2 });
  const second = await ann.ok("bot.list", { org, limit: 2, cursor: first.nextCursor });
  const botId = second.items[0]?.id ?? "";
  const renamed = await ann.ok("bot.update", {
    org,
    botId,
    patch: { name: "Al", avatarUrl: "https://a.example/a.png" },
  });

  expect([...first.items, ...second.items].map(({ name }) => name)).toEqual(["alf", "Bea", "Carl"]);
  expect(second.nextCursor).toBeNull();
  expect(renamed).toMatchObject({ name: "Al", avatarUrl: "https://a.example/a.png" });
  expect(await ann.next("bot.updated")).toMatchObject({ data: { bot: renamed } });
  await ann.next("profile.updated", (event) => event.stream === stream);
  expect((await ann.ok("bot.list", { org })).items.map(({ name }) => name)).toEqual(["Al", "alf", "Bea"]);
  expect(
    await ann.refused("bot.update", { org, botId: (await createUser(here, "bob")).userId, patch: {} }),
  ).toMatchObject({
    code: "not_found",
  });
});
