import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { ClientInput, KeyScope } from "../../protocol/index.ts";
import { type Client, connect } from "../support/client.ts";
import { createDatabase, type Running, startApp } from "../support/harness.ts";
import { createUser, createWorld } from "../support/world.ts";

/** Without Redis: the other instance hears through Postgres. */
let here: Running;
let there: Running;
/** Ahead of the real time, in ms. */
let offset = 0;
beforeAll(async () => {
  const databaseUrl = await createDatabase();
  const now = () => new Date(Date.now() + offset);
  here = await startApp({ databaseUrl, now });
  there = await startApp({ databaseUrl, now });
});
afterAll(async () => {
  await here.close();
  await there.close();
});

function moveClock(ms: number): void {
  offset = ms;
  onTestFinished(() => {
    offset = 0;
  });
}

const newWorld = () =>
  createWorld(here, { members: { ann: "owner", bob: "org-admin", cid: "member" }, stages: { todo: ["write"] } });
type Scene = Awaited<ReturnType<typeof newWorld>>;

async function newKey(owner: Client, input: Partial<ClientInput<"key.create">> = {}) {
  const key = await owner.ok("key.create", { label: "test", ...input });
  return { ...key, token: key.secret ?? "" };
}

async function newBot({ ann, org }: Scene, key: Partial<ClientInput<"key.create">> = {}) {
  const { id: botId } = await ann.ok("bot.create", { org, name: "Robbie" });
  return { ...(await newKey(ann, { botId, ...key })), botId };
}

async function join(app: Running, token: string, userId = ""): Promise<Client> {
  const client = await connect(app.url, { userId, token });
  onTestFinished(() => client.close());
  return client;
}

