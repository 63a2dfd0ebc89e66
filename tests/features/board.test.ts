import { afterAll, beforeAll, expect, test } from "vitest";
import type { Card, WireEvent } from "../../protocol/index.ts";
import type { Client } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { seedIssues } from "../support/seed.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

test("a board shows the first cards of each column, and where the rest begins", async () => {
  const { bob, project, projectId, stage, stream } = await createWorld(app, {
    members: { bob: "viewer" },
    stages: { todo: ["first"], doing: ["a", "b"], done: [] },
  });
  await seedIssues(app, { projectId, count: 300, stageIds: [String(stage.todo)] });
  const { description: _, ...first } = await bob.ok("issue.get", { project, issue: 1 });

  const board = await bob.ok("board.get", { project, perColumn: 2 });

  const { head, epoch } = await bob.ok("sync.pull", { stream, after: 0, limit: 1 });
  const { items: stages } = await bob.ok("stage.list", { project });
  expect(board).toMatchObject({ seq: head, epoch, stages, lanes: [], tags: [], sprints: [] });
  expect(board.columns.map(({ stageId, count }) => [stageId, count])).toEqual([
    [stage.todo, 301],
    [stage.doing, 2],
    [stage.done, 0],
  ]);
  expect(board.columns.map(({ issues }) => issues.map(({ title }) => title.slice(0, 6)))).toEqual([
    ["first", "Seed 1"],
    ["a", "b"],
    [],
  ]);
  expect(board.columns.map(({ nextCursor }) => nextCursor)).toEqual([expect.any(String), null, null]);
  expect(board.columns[0]?.issues[0]).toEqual(first);
});

test("without a size a column shows fifty cards", async () => {
  const { ann, project, projectId, stage } = await createWorld(app);
  await seedIssues(app, { projectId, count: 120, stageIds: [String(stage.todo), String(stage.doing)] });

  const { columns } = await ann.ok("board.get", { project });

  expect(columns.map(({ issues }) => issues.length)).toEqual([50, 50, 0]);
});

test("a board lists the people with a role of their own", async () => {
  const { ann, project } = await createWorld(app, {
    members: { ann: "owner", eve: "viewer", gus: "guest" },
  });

  const { members } = await ann.ok("board.get", { project });

  const roles = new Map(members.map(({ user, role }) => [user.displayName, role]));
  expect(Object.fromEntries(roles)).toEqual({ maker: "admin", eve: "viewer", gus: "developer" });
});

/** A column's cards from its first page to its last. */
async function walkColumn(client: Client, project: string, stageId: string | null, between = async () => {}) {
  const { columns } = await client.ok("board.get", { project, perColumn: 20 });
  const first = columns.find((column) => column.stageId === stageId);
  const cards = [...(first?.issues ?? [])];
  for (let cursor = first?.nextCursor ?? null; cursor !== null; ) {
    await between();
    const page = await client.ok("board.column", { project, stageId, cursor, limit: 20 });
    cards.push(...page.items);
    cursor = page.nextCursor;
  }
  return cards;
}

test.each(["todo", "none"])(
  "the column %s is walked to its end, in order and without the cards of others",
  async (name) => {
    const { ann, project, projectId, stage } = await createWorld(app, { stages: { todo: [], doing: [] } });
    const other = await createWorld(app);
    const stageId = stage[name] ?? null;
    await seedIssues(app, { projectId, count: 90, stageIds: [stageId, String(stage.doing)] });
    await seedIssues(app, { projectId: other.projectId, count: 50, stageIds: [null] });

    const cards = await walkColumn(ann, project, stageId);

    expect(cards.map(({ stageId }) => stageId)).toEqual(Array(45).fill(stageId));
    expect(cards.map(({ rank }) => rank)).toEqual(cards.map(({ rank }) => rank).toSorted());
    expect(new Set(cards.map(({ number }) => number)).size).toBe(45);
    const { seq } = await ann.ok("board.get", { project });
    const page = await ann.ok("board.column", { project, stageId, limit: 100 });
    expect(page).toEqual({ items: cards, nextCursor: null, seq });
  },
);

