/** A live board: in step with the project, showing own changes at once and taking back only what is refused. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { applyEvents, type BoardStore } from "../../src/client/index.ts";
import { type Running, startApp, startAppForTest } from "../support/harness.ts";
import { seedIssues } from "../support/seed.ts";
import { createWorld } from "../support/world.ts";
import { join, openReady, soon, startNetwork, until } from "./join.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp({ headEveryMs: 50 });
});
afterAll(() => app.close());

const stages = { todo: ["a", "b", "c"], doing: ["d"], done: [] };
const titlesOf = (board: BoardStore): string[][] =>
  (board.current.board?.columns ?? []).map(({ issues }) => issues.map(({ title }) => title));
const columnsOf = (board: BoardStore) => board.current.board?.columns ?? [];

async function openWorld(perColumn?: number) {
  const world = await createWorld(app, { members: { ann: "owner", bob: "developer" }, stages, listening: false });
  const network = await startNetwork(app);
  const client = join(network.url, { token: world.bob.token });
  const board = await openReady(client, world.project, perColumn);
  return { ...world, network, client, board };
}

test("a board opens with a snapshot and follows what others do", async () => {
  const { ann, board, project, stage, issue } = await openWorld();
  const seen: number[] = [];
  board.subscribe(({ board: shown }) => void seen.push(shown?.seq ?? 0));

  await ann.ok("issue.move", { project, issue: issue.c ?? 0, stageId: stage.doing, after: null });
  await ann.ok("issue.create", { project, title: "e", stageId: stage.done });
  const present = await ann.ok("board.get", { project, perColumn: 100 });

  await soon(() => board.current.board).toEqual(present);
  expect(titlesOf(board)).toEqual([["a", "b"], ["c", "d"], ["e"]]);
  expect(seen).toEqual(seen.toSorted((x, y) => x - y));
  expect(board.current).toMatchObject({ status: "ready", pending: 0 });
});

test("an own move is shown at once, and confirmed by its event", async () => {
  const { board, stage, issue, ann, project } = await openWorld();

  const moving = board.move({ issue: issue.a ?? 0, stageId: stage.doing, after: issue.d });
  expect(titlesOf(board)).toEqual([["b", "c"], ["d", "a"], []]);
  expect(board.current.pending).toBe(1);
  const moved = await moving;

  expect(moved.stageId).toBe(stage.doing);
  await soon(() => board.current.pending).toBe(0);
  expect(board.current.board).toEqual(await ann.ok("board.get", { project, perColumn: 100 }));
});

test.each([
  ["on top", { issue: 3, after: null }, ["c", "a", "b"]],
  ["above another", { issue: 3, before: 2 }, ["a", "c", "b"]],
  ["below another", { issue: 1, after: 2 }, ["b", "a", "c"]],
  ["at the bottom", { issue: 1 }, ["b", "c", "a"]],
])("a move %s is shown as the server will have it", async (_, input, expected) => {
  const { board } = await openWorld();

  const moving = board.move(input);

  expect(titlesOf(board)[0]).toEqual(expected);
  await moving;
  await soon(() => board.current.pending).toBe(0);
  expect(titlesOf(board)[0]).toEqual(expected);
});

test("other changes are shown at once too, and come out the same", async () => {
  const { ann, bob, board, project } = await openWorld();
  const { id: tagId } = await ann.ok("tag.create", { project, name: "bug", color: "#ff0000" });
  const sprint = { name: "One", startsAt: "2026-01-01T00:00:00.000Z", endsAt: "2026-01-15T00:00:00.000Z" };
  const { id: sprintId } = await ann.ok("sprint.create", { project, ...sprint });
  await soon(() => [board.current.board?.tags.length, board.current.board?.sprints.length]).toEqual([1, 1]);

  const changing = [
    board.update({ issue: 1, patch: { title: "A", priority: "critical", description: "not on a card" } }),
    board.update({ issue: 2, patch: { status: "in_progress" } }),
    board.setTags({ issue: 1, tagIds: [tagId] }),
    board.setAssignees({ issue: 1, userIds: [bob.userId] }),
    board.setSprint({ issue: 1, sprintId }),
  ];
  const early = columnsOf(board).map(({ issues }) =>
    issues.map(({ version: _, updatedAt: __, rank: ___, ...card }) => card),
  );
  await Promise.all(changing);
  await soon(() => board.current.pending).toBe(0);

  const late = columnsOf(board).map(({ issues }) =>
    issues.map(({ version: _, updatedAt: __, rank: ___, ...card }) => card),
  );
  expect(early).toEqual(late);
  expect(early[0]?.[0]).toMatchObject({ title: "A", priority: "critical", sprintId, tags: [{ id: tagId }] });
  expect(titlesOf(board)).toEqual([["A", "c"], ["d", "b"], []]);
});

test("only what is refused is taken back", async () => {
  const { ann, board, network, project, stage, issue } = await openWorld();
  await ann.ok("stage.update", { project, stageId: stage.doing ?? "", patch: { wipLimit: 1, wipMode: "block" } });
  network.refuse();

  const renaming = board.update({ issue: issue.a ?? 0, patch: { title: "A" } });
  const refused = board.move({ issue: issue.b ?? 0, stageId: stage.doing });
  const moving = board.move({ issue: issue.c ?? 0, stageId: stage.done });
  expect(titlesOf(board)).toEqual([["A"], ["d", "b"], ["c"]]);
  await ann.ok("issue.update", { project, issue: issue.b ?? 0, patch: { title: "B" } });
  network.admit();

  await expect(refused).rejects.toMatchObject({ code: "wip_exceeded", details: { wipLimit: 1 } });
  await Promise.all([renaming, moving]);
  await soon(() => board.current.pending).toBe(0);
  expect(titlesOf(board)).toEqual([["A", "B"], ["d"], ["c"]]);
});

test("a change never shows twice nor goes back and forth between its answer and its event", async () => {
  const { board, network, stage } = await openWorld();
  const shown: string[] = [];
  board.subscribe(() => void shown.push(JSON.stringify(titlesOf(board))));
  // The answer overtakes the event.
  network.rule((_, frame) => (frame.startsWith('42["events"') ? "drop" : "pass"));

  await board.move({ issue: 1, stageId: stage.done });
  await soon(() => board.current.pending).toBe(0);

  expect(new Set(shown)).toEqual(new Set([JSON.stringify([["b", "c"], ["d"], ["a"]])]));
});

test("changes made offline are shown, kept, and applied in order when the connection is back", async () => {
  const { ann, board, client, network, project, stage } = await openWorld();
  network.refuse();
  await until(client, ({ status }) => status === "offline");

  const changing = [
    board.move({ issue: 1, stageId: stage.doing, after: null }),
    board.update({ issue: 1, patch: { title: "A" } }),
    board.move({ issue: 2, stageId: stage.doing, after: 1 }),
  ];
  await ann.ok("issue.update", { project, issue: 3, patch: { title: "C" } });
  expect(titlesOf(board)).toEqual([["c"], ["A", "b", "d"], []]);
  network.admit();
  await Promise.all(changing);

  await soon(() => titlesOf(board)).toEqual([["C"], ["A", "b", "d"], []]);
  await soon(() => board.current.pending).toBe(0);
  expect(await board.verify()).toBe("inStep");
});

test("a board can prove that it is in step, and mends itself when it is not", async () => {
  const { board, project, projectId, ann } = await openWorld();
  const before = await board.verify();
  await app.parts.database.pool.query("update issues set version = 9 where project_id = $1 and number = 2", [
    projectId,
  ]);

  const tampered = await board.verify();
  const after = await board.verify();

  expect([before, tampered, after]).toEqual(["inStep", "outOfStep", "inStep"]);
  expect(board.current.board).toEqual(await ann.ok("board.get", { project, perColumn: 100 }));
});

test("a proof waits for the events that it is about", async () => {
  const { ann, board, network, project } = await openWorld();
  network.rule((_, frame) => (frame.startsWith('42["events"') ? "drop" : "pass"));
  const { version } = await ann.ok("issue.update", { project, issue: 1, patch: { title: "unheard" } });

  const verdict = await board.verify();

  expect(verdict).toBe("inStep");
  expect(columnsOf(board)[0]?.issues[0]).toMatchObject({ title: "unheard", version });
});

test("verifying while others write all the time is about one moment", async () => {
  const { ann, board, project } = await openWorld();
  let isOver = false;
  const write = async () => {
    for (let i = 0; i < 60; i += 1) await ann.ok("comment.add", { project, issue: 1 + (i % 4), body: `C${i}` });
    isOver = true;
  };

  const writing = write();
  const verdicts = [];
  while (!isOver) verdicts.push(await board.verify());
  await writing;

  expect(verdicts.length).toBeGreaterThan(5);
  expect(new Set(verdicts)).toEqual(new Set(["inStep"]));
});

test("a window that can no longer be told is read again", async () => {
  const { ann, board, project, issue } = await openWorld(1);
  expect(columnsOf(board).map(({ count, issues }) => [count, issues.length])).toEqual([
    [3, 1],
    [1, 1],
    [0, 0],
  ]);

  await ann.ok("issue.move", { project, issue: issue.c ?? 0, after: null });

  await soon(() => titlesOf(board)).toEqual([["c"], ["d"], []]);
  expect(board.current.board).toEqual(await ann.ok("board.get", { project, perColumn: 1 }));
  expect(await board.verify()).toBe("unknown");
});

test("more cards of a column are of the same moment as the board, while others write", async () => {
  const world = await createWorld(app, { members: { ann: "admin" }, stages: { todo: [] }, listening: false });
  const { ann, project, projectId, stage } = world;
  await seedIssues(app, { projectId, count: 250, stageIds: [stage.todo ?? ""] });
  const board = await openReady(join(app.url, { token: ann.token }), project, 40);
  let isOver = false;
  const write = async () => {
    for (let i = 0; !isOver; i += 1) {
      await ann.ok("comment.add", { project, issue: 1 + ((i * 7) % 250), body: `C${i}` });
      await ann.ok("issue.move", { project, issue: 1 + ((i * 3) % 40), after: 1 + ((i * 5 + 1) % 40) }).catch(() => 0);
    }
  };

  const writing = write();
  for (let i = 0; i < 20 && columnsOf(board)[0]?.nextCursor; i += 1) await board.more(stage.todo ?? "");
  isOver = true;
  await writing;

  expect(columnsOf(board)[0]).toMatchObject({ count: 250, nextCursor: null });
  expect(await board.verify()).toBe("inStep");
});

test("a restored database gives a board its new snapshot", async () => {
  const restored = await startAppForTest({ pollMs: 20, headEveryMs: 50 });
  const { ann, project, stream } = await createWorld(restored, { stages: { todo: ["a"] }, listening: false });
  const board = await openReady(join(restored.url, { token: ann.token }), project);
  const { pool } = restored.parts.database;
  const seq = board.current.board?.seq ?? 0;
  await pool.query("update issues set title = 'as it was', version = 1");
  await pool.query("delete from events where stream = $1 and seq > $2", [stream, seq - 1]);
  await pool.query("update streams set epoch = 'restored', seq = $2 where id = $1", [stream, seq - 1]);

  await soon(() => titlesOf(board)).toEqual([["as it was"]]);
  await board.update({ issue: 1, patch: { title: "as it is" } });

  await soon(() => board.current.pending).toBe(0);
  expect(board.current.board).toMatchObject({ epoch: "restored", seq });
  expect(await board.verify()).toBe("inStep");
});

test("whoever is removed keeps the last sight of the board, and learns that it is gone", async () => {
  const { ann, bob, board, org } = await openWorld();

  await ann.ok("member.remove", { org, userId: bob.userId });

  await soon(() => board.current.status).toBe("gone");
  expect(titlesOf(board)).toEqual([["a", "b", "c"], ["d"], []]);
});

test("a project that does not exist is gone from the start", async () => {
  const { client } = await openWorld();

  await expect(openReady(client, "acme/nowhere")).rejects.toMatchObject({ code: "not_found" });
});

test("a closed board is left as it was", async () => {
  const { ann, board, project } = await openWorld();
  const before = board.current.board;

  board.close();
  await ann.ok("issue.update", { project, issue: 1, patch: { title: "unseen" } });

  expect(board.current.board).toBe(before);
  expect(board.current.board && applyEvents(board.current.board, [])).toBe(before);
});