async function post(app: Running, token: string, command: string, input: object = {}) {
  const response = await fetch(`${app.url}/api/v1/commands/${command}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(input),
  });
  const { data, error } = (await response.json()) as { data?: object; error?: { code: string; message: string } };
  return { status: response.status, data, error };
}

/** Why each socket is closed; ask before it is. */
const endings = (clients: Client[]): Promise<string[]> =>
  Promise.all(clients.map(({ socket }) => new Promise<string>((resolve) => void socket.once("disconnect", resolve))));
const byServer = "io server disconnect";

test("a secret is shown once, and kept nowhere", async () => {
  const { ann, orgId, org } = await newWorld();
  await ann.ok("org.subscribe", { org });
  const { id: botId } = await ann.ok("bot.create", { org, name: "Robbie" });
  const input = { botId, label: "CI", commandId: randomUUID() };

  const first = await ann.call("key.create", input);
  const again = await ann.call("key.create", input);
  const { secret, ...key } = first.ok ? first.data : { secret: "" };
  const rotated = await ann.ok("key.rotate", { keyId: first.ok ? first.data.id : "", commandId: randomUUID() });

  expect(secret).toMatch(/^rhythm_[0-9a-f]{32}$/);
  expect(rotated.secret).toMatch(/^rhythm_[0-9a-f]{32}$/);
  expect(again).toMatchObject({ ok: true, replayed: true, data: { ...key, secret: null } });
  expect((await ann.ok("key.list", { botId })).items).toEqual([
    { ...key, prefix: rotated.secret?.slice(0, 15), previousExpiresAt: expect.any(String) },
  ]);
  expect(await ann.next("key.created")).toMatchObject({
    stream: `org:${orgId}`,
    data: { key: { botId, label: "CI" } },
  });
  await ann.next("key.rotated");
  const { rows } = await here.parts.database.pool.query(
    "select table_name from information_schema.tables where table_schema = 'public'",
  );
  for (const half of [secret, rotated.secret].map((text) => text?.slice(15))) {
    expect(JSON.stringify(ann.heard)).not.toContain(half);
    for (const { table_name: table } of rows) {
      const found = await here.parts.database.pool.query(`select 1 from "${table}" t where t::text like $1`, [
        `%${half}%`,
      ]);
      expect([table, found.rowCount]).toEqual([table, 0]);
    }
  }
});

test("a key opens both doors, as whoever it belongs to", async () => {
  const scene = await newWorld();
  const { ann, cid, project } = scene;
  const bot = await newBot(scene, { scopes: ["write"] });
  const own = await newKey(cid, { scopes: ["read", "admin"] });

  const socket = await join(there, bot.token, bot.botId);
  const overHttp = await post(there, own.token, "session.whoami");
  const issue = await socket.ok("issue.create", { project, title: "From a bot" });
  const another = await post(here, own.token, "issue.create", { project, title: "By hand" });

  expect(await socket.ok("session.whoami", {})).toMatchObject({ user: { id: bot.botId }, scopes: ["write"] });
  expect(overHttp.data).toMatchObject({ user: { id: cid.userId }, scopes: ["read", "admin"], projects: null });
  expect(issue.reporter.kind).toBe("bot");
  expect(another).toMatchObject({ status: 201, data: { reporter: { id: cid.userId, kind: "user" } } });
  expect(await ann.ok("session.whoami", {})).toMatchObject({ scopes: null, projects: null });
});

/** Keys that were good, or look as if they were; each with what made it bad. */
const badKeys: Record<string, (scene: Scene) => Promise<string>> = {
  "never made": async () => `rhythm_${"0".repeat(32)}`,
  "in capitals": async (scene) => (await newBot(scene)).token.toUpperCase(),
  "with capital digits": async (scene) => {
    const { token } = await newBot(scene);
    return `rhythm_${token.slice(7).toUpperCase()}`;
  },
  truncated: async (scene) => (await newBot(scene)).token.slice(0, -1),
  "one too long": async (scene) => `${(await newBot(scene)).token}0`,
  "its prefix only": async (scene) => (await newBot(scene)).prefix,
  "without its beginning": async (scene) => (await newBot(scene)).token.slice(7),
  "its hash": async (scene) => {
    const { id } = await newBot(scene);
    const { rows } = await here.parts.database.pool.query("select hash from api_keys where id = $1", [id]);
    return `rhythm_${rows[0].hash.toString("hex").slice(0, 32)}`;
  },
  "its id": async (scene) => `rhythm_${(await newBot(scene)).id.replaceAll("-", "")}`,
  revoked: async (scene) => {
    const { id, token } = await newBot(scene);
    await scene.ann.ok("key.revoke", { keyId: id });
    return token;
  },
  expired: async (scene) => {
    const { token } = await newBot(scene, { expiresAt: new Date(Date.now() + 60_000).toISOString() });
    moveClock(60_000);
    return token;
  },
  "rotated without overlap": async (scene) => {
    const { id, token } = await newBot(scene);
    await scene.ann.ok("key.rotate", { keyId: id });
    return token;
  },
  "rotated, after its overlap": async (scene) => {
    const { id, token } = await newBot(scene);
    await scene.ann.ok("key.rotate", { keyId: id, overlapSeconds: 60 });
    moveClock(61_000);
    return token;
  },
  "rotated twice within its overlap": async (scene) => {
    const { id, token } = await newBot(scene);
    for (let i = 0; i < 2; i += 1) await scene.ann.ok("key.rotate", { keyId: id, overlapSeconds: 60 });
    return token;
  },
  "expired, within the overlap of a rotation": async (scene) => {
    const { id, token } = await newBot(scene, { expiresAt: new Date(Date.now() + 60_000).toISOString() });
    await scene.ann.ok("key.rotate", { keyId: id, overlapSeconds: 3600 });
    moveClock(60_000);
    return token;
  },
  "of a suspended bot": async (scene) => {
    const { botId, token } = await newBot(scene);
    await scene.ann.ok("bot.suspend", { org: scene.org, botId });
    return token;
  },
  "of a deleted bot": async (scene) => {
    const { botId, token } = await newBot(scene);
    await scene.ann.ok("bot.delete", { org: scene.org, botId });
    return token;
  },
  "of a bot without its organization": async (scene) => {
    const { token } = await newBot(scene);
    await scene.ann.ok("org.delete", { org: scene.org });
    return token;
  },
  "of a suspended person": async ({ cid }) => {
    const { token } = await newKey(cid);
    await here.parts.database.pool.query("update users set suspended_at = now() where id = $1", [cid.userId]);
    return token;
  },
};

test.each(Object.keys(badKeys))("a key is refused at both doors: %s", async (why) => {
  const scene = await newWorld();
  const token = (await badKeys[why]?.(scene)) ?? "";

  for (const app of [here, there]) {
    const refusal = await connect(app.url, { userId: "", token }).catch((error: unknown) => error);
    const answer = await post(app, token, "issue.create", { project: scene.project, title: "Got in" });

    expect(refusal).toMatchObject({ data: { code: "unauthenticated" } });
    expect(answer).toMatchObject({ status: 401, error: { code: "unauthenticated" } });
    expect(["The API key is not valid", "The token is not valid"]).toContain(answer.error?.message);
  }
});

/** Keys that are good, but not for this. */
const weakKeys: Record<string, [Partial<ClientInput<"key.create">>, string, (scene: Scene) => object, string]> = {
  "that reads writes": [
    { scopes: ["read"] },
    "issue.create",
    ({ project }) => ({ project, title: "Written" }),
    "forbidden",
  ],
  "that writes administers": [
    { scopes: ["read", "write"] },
    "project.update",
    ({ project }) => ({ project, patch: { name: "Taken over" } }),
    "forbidden",
  ],
  "that writes makes keys": [{ scopes: ["write"] }, "key.create", () => ({ label: "more" }), "forbidden"],
  "that writes makes bots": [{ scopes: ["write"] }, "bot.create", ({ org }) => ({ org, name: "Two" }), "forbidden"],
};

test.each(Object.keys(weakKeys))("a key %s: no", async (title) => {
  const scene = await newWorld();
  const [limits, command, input, code] = weakKeys[title] ?? [{}, "", () => ({}), ""];
  const { token } = await newKey(scene.ann, limits);
  const socket = await join(here, token, scene.ann.userId);

  expect(await post(here, token, command, input(scene))).toMatchObject({ error: { code } });
  expect(await socket.send(command, input(scene))).toMatchObject({ ok: false, error: { code } });
});

test("a key for chosen projects finds no others, nor what tells of them", async () => {
  const { ann, org, orgId, project, projectId } = await newWorld();
  const other = await ann.ok("project.create", { org, name: "Secret", slug: "secret" });
  const projects = [project];
  const { token } = await newKey(ann, { scopes: ["admin"], projects });
  const key = await join(here, token, ann.userId);

  expect(await key.ok("project.subscribe", { project })).toMatchObject({ stream: `project:${projectId}` });
  expect(await key.ok("sync.pull", { stream: `project:${projectId}`, after: 0 })).toMatchObject({ more: false });
  for (const ref of [other.ref, `${org}/none`]) {
    expect(await key.refused("project.get", { project: ref })).toMatchObject({
      code: "not_found",
      message: "Project not found",
    });
    expect(await key.refused("project.subscribe", { project: ref })).toMatchObject({ code: "not_found" });
  }
  for (const stream of [`project:${other.id}`, `org:${orgId}`, `user:${ann.userId}`, `project:${randomUUID()}`]) {
    expect(await key.refused("sync.pull", { stream, after: 0 })).toMatchObject({
      code: "not_found",
      message: "Stream not found",
    });
    expect(await key.refused("cursor.get", { stream })).toMatchObject({ code: "not_found" });
  }
  expect(await key.refused("project.list", { org })).toMatchObject({ code: "forbidden" });
  expect(await key.refused("issue.search", { org, q: "secret" })).toMatchObject({ code: "forbidden" });
  expect(await key.refused("user.subscribe", {})).toMatchObject({ code: "forbidden" });
  expect(await key.ok("session.whoami", {})).toMatchObject({ projects, orgs: [{ id: orgId }] });
});

test("a key for a project that is deleted is a key for nothing", async () => {
  const { ann, org } = await newWorld();
  const { ref: gone } = await ann.ok("project.create", { org, name: "Gone", slug: "gone" });
  const { ref: kept } = await ann.ok("project.create", { org, name: "Kept", slug: "kept" });
  const { id, token } = await newKey(ann, { projects: [gone] });

  await ann.ok("project.delete", { project: gone });

  expect(await post(here, token, "project.get", { project: kept })).toMatchObject({ status: 404 });
  expect((await ann.ok("key.list", {})).items.find((key) => key.id === id)).toMatchObject({ projects: [] });
  expect(await ann.refused("key.create", { label: "late", projects: [gone] })).toMatchObject({ code: "not_found" });
});

test("a key that writes does no more than a developer, whatever its owner's role", async () => {
  const { ann, cid, project, issue } = await newWorld();
  const { id: commentId } = await cid.ok("comment.add", { project, issue: issue.write ?? 0, body: "As I said" });
  const [writes, administers] = [await newKey(ann), await newKey(ann, { scopes: ["admin"] })];
  const input = { project, commentId };

  expect(await post(here, writes.token, "comment.delete", input)).toMatchObject({ error: { code: "forbidden" } });
  expect(await post(here, writes.token, "access.explain", { command: "issue.delete", project })).toMatchObject({
    data: { allowed: false, by: "This key has not the scope admin" },
  });
  expect(await post(here, administers.token, "comment.delete", input)).toMatchObject({ status: 200 });
});

test("revoking a key closes its sockets on both instances, and no others", async () => {
  const scene = await newWorld();
  const { ann, cid, orgId, org } = scene;
  await ann.ok("org.subscribe", { org });
  const bot = await newBot(scene);
  const own = await newKey(cid);
  const others = [await newKey(ann, { botId: bot.botId }), await newKey(cid)];
  const ended = endings(
    await Promise.all([here, there].flatMap((app) => [join(app, bot.token), join(app, own.token)])),
  );
  const stay = await Promise.all(others.map(({ token }) => join(there, token)));

  await ann.ok("key.revoke", { keyId: bot.id });
  await cid.ok("key.revoke", { keyId: own.id });

  expect(await ended).toEqual([byServer, byServer, byServer, byServer]);
  expect(await ann.next("key.revoked")).toMatchObject({
    stream: `org:${orgId}`,
    data: { keyId: bot.id, botId: bot.botId, label: "test" },
  });
  for (const client of stay) await client.ok("session.whoami", {});
});

test("a socket closes when its key expires", async () => {
  const { cid } = await newWorld();
  const { token } = await newKey(cid, { expiresAt: new Date(Date.now() + 1500).toISOString() });
  const socket = await join(here, token);
  const ended = endings([socket]);

  await socket.nextPush("auth.expiring");

  expect(await ended).toEqual([byServer]);
});

test("a rotated secret is good for the overlap, then its sockets close; those of the new one stay", async () => {
  const scene = await newWorld();
  const { ann } = scene;
  const { id: keyId, token: old } = await newBot(scene);
  const ended = endings(await Promise.all([here, there].map((app) => join(app, old))));

  const { secret, previousExpiresAt } = await ann.ok("key.rotate", { keyId, overlapSeconds: 1 });
  const fresh = await Promise.all([here, there].map((app) => join(app, secret ?? "")));

  expect(await post(there, old, "session.whoami")).toMatchObject({ status: 200 });
  expect(previousExpiresAt).toEqual(expect.any(String));
  expect(await ended).toEqual([byServer, byServer]);
  expect(await post(there, old, "session.whoami")).toMatchObject({ status: 401 });
  for (const client of fresh) await client.ok("session.whoami", {});
});

test("a rotation without overlap closes the sockets of the old secret at once", async () => {
  const scene = await newWorld();
  const { id: keyId, token: old } = await newBot(scene);
  const ended = endings(await Promise.all([here, there].map((app) => join(app, old))));

  await scene.ann.ok("key.rotate", { keyId });

  expect(await ended).toEqual([byServer, byServer]);
});

test("the use of a key is written down once a minute", async () => {
  const { cid } = await newWorld();
  const { id, token } = await newKey(cid);
  const lastUse = async () => (await cid.ok("key.list", {})).items.find((key) => key.id === id)?.lastUsedAt ?? null;
  const socket = await join(here, token);
  const use = () => Promise.all([socket.ok("session.whoami", {}), post(there, token, "session.whoami")]);

  expect(await lastUse()).toBeNull();
  await use();
  await expect.poll(lastUse).not.toBeNull();
  const first = await lastUse();
  moveClock(59_000);
  await use();
  await cid.ok("session.whoami", {});
  expect(await lastUse()).toBe(first);
  moveClock(61_000);
  await use();
  await expect.poll(lastUse).not.toBe(first);
});

test("keys are their owner's, and those of bots the org admins'", async () => {
  const [scene, foreign] = [await newWorld(), await newWorld()];
  const { ann, bob, cid } = scene;
  const { botId, id: botKeyId } = await newBot(scene);
  const { id: keyId } = await newKey(cid);

  for (const other of [ann, bob, foreign.ann]) {
    expect(await other.refused("key.rename", { keyId, label: "mine" })).toMatchObject({ code: "not_found" });
    expect(await other.refused("key.rotate", { keyId })).toMatchObject({ code: "not_found" });
    expect(await other.refused("key.revoke", { keyId })).toMatchObject({ code: "not_found" });
    expect(await other.refused("key.list", { botId: cid.userId })).toMatchObject({ code: "not_found" });
  }
  expect(await cid.refused("key.list", { botId })).toMatchObject({ code: "forbidden" });
  expect(await cid.refused("key.create", { botId, label: "mine" })).toMatchObject({ code: "forbidden" });
  expect(await cid.refused("key.revoke", { keyId: botKeyId })).toMatchObject({ code: "not_found" });
  expect(await foreign.ann.refused("key.list", { botId })).toMatchObject({ code: "not_found" });
  expect(await bob.ok("key.rename", { keyId: botKeyId, label: "theirs" })).toMatchObject({ label: "theirs" });
  await bob.ok("key.revoke", { keyId: botKeyId });
  expect((await bob.ok("key.list", { botId })).items).toEqual([]);
});

test("people manage their keys signed in, bots with a key that administers", async () => {
  const scene = await newWorld();
  const scopes: KeyScope[] = ["admin"];
  const own = await newKey(scene.cid, { scopes });
  const bot = await newBot(scene, { scopes });
  const { token: weak } = await newKey(scene.ann, { botId: bot.botId });

  expect(await post(here, own.token, "key.create", { label: "more" })).toMatchObject({ error: { code: "forbidden" } });
  expect(await post(here, own.token, "key.rotate", { keyId: own.id })).toMatchObject({ error: { code: "forbidden" } });
  expect(await post(here, weak, "key.rotate", { keyId: bot.id })).toMatchObject({ error: { code: "forbidden" } });
  expect(await post(here, bot.token, "key.rotate", { keyId: bot.id })).toMatchObject({ status: 200 });
});

test("keys are listed newest first, a page at a time", async () => {
  const { cid } = await newWorld();
  for (const label of ["a", "b", "c"]) await newKey(cid, { label });

  const first = await cid.ok("key.list", { limit: 2 });
  const second = await cid.ok("key.list", { limit: 2, cursor: first.nextCursor });

  expect([...first.items, ...second.items].map(({ label }) => label)).toEqual(["c", "b", "a"]);
  expect(second.nextCursor).toBeNull();
});

test("a key ends in the future, and a hundred are enough", async () => {
  const user = await createUser(here, "eve");
  const eve = await join(here, user.token, user.userId);
  const expiresAt = new Date(Date.now() - 1).toISOString();

  expect(await eve.refused("key.create", { label: "late", expiresAt })).toMatchObject({ code: "invalid" });
  await Promise.all(Array.from({ length: 100 }, () => newKey(eve)));
  expect(await eve.refused("key.create", { label: "one more" })).toMatchObject({ code: "conflict" });
});
