/** Once a day, asks after issues in progress that nobody touched for a week: npx tsx examples/stale-reminder.ts */
import { createBot } from "../src/bot/index.ts"; // Elsewhere: "rhythm/bot"

const DAY_MS = 24 * 60 * 60 * 1000;

const bot = createBot({
  name: "stale-reminder",
  url: process.env["RHYTHM_URL"] ?? "http://localhost:3000",
  apiKey: process.env["RHYTHM_KEY"] ?? "",
});

bot.every(DAY_MS, async (ctx) => {
  const stale = { project: ctx.ref, status: "in_progress", updatedBefore: "7d", limit: 100 } as const;
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const { items, nextCursor } = await ctx.issue.list({ ...stale, cursor });
    for (const { number, assignees } of items) {
      const who = assignees.map(({ displayName }) => displayName).join(", ") || "anyone";
      const body = `No news for a week. Is this still going on, ${who}?`;
      // The list is shorter when this runs again today: the issue tells the comments apart, not their order.
      await ctx.once(`${number}`).comment.add({ project: ctx.ref, issue: number, body });
    }
    cursor = nextCursor;
  }
});

process.once("SIGTERM", () => void bot.stop());
await bot.start();
