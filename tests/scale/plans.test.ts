/** What is read when an organization has 100,000 issues and 1,000,000 events: every plan, of the statements really sent. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSeeder, sessionId, userId } from "../../bench/seed.ts";
import { type Question, questions } from "../../bench/tracker-questions.ts";
import { large, PEOPLE, seedTracker } from "../../bench/tracker-seed.ts";
import { type Client, connect } from "../support/client.ts";
import { type Explained, type Plan, startExplained } from "../support/plans.ts";

let app: Explained;
let ann: Client;
const project = large.ref;

beforeAll(async () => {
  app = await startExplained(async (client) => {
    await createSeeder(client).people(PEOPLE);
    await seedTracker(client);
  });
  const token = app.parts.tokens.sign({ userId: userId(1), sessionId: sessionId(1) }).token;
  ann = await connect(app.url, { userId: userId(1), token });
}, 300_000);
afterAll(async () => {
  ann?.close();
  await app?.close();
});

/** Runs it often enough that prepared statements may get a generic plan, and gives all plans. */
const plansOf = (act: (turn: number) => Promise<unknown>): Promise<Plan[]> =>
  app.plansOf(async () => {
    for (let turn = 0; turn < 7; turn += 1) await act(turn);
  });

const grows = [
  "issues",
  "events",
  "comments",
  "issue_texts",
  "known_words",
  "time_entries",
  "notifications",
  "watchers",
];

/** Fails on a sequential scan of a table that grows, and on more rows read by one step of a plan than this. */
function expectIndexed(plans: Plan[], most: number): void {
  expect(plans.length).toBeGreaterThan(6);
  for (const { query, scans } of plans) {
    const read = scans.filter(({ table }) => grows.includes(table));
    expect(
      read.filter(({ by }) => by === "Seq Scan"),
      query,
    ).toEqual([]);
    expect(Math.max(0, ...read.map(({ rows }) => rows)), query).toBeLessThanOrEqual(most);
  }
}

/** Besides, each row costs a few blocks of table and index at most: no index is read past what is dead or of no use. */
function expectFew(plans: Plan[], most: number): void {
  expectIndexed(plans, most);
  for (const { query, scans } of plans) {
    for (const { rows, blocks } of scans) expect(blocks, query).toBeLessThanOrEqual(8 + 6 * rows);
  }
}

test("the organization is as large as it says", async () => {
  const { rows } = await app.parts.database.pool.query(
    "select (select count(*) from issues)::int as issues, (select count(*) from events)::int as events",
  );
  expect(rows[0].issues).toBeGreaterThanOrEqual(100_000);
  expect(rows[0].events).toBeGreaterThanOrEqual(1_000_000);
});

test.each(questions)("$what reads by index and no more than it needs", async ({ command, inputs, rows }: Question) => {
  const plans = await plansOf(async (turn) => {
    const ack = await ann.send(command, inputs[turn % inputs.length]);
    expect(ack).toMatchObject({ ok: true });
  });

  expectIndexed(plans, rows);
});

test("filters, which come in many forms, leave no prepared statement behind", async () => {
  const { rows } = await app.parts.database.pool.query(
    "select count(*)::int as kept, count(*) filter (where statement like '%planned anew%')::int as anew from pg_prepared_statements",
  );
  expect(rows[0].kept).toBeGreaterThan(20);
  expect(rows[0].anew).toBe(0);
});

const list = (filter: object) => ann.ok("issue.list", { project, ...filter });

test.each(["updated", "created", "priority", "rank"] as const)("so does a later page of issues by %s", async (sort) => {
  let cursor: string | null = null;
  for (let i = 0; i < 10; i += 1) cursor = (await list({ sort, limit: 100, cursor })).nextCursor;

  expectIndexed(await plansOf(() => list({ sort, cursor })), 5 * 51);
});

test("so does a later page of a column, of a search and of a history", async () => {
  const column = { project, stageId: large.stage("Done"), limit: 100 };
  const next: Record<string, string | null> = {};
  for (let i = 0; i < 5; i += 1) {
    next["column"] = (await ann.ok("board.column", { ...column, cursor: next["column"] })).nextCursor;
    next["type"] = (await ann.ok("activity.list", { project, type: "issue.updated", cursor: next["type"] })).nextCursor;
  }

  expectIndexed(await plansOf(() => ann.ok("board.column", { ...column, cursor: next["column"] })), 101);
  const updates = { project, type: "issue.updated", cursor: next["type"] };
  expectIndexed(await plansOf(() => ann.ok("activity.list", updates)), 51);
});

const move = (place: object) => ann.call("issue.move", { project, issue: 25, ...place });

test.each([
  ["below another", { stageId: large.stage("Done"), after: 103 }],
  ["above another", { stageId: large.stage("Done"), before: 17_003 }],
  ["on top", { stageId: large.stage("Doing"), after: null }],
  ["to the bottom", { stageId: large.stage("Done") }],
  ["within its stage", {}],
])("a move %s reads a few index entries of a long column", async (_, place) => {
  expectFew(await plansOf(() => move(place)), 2);
});

test("a move reads no more where thousands of deleted issues lie", async () => {
  const { pool } = app.parts.database;
  await pool.query("update issues set deleted_at = now() where stage_id = $1", [large.stage("Closed")]);
  await pool.query("vacuum analyze issues");

  expectFew(await plansOf(() => move({ stageId: large.stage("Closed") })), 2);
  expectFew(await plansOf(() => move({ stageId: large.stage("Closed"), after: null })), 2);
});

test("a stage's room is counted no further than its limit", async () => {
  await ann.ok("stage.update", { project, stageId: large.stage("Done"), patch: { wipLimit: 5 } });

  const plans = await plansOf(() => move({ issue: 21, stageId: large.stage("Done") }));

  // The issue itself is met too.
  expectFew(plans, 6);
});

test("creating, changing, deleting and restoring an issue read a few index entries", async () => {
  const plans = await plansOf(async () => {
    const stageId = large.stage("Doing");
    const { number: issue } = await ann.ok("issue.create", { project, title: "New", stageId });
    await ann.ok("issue.update", { project, issue, patch: { status: "open", title: "Changed" } });
    await ann.ok("comment.add", { project, issue, body: "Why?" });
    await ann.ok("issue.delete", { project, issue });
    await ann.ok("issue.restore", { project, issue });
    await ann.ok("issue.purge", { project, issue });
  });

  expectFew(plans, 2);
});
