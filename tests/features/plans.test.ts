import { afterAll, beforeAll, expect, test } from "vitest";
import { type Client, connect } from "../support/client.ts";
import { type Plan, startExplained } from "../support/plans.ts";
import { seedEvents, seedIssues } from "../support/seed.ts";
import { createUser } from "../support/world.ts";

let app: Awaited<ReturnType<typeof startExplained>>;
let ann: Client;
const project = "acme/large";
const stage: Record<string, string> = {};

/** A project whose issues and events are many, in the stages that every project begins with. */
async function createLarge(slug: string, count: number): Promise<void> {
  const { id: projectId } = await ann.ok("project.create", { org: "acme", name: slug, slug });
  const { items: stages } = await ann.ok("stage.list", { project: `acme/${slug}` });
  for (const { name, id } of stages) stage[name] = id;
  await seedIssues(app, { projectId, count, stageIds: stages.map(({ id }) => id) });
  await seedEvents(app, { projectId, count: 2 * count });
}

beforeAll(async () => {
  app = await startExplained();
  ann = await connect(app.url, await createUser(app, "ann"));
  await ann.ok("org.create", { name: "Acme", slug: "acme" });
  await createLarge("small", 3000);
  await createLarge("large", 20_000);
  await app.parts.database.pool.query("analyze");
}, 60_000);
afterAll(async () => {
  ann.close();
  await app.close();
});

test("x", async () => {
  console.log(stage);
  const show = async (name: string, act: () => Promise<unknown>) => {
    const t = performance.now();
    const plans = await app.plansOf(act);
    console.log(name, Math.round(performance.now() - t));
    for (const { query, scans } of plans) console.log("  ", query.slice(0, 60).replaceAll("\n", " "), "|", scans.map(({ table, by, rows }) => `${table} ${by} ${rows}`).join("; "));
  };
  for (let i = 0; i < 7; i += 1) await ann.ok("issue.move", { project, issue: 5 + i, stageId: stage.Done, after: 3002 });
  await show("move after", () => ann.ok("issue.move", { project, issue: 4, stageId: stage.Done, after: 3002 }));
  await show("move bottom", () => ann.ok("issue.move", { project, issue: 4, stageId: stage['In Progress'] }));
  await show("board", () => ann.ok("board.get", { project }));
  const { columns } = await ann.ok("board.get", { project });
  await show("column", () => ann.ok("board.column", { project, stageId: stage['In Progress'] ?? "", cursor: columns[1]?.nextCursor }));
  for (const sort of ["updated", "created", "priority", "rank"] as const) {
    const { nextCursor } = await ann.ok("issue.list", { project, sort });
    await show(sort, () => ann.ok("issue.list", { project, sort }));
    await show(`${sort} page`, () => ann.ok("issue.list", { project, sort, cursor: nextCursor }));
  }
  await show("q", () => ann.ok("issue.list", { project, q: "c4ca4238a0b923820dcc509a6f75849b" }));
  await show("q cart", () => ann.ok("issue.list", { project, q: "cart" }));
  await show("activity", () => ann.ok("activity.list", { project }));
  await show("activity of issue", () => ann.ok("activity.list", { project, issue: 7 }));
  await show("create", () => ann.ok("issue.create", { project, title: "x" }));
  await show("assignee", () => ann.ok("issue.list", { project, assignee: "me" }));
});
