/** Runs that someone asks for: dry runs, real ones, and replays of what has been. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

vi.setConfig({ testTimeout: 60_000 });
let app: Running;
beforeAll(async () => {
  app = await startApp({ sweepMs: 200 });
});
afterAll(() => app.close());

const open = () => createWorld(app, { members: { ann: "admin", dev: "developer" } });

/** Everything that a command may change in a project. */
async function stateOf(projectId: string) {
  const { rows } = await app.parts.database.pool.query(
    `select
      (select json_agg(i order by number) from issues i where project_id = $1) as issues,
      (select json_agg(c order by c.id) from comments c join issues i on i.id = c.issue_id where i.project_id = $1) as comments,
      (select seq from streams where id = 'project:' || $1) as seq`,
    [projectId],
  );
  return rows[0];
}

test("a dry run tells what it would do, one thing building on the other, and changes nothing", async () => {
  const { ann, dev, project, projectId } = await open();
  const { number: issue } = await dev.ok("issue.create", { project, title: "cart" });
  const { id: scriptId } = await ann.ok("script.create", {
    project,
    name: "Splitter",
    enabled: false,
    source: `on_event("issue.created", function(ctx)
      local part = ctx.project:create_issue{ title = "part of " .. ctx.issue.title }
      part:update{ priority = "major" }
      log(part.number, part.priority, ctx.project:issue(part.number).priority)
      local moved, why = pcall(function() part:move{ stage = "nowhere" } end)
      log(moved)
    end)`,
  });
  const before = await stateOf(projectId);

  const { run, dryRun, commands } = await ann.ok("script.run", { scriptId });

  expect(dryRun).toBe(true);
  expect(run).toMatchObject({
    status: "ok",
    trigger: "manual",
    mutations: 2,
    output: `${issue + 1}\tmajor\tmajor\nfalse`,
  });
  expect(commands).toEqual([
    { command: "issue.create", ok: true, input: expect.objectContaining({ title: "part of cart" }) },
    { command: "issue.update", ok: true, input: expect.objectContaining({ issue: issue + 1 }) },
  ]);
  expect(await stateOf(projectId)).toEqual(before);
  expect((await ann.ok("script.logs", { scriptId })).items).toEqual([]);
});

test("a dry run shows what would be refused", async () => {
  const { ann, dev, project, stage } = await open();
  await ann.ok("stage.update", { project, stageId: stage.doing ?? "", patch: { wipLimit: 0 } }).catch(() => undefined);
  await dev.ok("issue.create", { project, title: "cart" });
  const { id: scriptId } = await ann.ok("script.create", {
    project,
    name: "Wrong",
    enabled: false,
    source: `on_event("issue.created", function(ctx)\n  ctx.issue:update{ priority = "huge" }\nend)`,
  });

  const { run, commands } = await ann.ok("script.run", { scriptId });

  expect(run).toMatchObject({ status: "failed", error: { code: "script_error", line: 2 } });
  expect(commands).toEqual([
    expect.objectContaining({
      command: "issue.update",
      ok: false,
      error: expect.objectContaining({ code: "invalid" }),
    }),
  ]);
});

test("a real run does it, once for one command id", async () => {
  const { ann, dev, project } = await open();
  const { number: issue } = await dev.ok("issue.create", { project, title: "cart" });
  const { id: scriptId } = await ann.ok("script.create", {
    project,
    name: "Greeter",
    enabled: false,
    source: `on_event("issue.created", function(ctx) ctx.issue:add_comment("hello") end)`,
  });
  const created = await dev.next("issue.created");
  const input = { scriptId, dryRun: false, eventSeq: created.seq, commandId: randomUUID() };

  const first = await ann.call("script.run", input);
  const second = await ann.call("script.run", input);

  expect(first).toMatchObject({ ok: true, data: { dryRun: false, run: { status: "ok", trigger: "manual" } } });
  expect(second).toMatchObject({ ok: true, replayed: true });
  expect((await ann.ok("issue.get", { project, issue })).commentCount).toBe(1);
  expect((await ann.ok("script.logs", { scriptId })).items).toHaveLength(1);
});

test("a replay shows issues as they were, what would have been sent, and what the log does not tell", async () => {
  const { ann, dev, project, projectId, stage } = await open();
  const { number: issue } = await dev.ok("issue.create", { project, title: "cart", stageId: stage.todo ?? "" });
  await dev.ok("issue.update", { project, issue, patch: { title: "basket" } });
  await dev.ok("issue.move", { project, issue, stageId: stage.done ?? "" });
  await dev.ok("issue.update", { project, issue, patch: { title: "trolley", priority: "critical" } });
  const { id: scriptId } = await ann.ok("script.create", {
    project,
    name: "Historian",
    enabled: false,
    source: `on_event("issue.*", function(ctx)
      log(ctx.event.type, ctx.issue.title, ctx.issue.status, ctx.issue.priority)
      ctx.issue:update{ estimate = 5 }
      log(ctx.issue.estimate, #ctx.project:stages())
    end)`,
  });
  const head = (await dev.next("issue.updated", ({ data }) => (data as { version: number }).version === 4)).seq;
  const before = await stateOf(projectId);

  const { items, nextSeq } = await ann.ok("script.replay", { scriptId, fromSeq: 1, toSeq: head });

  expect(nextSeq).toBeNull();
  expect(items.map(({ type, status, output }) => [type, status, output.split("\n")[0]])).toEqual([
    ["issue.created", "ok", "issue.created\tcart\topen\tnormal"],
    ["issue.updated", "ok", "issue.updated\tbasket\topen\tnormal"],
    ["issue.moved", "ok", "issue.moved\tbasket\tresolved\tnormal"],
    ["issue.updated", "ok", "issue.updated\ttrolley\tresolved\tcritical"],
  ]);
  expect(items[0]?.output.split("\n")[1]).toMatch(/^5\t3$/);
  expect(items[0]?.commands).toEqual([
    { command: "issue.update", ok: true, input: expect.objectContaining({ patch: { estimate: 5 } }) },
  ]);
  expect(items[0]?.notes).toContain("stage.list is answered as of now");
  expect(await stateOf(projectId)).toEqual(before);
});

test("who is no admin of the place may not run, and outsiders find nothing", async () => {
  const { ann, dev, project } = await open();
  const { id: scriptId } = await ann.ok("script.create", { project, name: "Quiet", source: "log(1)" });
  expect((await dev.refused("script.run", { scriptId })).code).toBe("forbidden");
  const stranger = (await open()).ann;
  expect((await stranger.refused("script.run", { scriptId })).code).toBe("not_found");
  expect((await ann.refused("script.run", { scriptId })).code).toBe("invalid");
  expect((await ann.refused("script.run", { scriptId, eventSeq: 99_999 })).code).toBe("not_found");
});
