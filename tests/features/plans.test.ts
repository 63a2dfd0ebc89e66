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
  await app.parts.database.pool.query("vacuum analyze");
}, 60_000);
afterAll(async () => {
  ann.close();
  await app.close();
});

/** Runs it often enough that prepared statements may get a generic plan, and gives all plans. */
const plansOf = (act: () => Promise<unknown>): Promise<Plan[]> =>
  app.plansOf(async () => {
    for (let i = 0; i < 7; i += 1) await act();
  });

const large = ["issues", "events", "issue_texts"];

/** Fails on a sequential scan of a large table, on more rows read of one than this, and on more blocks than they need. */
function expectIndexed(plans: Plan[], most: number): void {
  expect(plans.length).toBeGreaterThan(6);
  for (const { query, scans } of plans) {
    const read = scans.filter(({ table }) => large.includes(table));
    expect(
      read.filter(({ by }) => by === "Seq Scan"),
      query,
    ).toEqual([]);
    expect(Math.max(0, ...read.map(({ rows }) => rows)), query).toBeLessThanOrEqual(most);
    for (const { loops, rows, blocks } of read) {
      expect(blocks, query).toBeLessThanOrEqual(8 + 6 * Math.max(loops, rows));
    }
  }
}

const move = (place: object) => ann.call("issue.move", { project, issue: 4, ...place });
const list = (filter: object) => ann.ok("issue.list", { project, ...filter });
/** The list's fifth page. */
async function fifthPage(filter: object) {
  let cursor: string | null = null;
  for (let i = 0; i < 4; i += 1) cursor = (await list({ ...filter, cursor })).nextCursor;
  return expectIndexed(await plansOf(() => list({ ...filter, cursor })), 153);
}

test.each([
  ["below another", () => ({ stageId: stage.Done, after: 3002 })],
  ["above another", () => ({ stageId: stage.Done, before: 17_003 })],
  ["on top", () => ({ stageId: stage["In Progress"], after: null })],
  ["to the bottom", () => ({ stageId: stage.Done })],
  ["within its stage", () => ({})],
])("a move %s reads a few index entries of a long column", async (_, place) => {
  expectIndexed(await plansOf(() => move(place())), 2);
});

test("a move reads no more where thousands of deleted issues lie", async () => {
  const { pool } = app.parts.database;
  await pool.query("update issues set deleted_at = now() where stage_id = $1 and number % 4 > 0", [stage.Todo]);
  await pool.query("vacuum analyze issues");

  expectIndexed(await plansOf(() => move({ stageId: stage.Todo })), 2);
  expectIndexed(await plansOf(() => move({ stageId: stage.Todo, after: null })), 2);
});

test("a stage's room is counted no further than its limit", async () => {
  await ann.ok("stage.update", { project, stageId: stage.Done ?? "", patch: { wipLimit: 5 } });

  const plans = await plansOf(() => move({ issue: 5, stageId: stage.Done }));

  // The issue itself is met too.
  expectIndexed(plans, 6);
});

test("creating, changing, deleting and restoring an issue read a few index entries", async () => {
  let issue = 0;
  const plans = await plansOf(async () => {
    issue = (await ann.ok("issue.create", { project, title: "New", stageId: stage["In Progress"] })).number;
    await ann.ok("issue.update", { project, issue, patch: { status: "open", title: "Changed" } });
    await ann.ok("issue.delete", { project, issue });
    await ann.ok("issue.restore", { project, issue });
    await ann.ok("issue.purge", { project, issue });
  });

  expectIndexed(plans, 2);
});

test("a board counts by index and reads one page of each column", async () => {
  const plans = await plansOf(() => ann.ok("board.get", { project }));

  const counting = plans.filter(({ query }) => query.includes("count(*)"));
  expect(counting).toHaveLength(7);
  expectIndexed(counting, 20_000);
  expectIndexed(
    plans.filter((plan) => !counting.includes(plan)),
    3 * 51,
  );
});

test("a page of a column reads that page, far down too", async () => {
  const column = { project, stageId: stage["In Progress"] ?? "", limit: 100 };
  let cursor: string | null = null;
  for (let i = 0; i < 10; i += 1) cursor = (await ann.ok("board.column", { ...column, cursor })).nextCursor;

  expectIndexed(await plansOf(() => ann.ok("board.column", { ...column, cursor })), 101);
});

test.each(["updated", "created", "priority"] as const)(
  "issues sorted by %s are read a page at a time",
  async (sort) => {
    // In the order of creation, deleted issues are met too.
    expectIndexed(await plansOf(() => list({ sort })), sort === "created" ? 100 : 51);
    await fifthPage({ sort });
  },
);

test("issues in board order are read a page of each column at a time", async () => {
  expectIndexed(await plansOf(() => list({ sort: "rank" })), 3 * 51);
  await fifthPage({ sort: "rank" });
  expectIndexed(await plansOf(() => list({ sort: "rank", stageId: stage["In Progress"] })), 51);
});

test("a search reads what matches in its project", async () => {
  const { pool } = app.parts.database;
  const { rows } = await pool.query("select md5('7') as word");

  const plans = await plansOf(() => list({ q: rows[0].word }));

  expectIndexed(plans, 200);
  expect((await list({ q: rows[0].word, limit: 100 })).items.length).toBe(100);
});

test("history is read a page at a time, of the project and of one issue", async () => {
  expectIndexed(await plansOf(() => ann.ok("activity.list", { project })), 51);
  expectIndexed(await plansOf(() => ann.ok("activity.list", { project, issue: 7 })), 51);
});
