/** Tags new issues by the words of their titles: RHYTHM_URL=http://localhost:3000 RHYTHM_KEY=... npx tsx examples/triage.ts */
import { createBot } from "../src/bot/index.ts"; // Elsewhere: "rhythm/bot"

const rules = [
  { words: /\b(crash(es)?|errors?|fails?|broken)\b/i, tag: "bug" },
  { words: /\b(slow|lags?|time-?outs?)\b/i, tag: "performance" },
  { words: /\b(docs?|readme|typos?)\b/i, tag: "docs" },
];

const bot = createBot({
  name: "triage",
  url: process.env["RHYTHM_URL"] ?? "http://localhost:3000",
  apiKey: process.env["RHYTHM_KEY"] ?? "",
});

bot.on("issue.created", async ({ data: { issue } }, ctx) => {
  const wanted = rules.filter(({ words }) => words.test(issue.title)).map(({ tag }) => tag);
  if (wanted.length === 0) return;
  const { items } = await ctx.tag.list({ project: ctx.ref });
  const tagIds = issue.tags.map(({ id }) => id);
  for (const name of wanted) {
    const known = items.find((tag) => tag.name === name);
    const tag = known ?? (await ctx.once(name).tag.create({ project: ctx.ref, name, color: "#8888ff" }));
    tagIds.push(tag.id);
  }
  await ctx.issue.setTags({ project: ctx.ref, issue: issue.number, tagIds });
});

process.once("SIGTERM", () => void bot.stop());
await bot.start();
