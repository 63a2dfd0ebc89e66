import { afterAll, beforeAll, expect, test } from "vitest";
import type { Card, ClientInput } from "../../protocol/index.ts";
import type { Client } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { seedIssues } from "../support/seed.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const sorts = ["updated", "created", "priority", "rank", "relevance"] as const;
type Sort = (typeof sorts)[number];
type List = ClientInput<"issue.list">;

const filterOf = (sort: Sort): Partial<List> => (sort === "relevance" ? { sort, q: "cart" } : { sort });

/** All pages one after the other; `between` runs after each. */
async function walk(client: Client, list: List, between = async () => {}): Promise<Card[]> {
  const cards: Card[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await client.ok("issue.list", { ...list, cursor });
    cards.push(...page.items);
    cursor = page.nextCursor;
    await between();
  }
  return cards;
}

const priorities = ["critical", "major", "normal", "minor"];
const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0);

/** The order that each sort promises, worked out by hand. */
function expectedOrder(sort: Sort, cards: Card[], stageIds: (string | undefined)[]): number[] {
  const place = ({ stageId }: Card) => (stageId === null ? 99 : stageIds.indexOf(stageId));
  const orders: Record<Sort, (a: Card, b: Card) => number> = {
    updated: (a, b) => compare(b.updatedAt, a.updatedAt) || b.number - a.number,
    created: (a, b) => compare(b.createdAt, a.createdAt) || b.number - a.number,
    priority: (a, b) => priorities.indexOf(a.priority) - priorities.indexOf(b.priority) || a.number - b.number,
    rank: (a, b) => place(a) - place(b) || compare(a.rank, b.rank) || a.number - b.number,
    relevance: (a, b) => b.number - a.number,
  };
  return cards.toSorted(orders[sort]).map(({ number }) => number);
}

/** 95 issues of one microsecond in three stages and in none, of which 40 changed later, also in one microsecond. */
async function createMany() {
  const world = await createWorld(app);
  const { projectId, stage } = world;
  const stageIds = [stage.todo, stage.doing, stage.done];
  await seedIssues(app, { projectId, count: 95, stageIds: [...stageIds.map(String), null], sameTime: true });
  await app.parts.database.pool.query(
    "update issues set updated_at = updated_at + interval '1 microsecond' where project_id = $1 and number % 7 < 3",
    [projectId],
  );
  return { ...world, stageIds };
}

test.each(sorts)("sorted by %s, pages follow each other although most issues are equal", async (sort) => {
  const { ann, project, stageIds } = await createMany();
  const list = { project, ...filterOf(sort) };
  const { items: whole } = await ann.ok("issue.list", { ...list, limit: 100 });

  for (const limit of [1, 7, 94, 95]) {
    const numbers = (await walk(ann, { ...list, limit })).map(({ number }) => number);
    expect(numbers).toEqual(whole.map(({ number }) => number));
  }
  expect(whole).toHaveLength(95);
  if (sort !== "updated") expect(whole.map(({ number }) => number)).toEqual(expectedOrder(sort, whole, stageIds));
});

test("sorted by time of change, a microsecond counts", async () => {
  const { ann, project } = await createMany();

  const numbers = (await walk(ann, { project, limit: 10 })).map(({ number }) => number);

  const all = Array.from({ length: 95 }, (_, i) => 95 - i);
  expect(numbers).toEqual([...all.filter((n) => n % 7 < 3), ...all.filter((n) => n % 7 >= 3)]);
});

test.each(sorts)("sorted by %s, nothing is repeated or skipped while others add and change issues", async (sort) => {
  const { ann, bob, project, projectId } = await createWorld(app, { members: { ann: "viewer", bob: "developer" } });
  const { items: stages } = await bob.ok("stage.list", { project });
  await seedIssues(app, { projectId, count: 60, stageIds: stages.map(({ id }) => id), sameTime: true });
  let turn = 0;
  const disturb = async () => {
    turn += 1;
    const [to] = stages;
    await bob.ok("issue.create", { project, title: `Cart ${turn}`, priority: turn % 2 ? "critical" : "minor" });
    await bob.ok("issue.update", { project, issue: turn, patch: { title: `Another ${turn}`, priority: "normal" } });
    await bob.ok("issue.move", { project, issue: turn, stageId: to?.id, after: null });
  };

  const cards = await walk(ann, { project, ...filterOf(sort), limit: 6 }, disturb);

  const numbers = cards.map(({ number }) => number);
  const untouched = Array.from({ length: 60 }, (_, i) => i + 1).filter((number) => number > turn);
  expect(turn).toBeGreaterThan(7);
  expect(numbers.filter((number) => untouched.includes(number)).toSorted(compare)).toEqual(untouched);
});

test("filters hold on every page", async () => {
  const { ann, project, stage } = await createMany();
  const stageIds = [stage.todo, stage.done].map(String);

  for (const sort of sorts) {
    const list = { project, stageId: stageIds, type: ["bug" as const, "task" as const], ...filterOf(sort), limit: 5 };
    const cards = await walk(ann, list);
    const { items } = await ann.ok("issue.list", { ...list, limit: 100 });
    expect(cards).toEqual(items);
    expect(cards.length).toBeGreaterThan(20);
    expect(new Set(cards.map(({ stageId }) => stageId))).toEqual(new Set(stageIds));
    expect(new Set(cards.map(({ type }) => type))).toEqual(new Set(["bug", "task"]));
  }
});

test("a cursor is good for the list and the sort that made it, and for no other", async () => {
  const { ann, project, stage } = await createMany();
  const made = new Map<string, string>();
  for (const sort of sorts)
    made.set(sort, String((await ann.ok("issue.list", { project, ...filterOf(sort), limit: 1 })).nextCursor));
  made.set(
    "column",
    String((await ann.ok("board.column", { project, stageId: stage.todo ?? "", limit: 1 })).nextCursor),
  );
  made.set("activity", String((await ann.ok("activity.list", { project, limit: 1 })).nextCursor));
  made.set("names", Buffer.from(JSON.stringify(["acme", stage.todo])).toString("base64url"));
  const codeOf = async (list: string, cursor: string) => {
    const take = (name: "board.column" | "activity.list" | "issue.list", input: object) =>
      ann.send(name, { project, limit: 1, cursor, ...input });
    const ack =
      list === "column"
        ? await take("board.column", { stageId: stage.todo })
        : list === "activity"
          ? await take("activity.list", {})
          : await take("issue.list", filterOf(list as Sort));
    return ack.ok ? "ok" : ack.error.code;
  };

  for (const list of [...sorts, "column", "activity"]) {
    for (const [maker, cursor] of made) {
      expect(await codeOf(list, cursor), `${maker}'s cursor for ${list}`).toBe(maker === list ? "ok" : "invalid");
    }
  }
});
