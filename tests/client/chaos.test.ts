/**
 * Three people and their boards behind a network that loses, delays, repeats and cuts, for whatever they do: in the end
 * all boards are what the server has, each command was applied once, and every one of them was answered.
 * CHAOS_RUNS and CHAOS_SEED set how many and which.
 */
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Ack } from "../../protocol/index.ts";
import type { BoardStore, Client } from "../../src/client/index.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";
import type { ChaosProxy, Fate } from "./chaos-proxy.ts";
import { isLive, join, openReady, soon, startNetwork, until } from "./join.ts";

const RUNS = Number(process.env["CHAOS_RUNS"] ?? 4);
const SEED = Number(process.env["CHAOS_SEED"] ?? 20261121);
const names = ["ann", "bob", "eve"] as const;

let app: Running;
beforeAll(async () => {
  app = await startApp({ headEveryMs: 100, settings: { RATE_LIMIT_COMMANDS_PER_SECOND: "0" } });
});
afterAll(() => app.close());

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

type Weather = { drop: number; twice: number; delay: number; cut: number; seed: number };
function toFate({ drop, twice, delay, cut, seed }: Weather): () => Fate {
  const next = numbersFrom(seed);
  return () => {
    const at = next() * 100;
    if (at < drop) return "drop";
    if (at < drop + twice) return "twice";
    if (at < drop + twice + delay) return { delayMs: Math.ceil(next() * 20) };
    return at < drop + twice + delay + cut ? "cut" : "pass";
  };
}

type Person = { client: Client; board: BoardStore; network: ChaosProxy };
type Scene = { project: string; stages: string[]; people: Person[]; made: Promise<Ack>[]; comments: Promise<Ack>[] };

/** What one person does; numbers are of issues that may not be there. */
const step = fc.record({
  who: fc.nat(2),
  what: fc.constantFrom("create", "create", "move", "moveUp", "rename", "status", "comment", "away", "back"),
  issue: fc.integer({ min: 1, max: 12 }),
  to: fc.nat(2),
  /** Until the next. */
  pauseMs: fc.integer({ min: 0, max: 25 }),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
const weather = fc.record({
  drop: fc.integer({ min: 0, max: 6 }),
  twice: fc.integer({ min: 0, max: 10 }),
  delay: fc.integer({ min: 0, max: 20 }),
  cut: fc.integer({ min: 0, max: 2 }),
  seed: fc.integer(),
});

function take({ project, stages, people, made, comments }: Scene, { who, what, issue, to }: Step): Promise<unknown> {
  const person = people[who];
  if (!person) throw new Error("nobody");
  const { client, board, network } = person;
  if (what === "away") network.refuse();
  if (what === "back") network.admit();
  if (what === "create") {
    const ack = client.send("issue.create", {
      project,
      title: `N${made.length}`,
      ...(stages[to] && { stageId: stages[to] }),
    });
    made.push(ack);
    return ack;
  }
  if (what === "comment") {
    const ack = client.send("comment.add", { project, issue, body: `C${comments.length}` });
    comments.push(ack);
    return ack;
  }
  if (what === "move") return board.move({ issue, stageId: stages[to] ?? "" });
  if (what === "moveUp") return board.move({ issue, stageId: stages[to] ?? "", after: null });
  if (what === "rename") return board.update({ issue, patch: { title: `R${issue}` } });
  if (what === "status")
    return board.update({ issue, patch: { status: (["open", "in_progress", "resolved"] as const)[to] } });
  return Promise.resolve();
}

async function setScene(): Promise<Scene & { read: Client; world: string }> {
  const members = { ann: "developer", bob: "developer", eve: "developer" } as const;
  const stages = { todo: ["a", "b", "c"], doing: [], done: [] };
  const world = await createWorld(app, { members, stages, listening: false });
  const { project } = world;
  const people = await Promise.all(
    names.map(async (name) => {
      const network = await startNetwork(app);
      const client = join(network.url, { token: world[name].token });
      return { client, network, board: await openReady(client, project) };
    }),
  );
  const read = join(app.url, { token: world.ann.token });
  return { project, stages: Object.values(world.stage), people, made: [], comments: [], read, world: world.stream };
}

/** Each of these was applied: once when it succeeded, never when it was refused. */
async function checkOnce(scene: Scene & { read: Client; world: string }): Promise<void> {
  const { read, world, made, comments } = scene;
  const applied = new Map<string, number>();
  for (let after = 0, more = true; more; ) {
    const page = await read.sync.pull({ stream: world, after });
    for (const { type, data } of page.events) {
      const { issue, comment } = data as { issue?: { title: string }; comment?: { body: string } };
      const word = type === "issue.created" ? issue?.title : type === "comment.created" ? comment?.body : undefined;
      if (word !== undefined) applied.set(word, (applied.get(word) ?? 0) + 1);
      after += 1;
    }
    more = page.more;
  }
  const counts = async (acks: Promise<Ack>[], letter: string) =>
    Promise.all(acks.map(async (ack, i) => [(await ack).ok ? 1 : 0, applied.get(`${letter}${i}`) ?? 0]));
  for (const [acked, done] of [...(await counts(made, "N")), ...(await counts(comments, "C"))])
    expect(done).toBe(acked);
  expect((await Promise.all(made)).every(({ ok }) => ok)).toBe(true);
}

test(
  "whatever the network does, boards converge and commands are applied once",
  async () => {
    let frames = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), weather, async (steps, weather) => {
        const scene = await setScene();
        for (const [i, { network }] of scene.people.entries()) {
          const fate = toFate({ ...weather, seed: weather.seed + i });
          network.rule(() => {
            frames += 1;
            return fate();
          });
        }
        // Refusals are part of it: an issue may not be there.
        const doing: Promise<unknown>[] = [];
        for (const one of steps) {
          doing.push(take(scene, one).catch((error) => error));
          await sleep(one.pauseMs);
        }
        for (const { network } of scene.people) network.admit();
        await Promise.all(doing);
        for (const { network } of scene.people) network.rule(() => "pass");

        const present = await scene.read.board.get({ project: scene.project, perColumn: 100 });
        for (const { client, board } of scene.people) {
          await until(client, (state) => isLive(state) && state.queued === 0);
          await soon(() => [board.current.board?.seq, board.current.pending]).toEqual([present.seq, 0]);
          expect(board.current.board).toEqual(present);
          expect(await board.verify()).toBe("inStep");
        }
        await checkOnce(scene);
        for (const { client, network } of scene.people) {
          client.close();
          await network.close();
        }
        scene.read.close();
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
    expect(frames).toBeGreaterThan(RUNS * 100);
    expect(app.complaints.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  },
  30_000 + RUNS * 30_000,
);
