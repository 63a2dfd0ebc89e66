/** What each mutation costs the database: statements, BEGIN and COMMIT included, whatever the size of the board. */
import { randomUUID } from "node:crypto";
import { generateNKeysBetween } from "fractional-indexing";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type CommandName, commands } from "../../protocol/index.ts";
import { routes } from "../../protocol/routes.ts";
import { type Running, startApp } from "../support/harness.ts";
import { openSession } from "../support/world.ts";
import { fixtures, type InnerCommand, innerCommands, inputFor } from "./fixtures.ts";
import { type Cast, issueBy, openCast, type Scene, senderOf, setScene } from "./scene.ts";

/** As the house rules have it: the stream's lock and the log take four, the command itself two. */
const MOST = 6;
const NEVER_MS = 1_000_000_000;

let app: Running;
let cast: Cast;
const statements: string[] = [];
const logged: string[] = [];
beforeAll(async () => {
  // Without polling and reactions, so that all statements are the command's.
  const log = pino({ level: "info" }, { write: (line) => logged.push(line) });
  app = await startApp({ log, pollMs: NEVER_MS, sweepMs: null, onStatement: (text) => statements.push(text) });
  cast = await openCast(app);
});
afterAll(async () => {
  cast.close();
  await app.close();
});

/** Puts issues into the first stage, past the commands, which would take their time. */
async function fill({ projectId, stages, maker }: Scene, count: number): Promise<void> {
  const { pool } = app.parts.database;
  await pool.query(
    `insert into issues (project_id, number, title, status, priority, type, kind, stage_id, rank, reporter_id)
     select $1, place, 'One of many', 'open', 'normal', 'task', 'task', $2, rank, $3
     from unnest($4::text[]) with ordinality as many(rank, place)`,
    [projectId, stages[0], maker.userId, generateNKeysBetween(null, null, count)],
  );
  await pool.query("update projects set last_issue_number = $2 where id = $1", [projectId, count]);
}

/** Up to a hundred issues that are there, and one at least. */
async function manyIssues(at: Scene): Promise<number[]> {
  const one = await issueBy(at, at.maker);
  const { items } = await at.maker.ok("issue.list", { project: at.project, limit: 100 });
  return [...new Set([one, ...items.map(({ number }) => number)])].slice(0, 100);
}

/** Inputs that concern as much as they can, instead of those of the fixtures. */
const heavy: { [N in InnerCommand]?: (at: Scene) => object | Promise<object> } = {
  "stage.delete": ({ project, stages }) => ({ project, stageId: stages[0], moveTo: stages[1] }),
  "stage.update": ({ project, stages }) => ({ project, stageId: stages[0], patch: { status: "closed", wipLimit: 9 } }),
  "issue.update": async (at) => {
    const issue = await issueBy(at, at.maker);
    return { project: at.project, issue, patch: { status: "in_progress", title: "Begun", priority: "major" } };
  },
  "issue.move": async (at) => {
    const [issue, after] = [await issueBy(at, at.maker), await issueBy(at, at.maker, at.stages[1])];
    return { project: at.project, issue, stageId: at.stages[1], after };
  },
  "issue.bulk": async (at) => ({
    project: at.project,
    issues: await manyIssues(at),
    patch: { status: "in_progress", priority: "major", assigneeIds: [at.as.owner.userId] },
  }),
  "sprint.complete": async (at) => {
    const input = await fixtures["sprint.complete"](at, at.maker);
    const issues = await manyIssues(at);
    await at.maker.ok("issue.bulk", { project: at.project, issues, patch: { sprintId: input.sprintId } });
    return input;
  },
  "session.revokeAll": async ({ as }) => {
    for (let i = 0; i < 20; i += 1) await openSession(app, as.owner.userId);
    return { keepCurrent: true };
  },
  "issue.create": ({ project, as }) => ({ project, title: "New", assigneeIds: [as.owner.userId], estimate: 3 }),
};

/** What a script is, and is told of, is read before anything is locked. */
const readFirst: Partial<Record<CommandName, number>> = { "script.update": 7, "script.rollback": 7, "script.run": 8 };

/** The statements of one command whose roles are known already. */
async function cost(command: InnerCommand, at: Scene): Promise<number> {
  const actor = command === "project.leave" ? at.as.developer : at.as.owner;
  const input = await (heavy[command]?.(at) ?? inputFor(command, at, actor));
  const { org, project } = at;
  await (commands[command].access.startsWith("org")
    ? actor.ok("org.get", { org })
    : actor.ok("project.get", { project }));
  // Where a script is, too.
  if ("scriptId" in input) await actor.call("script.get", { scriptId: String(input.scriptId) });
  statements.length = 0;
  const ack = await senderOf(at, command, actor).send(command, { ...input, commandId: randomUUID() });
  const count = statements.length;
  expect(ack).toMatchObject({ ok: true });
  return count;
}

