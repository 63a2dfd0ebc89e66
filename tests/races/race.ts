/**
 * Races: commands that are sent at once, to two instances on one database, end as some serial order would.
 * - What may come out is learnt first: every order of the commands, one after the other, each on a fresh scene.
 * - An outcome is all that anyone can see: the answers, the board and what else is looked at, read from both instances,
 *   and the events. Those, applied to the board as it was before, must give the board as it is.
 * - Ids, times and ranks differ from scene to scene: an outcome has names in their place, or nothing.
 */
import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Ack, Board } from "../../protocol/index.ts";
import { applyEvents } from "../../src/client/board.ts";
import { readEvents, readHeads } from "../../src/kernel/event-log.ts";
import { type Client, connect } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createUser } from "../support/world.ts";
import { inSomeOrder, permutationsOf, shuffled, told } from "./outcome.ts";

const ROUNDS = 50;
/** Scenes at a time. */
const BATCH = 5;

/** Ann owns the organization, bob is its admin, cid a member. Each is connected to both instances. */
export type People = Record<"ann" | "bob" | "cid", Client>;
export type Ground = People & { org: string };

export type Contest = {
  /** Each is sent by someone, at the instance that it is given. */
  commands: Record<string, (at: People) => Promise<Ack>>;
  /** The project whose board is looked at, by ann and bob; then its stream is the first one. */
  project?: string;
  /** Streams whose events are compared. */
  streams: string[];
  /** Roles are checked as a command arrives, not under the lock: its event may follow the one that ended the role. */
  inAnyOrder?: true;
  look?: (at: People) => Promise<unknown>;
};

type Outcome = { codes: Record<string, string>; [part: string]: unknown };
type Started = Contest & { heads: number[]; board: Board | undefined };

/** A slug that no other scene has; outcomes show it as "fresh". */
export const freshSlug = (): string => `fresh-${randomBytes(6).toString("hex")}`;

