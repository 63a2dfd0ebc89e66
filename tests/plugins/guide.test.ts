/** The second example of the guide, for real: completing a sprint takes its unfinished issues away before the script runs. */
import { readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import type { ScriptRun } from "../../protocol/index.ts";
import { packageRoot } from "../../src/kernel/package-root.ts";
import { startAppForTest } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

vi.setConfig({ testTimeout: 60_000 });

const guide = readFileSync(new URL("docs/scripts.md", packageRoot), "utf8");
const source = [...guide.matchAll(/```lua\n(.*?)```/gs)].map(([, text]) => text ?? "")[2] ?? "";

test("unfinished issues of a completed sprint go on to the next one", async () => {
  const app = await startAppForTest({ sweepMs: 200 });
  const { ann, project } = await createWorld(app, { members: { ann: "admin" } });
  const sprint = (name: string, startsAt: string, endsAt: string) =>
    ann.ok("sprint.create", { project, name, startsAt, endsAt });
  const present = await sprint("One", "2026-03-02T08:00:00Z", "2026-03-13T17:00:00Z");
  await sprint("Three", "2026-05-02T08:00:00Z", "2026-05-13T17:00:00Z");
  const next = await sprint("Two", "2026-04-02T08:00:00Z", "2026-04-13T17:00:00Z");
  await ann.ok("sprint.start", { project, sprintId: present.id });
  const add = (title: string, sprintId?: string) =>
    ann.ok("issue.create", { project, title, ...(sprintId !== undefined && { sprintId }) });
  const done = await add("done", present.id);
  await ann.ok("issue.update", { project, issue: done.number, patch: { status: "closed" } });
  await add("not done", present.id);
  await add("begun", present.id);
  await add("of the backlog");
  const script = await ann.ok("script.create", { project, name: "Roll over", source });

  await ann.ok("sprint.complete", { project, sprintId: present.id });

  const ran = await ann.next("script.ran", ({ data }) => (data as { run: ScriptRun }).run.scriptId === script.id);
  expect(ran.data).toMatchObject({ run: { status: "ok", mutations: 4 } });
  const { items } = await ann.ok("issue.list", { project, sort: "created" });
  expect(items.map(({ title, sprintId, commentCount }) => [title, sprintId, commentCount])).toEqual([
    ["of the backlog", null, 0],
    ["begun", next.id, 1],
    ["not done", next.id, 1],
    ["done", present.id, 0],
  ]);
});
