import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WireEvent } from "../../protocol/index.ts";
import { applyEvent, applyEvents, GapError, type LiveBoard } from "../../src/client/board.ts";
import { actor, at, createProject, type Project } from "./project-model.ts";

/** Each column that does not call itself stale holds what it says, and its cursor leads to all the rest. */
function checkWindows(board: LiveBoard, project: Project): number {
  const sure = board.columns.filter(({ stale }) => !stale);
  for (const { stageId, count, issues, nextCursor } of sure) {
    const all = project.columnOf(stageId);
    const [rank = "", number = 0] = nextCursor === null ? [] : (JSON.parse(nextCursor) as [string, number]);
    const behind = all.filter((card) => card.rank > rank || (card.rank === rank && card.number > number));
    expect(count).toBe(all.length);
    expect([...issues, ...(nextCursor === null ? [] : behind)]).toEqual(all);
  }
  return sure.length;
}

const n = fc.nat(40);
const rank = fc.integer({ min: 0, max: 9 }).map((digit) => `a${digit}`);
const step = fc.oneof(
  fc.tuple(fc.constant("create" as const), n, rank),
  fc.tuple(fc.constant("create" as const), n, rank),
  fc.tuple(fc.constant("rename" as const), n),
  fc.tuple(fc.constant("rerank" as const), n, rank),
  fc.tuple(fc.constant("move" as const), n, n, rank),
  fc.tuple(fc.constant("remove" as const), n),
  fc.tuple(fc.constant("restore" as const), n, rank),
  fc.tuple(fc.constant("purge" as const), n),
  fc.tuple(fc.constant("addStage" as const)),
  fc.tuple(fc.constant("reorder" as const), n),
  fc.tuple(fc.constant("removeStage" as const), n, n),
);
const steps = fc.array(step, { minLength: 1, maxLength: 40 });
/** Enough to hide some behind every window. */
const crowd = fc.array(fc.tuple(fc.constant("create" as const), n, rank), { minLength: 5, maxLength: 20 });

function take(project: Project, [name, ...args]: unknown[]): void {
  const action = project[name as "create"] as (...args: unknown[]) => void;
  action(...args);
}

test("events that the board has are dropped, and a gap is an error", () => {
  const project = createProject();
  project.create(0, "a1");
  const board = project.snapshot(10);
  project.create(0, "a2");
  project.create(0, "a3");
  const [first, second, third] = project.log as [WireEvent, WireEvent, WireEvent];

  expect(applyEvent(board, first)).toBe(board);
  expect(() => applyEvent(board, third)).toThrow(new GapError(1, 3));
  expect(applyEvents(board, [first, second, second, third])).toEqual(project.snapshot(10));
});

test("an event of which the board knows nothing only counts", () => {
  const board = createProject().snapshot(10);
  const event = { seq: 1, type: "comment.created", at, actor, data: { comment: {} } };

  expect(applyEvent(board, event)).toEqual({ ...board, seq: 1 });
  expect(applyEvent(board, { ...event, type: "toString" })).toEqual({ ...board, seq: 1 });
});

test("what an event does not touch keeps its identity", () => {
  const project = createProject();
  project.create(0, "a1");
  project.create(1, "a1");
  const board = project.snapshot(10);
  project.rename(0);

  const later = applyEvents(board, project.log);

  expect(later.columns[0]).not.toBe(board.columns[0]);
  expect(later.columns[1]).toBe(board.columns[1]);
  expect(later.stages).toBe(board.stages);
});

test("cards stand in the order of the bytes of their ranks", () => {
  const project = createProject();
  const board = project.snapshot(10);
  for (const rank of ["a0", "Zz", "a0V", "ZzV", "b00"]) project.create(0, rank);

  const [column] = applyEvents(board, project.log).columns;

  expect(column?.issues.map(({ rank }) => rank)).toEqual(["Zz", "ZzV", "a0", "a0V", "b00"]);
});

describe("of an issue behind the window", () => {
  /** Windows of one card, with as many hidden behind them. */
  function windows(...hidden: number[]) {
    const project = createProject();
    for (const [stage, count] of hidden.entries()) {
      for (let i = 0; i <= count; i += 1) project.create(stage, `a${i}`);
    }
    return { project, board: project.snapshot(1) };
  }
  const staleness = (board: LiveBoard, project: Project) =>
    applyEvents(board, project.log).columns.map(({ count, stale = false }) => ({ count, stale }));

  test("the column that it leaves is known when no other hides any", () => {
    const { project, board } = windows(2, 0);
    project.move(1, 1, "a9");

    // The card that came is not: it was never shown.
    expect(staleness(board, project)).toEqual([
      { count: 2, stale: false },
      { count: 2, stale: true },
    ]);
  });

  test("the column that it leaves is not known when others hide some too", () => {
    const { project, board } = windows(2, 2);
    project.remove(1);

    expect(staleness(board, project).map(({ stale }) => stale)).toEqual([true, true]);
  });

  test("a place behind another window makes no column stale", () => {
    const { project, board } = windows(2, 2);
    project.move(1, 1, "a9");

    expect(staleness(board, project)).toEqual([
      { count: 2, stale: false },
      { count: 4, stale: false },
    ]);
  });

  test("nothing hidden any more makes the window whole", () => {
    const { project, board } = windows(1, 0);
    project.remove(1);

    expect(applyEvents(board, project.log)).toEqual(project.snapshot(10));
  });
});

describe("whatever happens", () => {
  test("a board that shows everything equals a fresh snapshot", () => {
    fc.assert(
      fc.property(steps, steps, (before, after) => {
        const project = createProject();
        for (const one of before) take(project, one);
        let board: LiveBoard = project.snapshot(1000);
        for (const one of after) {
          take(project, one);
          board = applyEvents(board, project.log);
          expect(board).toEqual(project.snapshot(1000));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("a window tells the truth or says that it cannot know it", () => {
    let sure = 0;
    fc.assert(
      fc.property(crowd, steps, steps, fc.integer({ min: 1, max: 4 }), (early, before, after, perColumn) => {
        const project = createProject();
        for (const one of [...early, ...before]) take(project, one);
        let board: LiveBoard = project.snapshot(perColumn);
        for (const one of after) {
          take(project, one);
          board = applyEvents(board, project.log);
          sure += checkWindows(board, project);
        }
      }),
      { numRuns: 500 },
    );
    expect(sure).toBeGreaterThan(1000);
  });
});
