import { setTimeout as sleep } from "node:timers/promises";
import { tokenOf } from "../../bench/people.ts";
import { org, projectRef, sessionId, userId } from "../../bench/seed.ts";
import type { Ack } from "../../protocol/index.ts";
import { type Client, connect } from "../support/client.ts";
import { type Cluster, withCluster } from "./cluster.ts";
import type { Drill } from "./drill.ts";

const PROJECT = 1;
const project = projectRef(PROJECT);
const ADMIN = 1;
const WRITER = 2;
const WRITE_MS = 40;
const PATIENCE_MS = 12_000;
const CALM_MS = 2000;

/** How something is taken from a user who is live on another instance, and what must end then. */
type Taking = {
  prepare?(admin: Client, user: number): Promise<unknown>;
  take(admin: Client, user: number): Promise<unknown>;
  endsEvents: boolean;
};

const takings: Record<string, Taking> = {
  "removed from the organization": {
    take: (admin, user) => admin.ok("member.remove", { org: org.slug, userId: userId(user) }),
    endsEvents: true,
  },
  "made a viewer": {
    async prepare(admin, user) {
      await admin.ok("member.setRole", { org: org.slug, userId: userId(user), role: "member" });
      await admin.ok("project.addMember", { project, userId: userId(user), role: "developer" });
    },
    take: (admin, user) => admin.ok("project.setRole", { project, userId: userId(user), role: "viewer" }),
    endsEvents: false,
  },
  "session revoked": {
    async take(admin, user) {
      const own = await connect(originOf(admin), { userId: userId(user), token: tokenOf(user) });
      await own.ok("session.revoke", { sessionId: sessionId(user) });
      own.close();
    },
    endsEvents: true,
  },
};
const origins = new WeakMap<Client, string>();
const originOf = (client: Client): string => origins.get(client) ?? "";

async function open(url: string, user: number): Promise<Client> {
  const client = await connect(url, { userId: userId(user), token: tokenOf(user) });
  origins.set(client, url);
  return client;
}

/** Writes again and again while `going`; gives when each accepted command was sent. */
async function writeOn(client: Client, going: () => boolean): Promise<number[]> {
  const accepted: number[] = [];
  for (; going(); await sleep(WRITE_MS)) {
    const sentAt = performance.now();
    if (!client.socket.connected) continue;
    const input = { project, issue: 1, patch: { title: `still here ${sentAt}` } };
    const ack = (await client.socket
      .timeout(1000)
      .emitWithAck("issue.update", input)
      .catch(() => undefined)) as Ack | undefined;
    if (ack?.ok) accepted.push(sentAt);
  }
  return accepted;
}

/** How long after it was taken the last command was accepted and the last event was heard. */
async function measure({ instances }: Cluster, user: number, { prepare, take, endsEvents }: Taking): Promise<number> {
  const [here, there] = [instances[0]?.url ?? "", instances[1]?.url ?? ""];
  const admin = await open(here, ADMIN);
  await prepare?.(admin, user);
  const writer = await open(here, WRITER);
  const victim = await open(there, user);
  await victim.ok("project.subscribe", { project });
  const heardAt: number[] = [];
  victim.socket.on("events", () => heardAt.push(performance.now()));
  let going = true;
  const writing = writeOn(writer, () => going);
  const trying = writeOn(victim, () => going);
  await sleep(500);

  await take(admin, user);
  const takenAt = performance.now();
  const last = (times: number[]): number => (times.at(-1) ?? 0) - takenAt;
  // Until nothing came for a while, or for ever.
  let quietSince = takenAt;
  while (performance.now() - quietSince < CALM_MS && performance.now() - takenAt < PATIENCE_MS) {
    await sleep(50);
    if (endsEvents) quietSince = Math.max(takenAt, heardAt.at(-1) ?? 0);
  }
  going = false;
  const accepted = await trying;
  await writing;
  for (const client of [admin, writer, victim]) client.close();
  if (accepted.length === 0 || heardAt.length === 0) throw new Error("the victim was not live before");
  return Math.max(0, last(accepted), endsEvents ? last(heardAt) : 0);
}

async function measureAll(cluster: Cluster, firstUser: number): Promise<number[]> {
  const times: number[] = [];
  for (const [i, taking] of Object.values(takings).entries()) times.push(await measure(cluster, firstUser + i, taking));
  return times;
}

export const revoke: Drill = {
  name: "revoke",
  about: "a member removed, a role lowered, a session revoked on one instance, while its user is live on another",
  hypothesis:
    "No command of the user is accepted and no event delivered from 1 s after it on, and without Redis from 10 s after " +
    "it on.",
  gates: {
    everEnded: { least: 1 },
    crashes: { most: 0 },
    withRedisMs: { most: 1000, timed: true },
    withoutRedisMs: { most: 10_000, timed: true },
  },

  run() {
    return withCluster({ instances: 2, people: 30, projects: 1 }, async (cluster) => {
      const kinds = Object.keys(takings).length;
      const withRedis = await measureAll(cluster, 10);
      await cluster.redis?.kill();
      await sleep(500);
      const withoutRedis = await measureAll(cluster, 10 + kinds);
      const all = [...withRedis, ...withoutRedis];
      return {
        revocations: all.length,
        everEnded: all.filter((ms) => ms < PATIENCE_MS - CALM_MS).length / all.length,
        crashes: cluster.crashes(),
        withRedisMs: Math.round(Math.max(...withRedis)),
        withoutRedisMs: Math.round(Math.max(...withoutRedis)),
      };
    });
  },
};
