/** Lengthens the title of each new issue by one mark, then comments on it: what is done twice shows. */
import { createBot } from "../../src/bot/index.ts";

const bot = createBot({
  name: "eager",
  from: "beginning",
  url: process.env["RHYTHM_URL"] ?? "",
  apiKey: process.env["RHYTHM_KEY"] ?? "",
});

bot.on("issue.created", async ({ data: { issue } }, ctx) => {
  const at = { project: ctx.ref, issue: issue.number };
  // Another input when this runs again after it was applied.
  const { title } = await ctx.issue.get(at);
  await ctx.issue.update({ ...at, patch: { title: `${title}!` } });
  await ctx.comment.add({ ...at, body: "seen" });
});

await bot.start();