/** Opens two instances for the file; gives what declares its races. */
export function openRaces(): (name: string, arrange: (ground: Ground) => Promise<Contest>) => void {
  const instances: Running[] = [];
  const sides: People[] = [];
  let org = "";

  beforeAll(async () => {
    const here = await startApp({ sweepMs: null });
    instances.push(here, await startApp({ databaseUrl: here.databaseUrl, sweepMs: null }));
    const users = await Promise.all(["ann", "bob", "cid"].map((name) => createUser(here, name)));
    for (const { url } of instances) {
      const [ann, bob, cid] = await Promise.all(users.map((user) => connect(url, user)));
      sides.push({ ann, bob, cid });
    }
    const { ann, bob, cid } = sides[0];
    org = (await ann.ok("org.create", { name: "Races", slug: "races" })).slug;
    await ann.ok("member.add", { org, userId: bob.userId, role: "admin" });
    await ann.ok("member.add", { org, userId: cid.userId, role: "member" });
  });
  afterAll(async () => {
    for (const client of sides.flatMap((people) => Object.values(people))) client.close();
    for (const app of instances) await app.close();
  });

  async function start(contest: Contest): Promise<Started> {
    const { project, streams } = contest;
    const known = new Map((await readHeads(instances[0].parts.db, streams)).map(({ stream, seq }) => [stream, seq]));
    // Ann has been here and bob there: both or neither of a race have their role looked up already.
    const board = project === undefined ? undefined : await sides[1].bob.ok("board.get", { project });
    return { ...contest, heads: streams.map((stream) => known.get(stream) ?? 0), board };
  }

  /** The same thing seen from both instances. */
  async function seen<T>(look: (at: People) => Promise<T>): Promise<T> {
    const [one, other] = await Promise.all(sides.map(look));
    expect(other).toEqual(one);
    return one;
  }

  async function outcomeOf(scene: Started, acks: Record<string, Ack>): Promise<Outcome> {
    const { project, board, streams, heads, look, inAnyOrder } = scene;
    const { db } = instances[0].parts;
    const events = await Promise.all(
      streams.map((stream, i) => readEvents(db, { stream, after: heads[i], limit: 500 })),
    );
    events.forEach((list, i) => {
      expect(list.map(({ seq }) => seq)).toEqual(list.map((_, place) => heads[i] + place + 1));
    });
    const after = project && (await seen(({ ann }) => ann.ok("board.get", { project })));
    if (board) expect(applyEvents(board, events[0])).toEqual(after);
    const looked = look && (await seen(look));
    const of = <T>(part: (ack: Ack) => T) =>
      Object.fromEntries(Object.entries(acks).map(([name, ack]) => [name, part(ack)]));
    const answers = of((ack) => (ack.ok ? ack.data : ack.error.code));
    const people = Object.entries(sides[0]).map(([name, { userId }]) => ({ id: userId, name }));
    const { people: _, before: __, ...outcome } = told({ people, before: board, after, answers, looked, events });
    const codes = of(codeOf);
    for (const code of Object.values(codes)) expect(code).not.toMatch(/internal|unavailable/);
    return { codes, ...outcome, ...(inAnyOrder && { events: sorted(outcome.events) }) };
  }

  /** The outcomes of all orders, by what comes first, second... */
  async function learn(arrange: () => Promise<Contest>): Promise<Map<string, Outcome>> {
    const { commands } = await arrange();
    const learnt = permutationsOf(Object.keys(commands)).map(async (order): Promise<[string, Outcome]> => {
      const scene = await start(await arrange());
      const acks: Record<string, Ack> = {};
      for (const name of order) acks[name] = await scene.commands[name](sides[0]);
      return [order.join(", "), await outcomeOf(scene, acks)];
    });
    return new Map(await Promise.all(learnt));
  }

  async function run({ commands }: Contest): Promise<Record<string, Ack>> {
    const places = shuffled(sides);
    const names = shuffled(Object.keys(commands));
    const sent = names.map(async (name, i) => [name, await commands[name](places[i % places.length])] as const);
    return Object.fromEntries(await Promise.all(sent));
  }

  return (name, arrange) =>
    test(name, { timeout: 60_000 }, async ({ annotate }) => {
      const ground = { ...sides[0], org };
      const allowed = await learn(() => arrange(ground));
      expect([...allowed.values()].some((outcome) => !isDeepStrictEqual(outcome, [...allowed.values()][0]))).toBe(true);
      const counts: Record<string, number> = {};

      for (let round = 0; round < ROUNDS; round += BATCH) {
        const scenes = await Promise.all(Array.from({ length: BATCH }, async () => start(await arrange(ground))));
        const raced = await Promise.all(scenes.map(async (scene) => ({ scene, acks: await run(scene) })));
        for (const outcome of await Promise.all(raced.map(({ scene, acks }) => outcomeOf(scene, acks)))) {
          const order = orderOf(outcome, allowed);
          counts[order] = (counts[order] ?? 0) + 1;
        }
      }

      expect(instances.flatMap(({ complaints }) => complaints.splice(0))).toEqual([]);
      await annotate(`as if in order: ${JSON.stringify(counts)}`);
    });
}

const codeOf = (ack: Ack): string => (ack.ok ? (ack.replayed ? "replayed" : "ok") : ack.error.code);

const sorted = (streams: unknown): unknown => (streams as unknown[][]).map(inSomeOrder);

/** The order that gives this outcome; without one, fails with what differs from the most likely. */
function orderOf(outcome: Outcome, allowed: Map<string, Outcome>): string {
  const found = [...allowed].find(([, other]) => isDeepStrictEqual(other, outcome));
  if (found) return found[0];
  const orders = [...allowed.values()];
  expect(outcome, "no serial order ends like this").toEqual(
    orders.find(({ codes }) => isDeepStrictEqual(codes, outcome.codes)) ?? orders[0],
  );
  return "none";
}