const mutations = innerCommands.filter((command) => commands[command].kind === "mutation");

async function costs(issueCount: number): Promise<Record<string, number>> {
  const table: Record<string, number> = {};
  for (const command of mutations) {
    const at = await setScene(cast);
    if (issueCount > 0) await fill(at, issueCount);
    table[command] = await cost(command, at);
  }
  return table;
}

const costly = (table: Record<string, number>) =>
  Object.fromEntries(
    Object.entries(table).filter(([command, count]) => count > (readFirst[command as CommandName] ?? MOST)),
  );

test("mutations cost a constant number of statements", { timeout: 120_000 }, async () => {
  const table = await costs(0);

  expect(await costs(300)).toEqual(table);
  expect(costly(table)).toEqual({});
  expect(table).toMatchInlineSnapshot(`
    {
      "bot.create": 6,
      "bot.delete": 5,
      "bot.suspend": 6,
      "bot.update": 6,
      "comment.add": 6,
      "comment.delete": 6,
      "comment.edit": 6,
      "cursor.commit": 6,
      "draft.delete": 5,
      "draft.save": 6,
      "field.create": 5,
      "field.delete": 6,
      "field.update": 6,
      "gallery.install": 6,
      "gallery.publish": 6,
      "issue.bulk": 6,
      "issue.create": 6,
      "issue.delete": 6,
      "issue.move": 6,
      "issue.purge": 6,
      "issue.restore": 6,
      "issue.setAssignees": 6,
      "issue.setField": 6,
      "issue.setSprint": 6,
      "issue.setTags": 6,
      "issue.unwatch": 6,
      "issue.update": 6,
      "issue.watch": 6,
      "key.create": 6,
      "key.rename": 6,
      "key.revoke": 6,
      "key.rotate": 6,
      "lane.create": 5,
      "lane.delete": 6,
      "lane.reorder": 6,
      "lane.update": 6,
      "member.add": 6,
      "member.remove": 6,
      "member.setRole": 6,
      "notification.markRead": 6,
      "notification.send": 6,
      "notification.setPrefs": 5,
      "org.create": 6,
      "org.delete": 6,
      "org.transfer": 6,
      "org.update": 6,
      "plan.set": 6,
      "profile.setPassword": 6,
      "profile.update": 6,
      "project.addMember": 6,
      "project.archive": 6,
      "project.create": 6,
      "project.delete": 5,
      "project.join": 6,
      "project.leave": 6,
      "project.removeMember": 6,
      "project.setRole": 6,
      "project.unarchive": 6,
      "project.update": 6,
      "relation.add": 6,
      "relation.remove": 6,
      "script.create": 6,
      "script.delete": 5,
      "script.rollback": 7,
      "script.run": 8,
      "script.setEnabled": 6,
      "script.setPolicy": 6,
      "script.update": 7,
      "session.revoke": 5,
      "session.revokeAll": 5,
      "sprint.complete": 6,
      "sprint.create": 5,
      "sprint.delete": 6,
      "sprint.start": 6,
      "sprint.update": 6,
      "stage.create": 6,
      "stage.delete": 6,
      "stage.reorder": 6,
      "stage.update": 6,
      "tag.create": 5,
      "tag.delete": 6,
      "tag.update": 6,
      "time.delete": 6,
      "time.log": 6,
      "workflow.set": 6,
    }
  `);
});

test("signing in and out costs a constant number of statements", async () => {
  const email = `${randomUUID()}@test.example`;
  const password = "correct horse battery";
  const table: Record<string, number> = {};
  const post = async (command: CommandName & `auth.${string}`, body: object) => {
    statements.length = 0;
    const path = routes.find((route) => route.command === command)?.path;
    const response = await fetch(`${app.url}/api/v1${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    table[command] = statements.length;
    expect(response.ok).toBe(true);
    return (response.status === 204 ? {} : await response.json()) as { refreshToken: string };
  };

  await post("auth.register", { email, password });
  const { refreshToken } = await post("auth.login", { email, password });
  await post("auth.requestOtp", { email });
  const code = await vi.waitUntil(() => /sign-in code is (\d{6})/.exec(logged.join())?.[1]);
  await post("auth.verifyOtp", { email, code });
  const later = await post("auth.refresh", { refreshToken });
  await post("auth.logout", { refreshToken: later.refreshToken });

  const actions = Object.entries(commands).filter(([, { kind }]) => kind === "action");
  expect(Object.keys(table)).toEqual(actions.map(([name]) => name));
  expect(costly(table)).toEqual({});
  expect(table).toMatchInlineSnapshot(`
    {
      "auth.login": 5,
      "auth.logout": 6,
      "auth.refresh": 5,
      "auth.register": 5,
      "auth.requestOtp": 5,
      "auth.verifyOtp": 6,
    }
  `);
});
