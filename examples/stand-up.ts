/** Answers the comment `!standup` with what everyone did since yesterday: npx tsx examples/stand-up.ts */
import { createBot } from "../src/bot/index.ts"; // Elsewhere: "rhythm/bot"

const DAY_MS = 24 * 60 * 60 * 1000;

const bot = createBot({
  name: "stand-up",
  url: process.env["RHYTHM_URL"] ?? "http://localhost:3000",
  apiKey: process.env["RHYTHM_KEY"] ?? "",
});

/** Keeps whatever else is said from the handlers. */
bot.use(async (event, _, next) => {
  if (event.type === "comment.created" && event.data.comment.body.trim() === "!standup") await next();
});

bot.on("comment.created", async (event, ctx) => {
  const since = new Date(Date.parse(event.at) - DAY_MS).toISOString();
  const { items } = await ctx.activity.list({ project: ctx.ref, limit: 100 });
  const people = new Map<string, Set<string>>();
  for (const { at, seq, actor, issue } of items) {
    if (at < since || seq >= event.seq || actor.kind !== "user" || !issue) continue;
    const name = actor.displayName ?? "someone";
    people.set(name, (people.get(name) ?? new Set()).add(issue.key));
  }
  const lines = [...people].sort().map(([name, keys]) => `- ${name}: ${[...keys].sort().join(", ")}`);
  const body = lines.length > 0 ? `Since yesterday:\n${lines.join("\n")}` : "Nothing happened since yesterday.";
  await ctx.comment.add({ project: ctx.ref, issue: event.data.comment.issue, body });
});

process.once("SIGTERM", () => void bot.stop());
await bot.start();
