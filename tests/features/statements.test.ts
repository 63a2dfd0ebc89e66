import { afterAll, beforeAll, expect, test } from "vitest";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
const statements: string[] = [];
beforeAll(async () => {
  const quiet = { pollMs: 3_600_000, headEveryMs: 3_600_000, sweepMs: null };
  app = await startApp({ onStatement: (text) => statements.push(text), ...quiet });
});
afterAll(() => app.close());

test("a board is read by ten statements, however many stages it has", async () => {
  const { ann, project } = await createWorld(app, {
    stages: Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`stage ${i}`, [`issue ${i}`]])),
  });
  await ann.ok("board.get", { project });
  statements.length = 0;

  const { columns } = await ann.ok("board.get", { project });

  expect(columns).toHaveLength(12);
  expect(statements).toHaveLength(10);
});
