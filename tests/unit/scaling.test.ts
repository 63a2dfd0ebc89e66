import { expect, test } from "vitest";
import { capacity, fullest, loadOf, measured, type Setup, simulate } from "../../bench/scaling.ts";

/** Numbers from 0 to 1 that are the same in each run: a linear congruential generator, constants of Numerical Recipes. */
function repeatable(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const setups: Setup[] = [
  { instances: 1, postgresCores: 2, connections: 20_000, commands: 300, room: 25 },
  { instances: 4, postgresCores: 4, connections: 50_000, commands: 1500, room: 25 },
  { instances: 10, postgresCores: 8, connections: 100_000, commands: 3000, room: 10, byStream: true },
  { instances: 20, postgresCores: 8, connections: 100_000, commands: 3000, room: 50, byStream: true, databases: 2 },
];

test.each(setups)("the simulation of $instances instances uses what the arithmetic says", (setup) => {
  const expected = loadOf(measured, setup);
  const { load } = simulate(measured, setup, 4000, repeatable(7));
  for (const part of ["instance", "Postgres", "Redis"] as const) {
    expect(load[part] / expected[part], part).toBeGreaterThan(0.9);
    expect(load[part] / expected[part], part).toBeLessThan(1.1);
  }
});

test("at its capacity an installation answers soon, and far above it no more", () => {
  const setup = { instances: 2, postgresCores: 4, room: 25 };
  const { connections, limit } = capacity(measured, setup, 1 / 60, 0.7);
  const at = (times: number) => ({ ...setup, connections, commands: (times * connections) / 60 });
  expect(fullest(loadOf(measured, at(1)))).toEqual([limit, expect.closeTo(0.7, 2)]);
  const calm = simulate(measured, at(1), 6000, repeatable(3));
  const flooded = simulate(measured, at(2), 6000, repeatable(3));
  expect(flooded.ackP99Ms).toBeGreaterThan(20 * calm.ackP99Ms);
});