test("walking a column of 300 cards meets each card that nobody moves once, whatever others move", async () => {
  const { ann, bob, project, projectId, stage } = await createWorld(app, {
    members: { ann: "viewer", bob: "developer" },
  });
  const { todo, doing } = stage;
  await seedIssues(app, { projectId, count: 300, stageIds: [String(todo)] });
  await seedIssues(app, { projectId, count: 30, stageIds: [String(doing)] });
  const moving = Array.from({ length: 300 }, (_, i) => i + 1).filter((number) => number % 4 === 0);
  let turn = 0;
  const disturb = async () => {
    const [one = 0, two = 0, three = 0, four = 0] = moving.slice(turn * 4);
    turn += 1;
    await Promise.all([
      bob.ok("issue.move", { project, issue: one, after: 297 }),
      bob.ok("issue.move", { project, issue: two, before: 1 }),
      bob.ok("issue.move", { project, issue: three, stageId: doing }),
      bob.ok("issue.move", { project, issue: 300 + turn, stageId: todo, after: four }),
    ]);
  };

  const cards = await walkColumn(ann, project, String(todo), disturb);

  const still = Array.from({ length: 300 }, (_, i) => i + 1).filter((number) => number % 4 !== 0);
  expect(turn).toBeGreaterThan(13);
  expect(cards.map(({ number }) => number).filter((number) => still.includes(number))).toEqual(still);
});

/** The cards of a board at `seq`, put together from the events alone. */
function replay(events: WireEvent[], seq: number): Map<number, Card> {
  const cards = new Map<number, Card>();
  for (const { type, data } of events.filter((event) => event.seq <= seq && event.type.startsWith("issue."))) {
    const { issue, number, version, updatedAt, changes } = data as Record<string, never> & { issue?: Card };
    const known = cards.get(number);
    if (issue) cards.set(issue.number, issue);
    else if (type === "issue.deleted" || type === "issue.purged") cards.delete(number);
    else if (known) cards.set(number, { ...known, ...(changes as object), version, updatedAt });
  }
  return cards;
}

const byColumn = (stageIds: (string | null)[], cards: Map<number, Card>) =>
  stageIds.map((stageId) =>
    [...cards.values()]
      .filter((card) => card.stageId === stageId)
      .toSorted((a, b) => (a.rank < b.rank ? -1 : a.rank > b.rank ? 1 : a.number - b.number)),
  );

test("a board is the sum of exactly the events up to its seq, however busy its writers", async () => {
  const { ann, bob, eve, project, stage, stream } = await createWorld(app, {
    members: { ann: "admin", bob: "developer", eve: "viewer" },
    stages: { todo: ["a", "b", "c", "d", "e", "f"], doing: ["g", "h"], done: [] },
  });
  const stageIds = Object.values(stage);
  const write = async (client: Client, i: number) => {
    const issue = 1 + ((i * 5) % 8);
    const stageId = stageIds[i % 3];
    await client.call("issue.move", { project, issue, stageId, after: i % 4 ? null : 1 + ((i * 3) % 8) });
    await client.call("issue.update", {
      project,
      issue,
      patch: { status: i % 2 ? "resolved" : "open", title: `T${i}` },
    });
    if (i % 4 === 0) await client.call("issue.create", { project, title: `New ${i}`, assigneeIds: [bob.userId] });
    if (i % 5 === 0) await ann.call("issue.delete", { project, issue: 1 + (i % 8) });
    if (i % 5 === 3) await ann.call("issue.restore", { project, issue: 1 + ((i - 3) % 8) });
    if (i === 20) await ann.call("stage.update", { project, stageId: stage.done ?? "", patch: { status: "closed" } });
  };
  let writing = true;
  const read = async () => {
    const boards = [];
    while (writing) boards.push(await eve.ok("board.get", { project, perColumn: 100 }));
    return boards;
  };

  const reading = [read(), read()];
  for (let i = 0; i < 30; i += 1) await Promise.all([write(ann, i), write(bob, i + 7), write(bob, i + 11)]);
  writing = false;
  const boards = (await Promise.all(reading)).flat();

  const { events, more } = await eve.ok("sync.pull", { stream, after: 0 });
  expect(more).toBe(false);
  expect(new Set(boards.map(({ seq }) => seq)).size).toBeGreaterThan(10);
  for (const { seq, columns } of boards) {
    const expected = byColumn(stageIds, replay(events, seq));
    expect(columns.map(({ issues }) => issues)).toEqual(expected);
    expect(columns.map(({ count }) => count)).toEqual(expected.map(({ length }) => length));
  }
});
