import { afterAll, beforeAll, expect, test } from "vitest";
import type { ClientInput, CommandName } from "../../protocol/index.ts";
import { type Running, startApp } from "../support/harness.ts";
import { seedIssues } from "../support/seed.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
const statements: string[] = [];
beforeAll(async () => {
  const quiet = { pollMs: 3_600_000, headEveryMs: 3_600_000 };
  app = await startApp({ onStatement: (text) => statements.push(text), ...quiet });
});
afterAll(() => app.close());

test("each mutation of an issue or a stage sends at most six statements, whatever the size of the board", async () => {
  const { ann, project, projectId, stage } = await createWorld(app, { stages: { todo: [], doing: [], done: [] } });
  const { todo = "", doing = "", done = "" } = stage;
  await seedIssues(app, { projectId, count: 2000, stageIds: [todo, doing, done] });
  const sent: [CommandName, number][] = [];
  const send = async <N extends CommandName>(name: N, input: Omit<ClientInput<N>, "project">) => {
    statements.length = 0;
    await ann.ok(name, { project, ...input } as ClientInput<N>);
    const transaction = statements.slice(statements.indexOf("begin"), statements.indexOf("commit") + 1);
    sent.push([name, transaction.length]);
  };

  await send("issue.create", { title: "One more", assigneeIds: [ann.userId] });
  await send("issue.update", { issue: 1, patch: { title: "Title", status: "resolved" } });
  await send("issue.move", { issue: 1, stageId: todo, after: 3 });
  await send("issue.delete", { issue: 1 });
  await send("issue.restore", { issue: 1 });
  await send("issue.purge", { issue: 1 });
  await send("stage.create", { name: "New", status: "closed" });
  await send("stage.update", { stageId: todo, patch: { status: "resolved", wipLimit: 9 } });
  const { items } = await ann.ok("stage.list", { project });
  await send("stage.reorder", { stageIds: items.map(({ id }) => id).toReversed() });
  await send("stage.delete", { stageId: doing, moveTo: done });
  await send("stage.delete", { stageId: done });

  expect(sent.filter(([, count]) => count < 4 || count > 6)).toEqual([]);
});

test("a board is read by seven statements, however many stages it has", async () => {
  const { ann, project } = await createWorld(app, {
    stages: Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`stage ${i}`, [`issue ${i}`]])),
  });
  await ann.ok("board.get", { project });
  statements.length = 0;

  const { columns } = await ann.ok("board.get", { project });

  expect(columns).toHaveLength(12);
  expect(statements).toHaveLength(7);
});
