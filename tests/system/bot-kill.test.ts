/** A bot that is killed over and over does what each event asks for, once. BOT_KILL_EVENTS and BOT_KILLS set the size. */
import { randomInt } from "node:crypto";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Program, startProgram } from "../client/program.ts";
import type { Client } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

const EVENTS = Number(process.env["BOT_KILL_EVENTS"] ?? 300);
const KILLS = Number(process.env["BOT_KILLS"] ?? 5);
/** By many at once, so that the bot is behind most of the time. */
const WRITERS = 4;

let app: Running;
beforeAll(async () => {
  app = await startApp({ settings: { RATE_LIMIT_COMMANDS_PER_SECOND: "0" } });
});
afterAll(() => app.close());

async function write(ann: Client, project: string, count: number): Promise<void> {
  let left = count;
  const one = async () => {
    while (left > 0) {
      left -= 1;
      const ack = await ann.call("issue.create", { project, title: "New" });
      // Whoever is too fast for the server's limits waits.
      if (!ack.ok) left += 1;
      if (!ack.ok) await new Promise((resolve) => setTimeout(resolve, ack.error.retryAfterMs ?? 100));
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, one));
}

test(`a bot killed ${KILLS} times during ${EVENTS} events handles each of them once`, async () => {
  const { ann, bob, project } = await createWorld(app, {
    members: { ann: "developer", bob: "developer" },
    stages: { todo: [] },
  });
  const comments = () => ann.heard.filter(({ type }) => type === "comment.created").length;
  let bot: Program | undefined;
  onTestFinished(() => bot?.kill());
  const handled = (goal: number) =>
    expect.poll(comments, { timeout: 120_000, interval: 5 }).toBeGreaterThanOrEqual(goal);

  for (let round = 1; round <= KILLS; round += 1) {
    bot = startProgram("tests/client/eager-bot.ts", { url: app.url, token: bob.token });
    const before = comments();
    const behind = write(ann, project, Math.floor(EVENTS / KILLS));
    // Now and then before it has done anything.
    if (round % 7 !== 0) await handled(before + randomInt(1, Math.ceil(EVENTS / KILLS)));
    await bot.kill();
    await behind;
  }
  await write(ann, project, EVENTS % KILLS);
  bot = startProgram("tests/client/eager-bot.ts", { url: app.url, token: bob.token });
  await handled(EVENTS);
  expect(bot.said()).not.toContain('"level":"error"');

  const titles: string[] = [];
  const counts: number[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await ann.ok("issue.list", { project, cursor, limit: 100 });
    titles.push(...page.items.map(({ title }) => title));
    counts.push(...page.items.map(({ commentCount }) => commentCount));
    cursor = page.nextCursor;
  }
  expect(counts).toEqual(Array(EVENTS).fill(1));
  expect(titles).toEqual(Array(EVENTS).fill("New!"));
}, 600_000);
