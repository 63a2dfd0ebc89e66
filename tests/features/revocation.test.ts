/** Whoever loses a role stops hearing, at once and on every instance. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
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

const newWorld = () =>
  createWorld(here, { members: { ann: "owner", bob: "developer", guy: "guest" }, stages: { todo: ["write"] } });
type Scene = Awaited<ReturnType<typeof newWorld>>;

/** bob's or guy's socket on one of the instances, subscribed to all that he may hear. */
async function listen(app: Running, user: Client, { org, project }: Scene): Promise<Client> {
  const client = await connect(app.url, user);
  onTestFinished(() => client.close());
  await client.ok("project.subscribe", { project });
  // A guest is no member.
  await client.call("org.subscribe", { org });
  return client;
}

const ways = {
  "project.removeMember": (scene: Scene) =>
    scene.ann.ok("project.removeMember", { project: scene.project, userId: scene.guy.userId }),
  "member.remove": (scene: Scene) => scene.ann.ok("member.remove", { org: scene.org, userId: scene.bob.userId }),
  "project.delete": (scene: Scene) => scene.ann.ok("project.delete", { project: scene.project }),
  "org.delete": (scene: Scene) => scene.ann.ok("org.delete", { org: scene.org }),
};
const places = ["the same", "another"] as const;

test.each(Object.keys(ways).flatMap((way) => places.map((place) => [way as keyof typeof ways, place] as const)))(
  "after %s whoever listens on %s instance is told, and hears nothing more",
  async (way, place) => {
    const scene = await newWorld();
    const { ann, bob, guy, project, stream, issue } = scene;
    const app = place === "the same" ? here : there;
    const loser = await listen(app, way === "project.removeMember" ? guy : bob, scene);
    const started = performance.now();

    await ways[way](scene);

    const revoked = async () => {
      await loser.nextPush("access.revoked");
      const streams = loser.pushes.filter(({ name }) => name === "access.revoked").map(({ data }) => data.stream);
      if (!streams.includes(stream)) throw new Error(`only ${streams} ended`);
    };
    await expect.poll(() => revoked().then(() => true)).toBe(true);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(await loser.refused("sync.pull", { stream, after: 0 })).toMatchObject({ code: "not_found" });
    // The organization's stream may end a moment later, with the event that tells why.
    const heard = () => loser.heard.filter((event) => event.stream === stream).length;
    const before = heard();
    const alive = await ann.call("issue.update", { project, issue: issue.write, patch: { title: "secret" } });
    if (alive.ok) await ann.caughtUp(stream, alive.seq ?? 0);
    await loser.ok("session.whoami", {});
    expect(heard()).toBe(before);
    expect(JSON.stringify(loser.heard)).not.toContain("secret");
  },
);

test("others stay in the room when one is removed", async () => {
  const scene = await newWorld();
  const { ann, project, stream, issue } = scene;
  const loser = await listen(there, scene.guy, scene);
  const stayer = await listen(there, scene.bob, scene);

  await ways["project.removeMember"](scene);
  await loser.nextPush("access.revoked");
  const renamed = await ann.call("issue.update", { project, issue: issue.write, patch: { title: "still here" } });

  await stayer.caughtUp(stream, renamed.ok ? (renamed.seq ?? 0) : 0);
  expect(stayer.pushes.map(({ name }) => name)).not.toContain("access.revoked");
});

test("a role that another instance took away a moment ago does not open a room", async () => {
  const scene = await newWorld();
  const { ann, guy, project, stream, issue } = scene;
  const outsider = await connect(there.url, guy);
  onTestFinished(() => outsider.close());
  // Now the other instance remembers the role.
  await outsider.ok("project.get", { project });

  await ways["project.removeMember"](scene);
  const answer = await outsider.call("project.subscribe", { project });
  const { head } = await ann.ok("sync.pull", { stream, after: 0 });
  const renamed = await ann.call("issue.update", { project, issue: issue.write, patch: { title: "secret" } });

  expect(renamed).toMatchObject({ ok: true, seq: head + 1 });
  expect(answer).toMatchObject({ ok: false, error: { code: "not_found" } });
  await guy.ok("session.whoami", {});
  expect(outsider.heard).toEqual([]);
});

test("a subscription that is sent together with the removal never leaks", async () => {
  for (let round = 0; round < 10; round += 1) {
    const { ann, guy, project, stream, issue } = await newWorld();
    const client = await connect(there.url, guy);
    const [, answer] = await Promise.all([
      ann.ok("project.removeMember", { project, userId: guy.userId }),
      client.call("project.subscribe", { project }),
    ]);
    if (answer.ok) await client.nextPush("access.revoked");
    const secret = await ann.call("issue.update", { project, issue: issue.write, patch: { title: "secret" } });
    await ann.caughtUp(stream, secret.ok ? (secret.seq ?? 0) : 0);
    await client.ok("session.whoami", {});
    expect(JSON.stringify(client.heard)).not.toContain("secret");
    client.close();
  }
});

test("a viewer hears all that a developer hears", async () => {
  const { ann, project, stage, issue, ...people } = await createWorld(here, {
    members: { ann: "owner", val: "viewer", dev: "developer" },
    stages: { todo: ["write", "read"], doing: [] },
  });
  const eve = await createUser(here, "eve");
  const at = { project, issue: issue.write };

  await ann.ok("issue.create", { project, title: "test" });
  await ann.ok("issue.update", { ...at, patch: { priority: "critical" } });
  await ann.ok("issue.move", { ...at, stageId: stage.doing });
  await ann.ok("issue.delete", at);
  await ann.ok("issue.restore", at);
  await ann.ok("stage.create", { project, name: "Review", status: "in_progress" });
  await ann.ok("project.addMember", { project, userId: eve.userId, role: "viewer" });
  const last = await ann.call("project.update", { project, patch: { name: "Web shop" } });

  const { stream, seq = 0 } = last.ok ? last : {};
  await Promise.all([people.val, people.dev].map((client) => client.caughtUp(stream ?? "", seq)));
  const heard = ({ heard: events }: Client) => events.filter((event) => event.seq > seq - 8);
  expect(heard(people.val)).toHaveLength(8);
  expect(heard(people.val)).toEqual(heard(people.dev));
});
