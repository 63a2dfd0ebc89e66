import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { KeyScope } from "../../protocol/index.ts";
import { prunePositions, pruneRuns } from "../../src/features/script/repository/prune.ts";
import { connect } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { quiet, scriptWorld, thanks, weekly } from "../support/script-world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());
const { withScript, query, positions, ticks, head } = scriptWorld(() => app);

test("names are unique where a script is", async () => {
  const { ann, org, project, scriptId } = await withScript();
  const { id: other } = await ann.ok("script.create", { project, name: "Other", source: quiet });

  expect(await ann.refused("script.create", { project, name: "Thanks", source: quiet })).toMatchObject({
    code: "conflict",
  });
  expect(await ann.refused("script.update", { scriptId: other, patch: { name: "Thanks" } })).toMatchObject({
    code: "conflict",
  });
  expect(await ann.ok("script.update", { scriptId, patch: { name: "Thanks" } })).toMatchObject({ name: "Thanks" });
  expect(await ann.ok("script.create", { org, name: "Thanks", source: quiet })).toMatchObject({ project: null });
  expect(await ann.refused("script.create", { org, name: "Thanks", source: quiet })).toMatchObject({
    code: "conflict",
  });
});

test("a hundred scripts are the most of a place", async () => {
  const { ann, org, orgId, project, projectId } = await withScript();
  await query(
    `with authors as (insert into users (kind, display_name) select 'script', 'One of many' from generate_series(1, 99) returning id)
     insert into scripts (id, org_id, project_id, name, source, triggers, owner_id, enabled)
     select id, $1, $2, id, '--', '{"events": [], "schedules": []}', $3, false from authors`,
    [orgId, projectId, ann.userId],
  );

  expect(await ann.refused("script.create", { project, name: "Late", source: quiet })).toMatchObject({
    code: "conflict",
    message: "At most 100 scripts",
  });
  expect(await ann.ok("script.create", { org, name: "Late", source: quiet })).toMatchObject({ name: "Late" });
});

test("a script of an organization hears all its projects", async () => {
  const { ann, bob, org, orgId, stream } = await withScript();
  await ann.ok("org.subscribe", { org });
  const { id: second } = await ann.ok("project.create", { org, name: "Shop" });
  await ann.ok("issue.create", { project: `${org}/shop`, title: "First" });

  const script = await ann.ok("script.create", { org, name: "All", source: 'on_event("member.added", print)' });

  expect(script).toMatchObject({ org, project: null });
  expect(await ann.next("script.created", ({ stream: at }) => at === `org:${orgId}`)).toMatchObject({
    data: { script: { id: script.id } },
  });
  const heard = (await positions(script.id)).map((position) => position.stream);
  expect(heard).toEqual([`org:${orgId}`, stream, `project:${second}`].sort());
  expect((await ann.ok("script.list", { org })).items).toHaveLength(1);
  expect(await bob.refused("script.get", { scriptId: script.id })).toMatchObject({ code: "forbidden" });
  expect(await bob.refused("script.create", { org, name: "No", source: quiet })).toMatchObject({ code: "forbidden" });
});

test("outsiders learn nothing, and who does not administer may do nothing", async () => {
  const { ann, cid, dan, org, project, scriptId } = await withScript();
  const missing = await dan.refused("script.get", { scriptId: randomUUID() });

  expect(await dan.refused("script.get", { scriptId })).toEqual(missing);
  expect(missing).toMatchObject({ code: "not_found", message: "Script not found" });
  expect(await dan.refused("script.list", { project })).toMatchObject({ code: "not_found" });
  expect(await cid.refused("script.get", { scriptId })).toMatchObject({ code: "forbidden" });
  expect(await cid.refused("script.validate", { project, source: quiet })).toMatchObject({ code: "forbidden" });
  expect(await ann.refused("script.get", { scriptId, project: `${org}/shop` })).toMatchObject({ code: "not_found" });
  expect(await ann.ok("script.get", { scriptId, project, org })).toMatchObject({ id: scriptId });
  expect(await ann.refused("script.create", { name: "Nowhere", source: quiet })).toMatchObject({ code: "invalid" });
  expect(await ann.refused("script.create", { org, project, name: "Both", source: quiet })).toMatchObject({
    code: "invalid",
  });
});

test("a key reads scripts with read, changes them with admin, and stays in its projects", async () => {
  const { ann, org, project, scriptId } = await withScript();
  const { id: allId } = await ann.ok("script.create", { org, name: "All", source: quiet });
  await ann.ok("project.create", { org, name: "Shop", slug: "shop" });
  const withKey = async (scopes: KeyScope[], projects?: string[]) => {
    const { secret } = await ann.ok("key.create", { label: "test", scopes, ...(projects && { projects }) });
    const client = await connect(app.url, { userId: ann.userId, token: secret ?? "" });
    onTestFinished(() => client.close());
    return client;
  };
  const patch = { name: "By key" };
  const [read, write, admin] = [await withKey(["read"]), await withKey(["write"]), await withKey(["admin"])];
  const [here, elsewhere] = [await withKey(["admin"], [project]), await withKey(["admin"], [`${org}/shop`])];

  expect(await read.ok("script.get", { scriptId })).toMatchObject({ source: thanks });
  for (const client of [read, write]) {
    expect(await client.refused("script.update", { scriptId, patch })).toMatchObject({ code: "forbidden" });
  }
  expect(await admin.ok("script.update", { scriptId, patch })).toMatchObject(patch);
  expect(await here.ok("script.update", { scriptId, patch: { name: "Here" } })).toMatchObject({ name: "Here" });
  expect(await here.refused("script.get", { scriptId: allId })).toMatchObject({ code: "forbidden" });
  expect(await here.refused("script.list", { org })).toMatchObject({ code: "forbidden" });
  expect(await elsewhere.refused("script.get", { scriptId })).toMatchObject({ code: "not_found" });
  expect(await elsewhere.refused("script.list", { project })).toMatchObject({ code: "not_found" });
});

test("what a script was stays when it is deleted, as the author of what it did", async () => {
  const { ann, project, scriptId } = await withScript(`${thanks}${weekly}`);

  await ann.ok("script.delete", { scriptId });

  expect(await ann.next("script.deleted")).toMatchObject({ data: { scriptId } });
  expect(await ann.refused("script.get", { scriptId })).toMatchObject({ code: "not_found" });
  expect(await ann.refused("script.delete", { scriptId })).toMatchObject({ code: "not_found" });
  expect((await ann.ok("script.list", { project })).items).toEqual([]);
  expect([await positions(scriptId), await ticks(scriptId)]).toEqual([[], []]);
  expect(await query("select display_name from users where id = $1", [scriptId])).toEqual([{ display_name: "Thanks" }]);
  expect(await ann.ok("script.create", { project, name: "Thanks", source: quiet })).toMatchObject({ revision: 1 });
});

test("a command that is sent again is done once", async () => {
  const { ann, project } = await withScript();
  const input = { project, name: "Once", source: quiet, commandId: randomUUID() };

  const first = await ann.ok("script.create", input);
  expect(await ann.ok("script.create", input)).toEqual(first);
  const remove = { scriptId: first.id, commandId: randomUUID() };
  await ann.ok("script.delete", remove);

  expect(await ann.ok("script.delete", remove)).toEqual({});
});

test("scripts go with their project and their organization", async () => {
  const { ann, org, project, scriptId } = await withScript(weekly);
  const { id: allId } = await ann.ok("script.create", { org, name: "All", source: weekly });

  await ann.ok("project.delete", { project });
  expect(await ann.refused("script.get", { scriptId })).toMatchObject({ code: "not_found" });
  expect(await ann.ok("script.get", { scriptId: allId })).toMatchObject({ name: "All" });
  await ann.ok("org.delete", { org });
  expect(await ann.refused("script.get", { scriptId: allId })).toMatchObject({ code: "not_found" });

  await prunePositions(app.parts.db);
  expect([await positions(scriptId), await positions(allId)]).toEqual([[], []]);
});

test("positions of scripts that are there are not pruned", async () => {
  const { scriptId } = await withScript();

  await prunePositions(app.parts.db);

  expect(await positions(scriptId)).toHaveLength(1);
});

test("a script is nobody's member", async () => {
  const { ann, org, project, scriptId } = await withScript();
  const ids = (items: { user: { id: string } }[]) => items.map(({ user }) => user.id);
  const { number: issue } = await ann.ok("issue.create", { project, title: "One" });

  expect(ids((await ann.ok("member.list", { org })).items)).not.toContain(scriptId);
  expect(ids((await ann.ok("project.listMembers", { project })).items)).not.toContain(scriptId);
  expect((await ann.ok("bot.list", { org })).items).toEqual([]);
  for (const ack of [
    await ann.call("member.add", { org, userId: scriptId }),
    await ann.call("project.addMember", { project, userId: scriptId, role: "admin" }),
    await ann.call("key.create", { botId: scriptId, label: "stolen" }),
    await ann.call("bot.update", { org, botId: scriptId, patch: { name: "Mine" } }),
  ]) {
    expect(ack).toMatchObject({ ok: false, error: { code: "not_found" } });
  }
  const assign = { project, issue, userIds: [scriptId] };
  expect(await ann.refused("issue.setAssignees", assign)).toMatchObject({ code: "invalid" });
});

test("an overview names the scripts that fail", async () => {
  const { ann, org, scriptId } = await withScript();
  expect((await ann.ok("org.overview", { org })).failingScripts).toEqual([]);

  await query("update scripts set failures = 2 where id = $1", [scriptId]);

  expect((await ann.ok("org.overview", { org })).failingScripts).toEqual([{ scriptId, name: "Thanks" }]);
});

test("an organization says how much its scripts may do, and a project whether they run", async () => {
  const { ann, bob, org, project } = await withScript();
  await ann.ok("org.subscribe", { org });
  const none = { mutationsPerRun: null, runsPerDay: null };

  expect(await ann.ok("script.setPolicy", { org })).toEqual({ enabled: true, caps: none });
  const capped = await ann.ok("script.setPolicy", { org, caps: { mutationsPerRun: 20 } });
  const more = await ann.ok("script.setPolicy", { org, caps: { runsPerDay: 500 } });
  const less = await ann.ok("script.setPolicy", { org, caps: { mutationsPerRun: null } });
  const off = await ann.ok("script.setPolicy", { org, project, enabled: false });

  expect(capped).toEqual({ enabled: true, caps: { ...none, mutationsPerRun: 20 } });
  expect(more).toEqual({ enabled: true, caps: { mutationsPerRun: 20, runsPerDay: 500 } });
  expect(less).toEqual({ enabled: true, caps: { ...none, runsPerDay: 500 } });
  expect(off).toEqual({ enabled: false, caps: less.caps });
  expect((await ann.ok("script.setPolicy", { org })).enabled).toBe(true);
  const told = await ann.next("script.policy_changed", ({ data }) => data["project"] === project);
  expect(told.data).toEqual({ project, policy: off });
  expect(await bob.refused("script.setPolicy", { org, enabled: false })).toMatchObject({ code: "forbidden" });
});

test("where an organization has none run, none runs in its projects", async () => {
  const { ann, org, project } = await withScript();
  await ann.ok("script.setPolicy", { org, enabled: false });

  expect(await ann.ok("script.setPolicy", { org, project, enabled: true })).toMatchObject({ enabled: false });
  expect(await ann.refused("script.setPolicy", { org, project, caps: { runsPerDay: 1 } })).toMatchObject({
    code: "invalid",
    details: { issues: [{ path: "caps" }] },
  });
  expect(await ann.refused("script.setPolicy", { org, project: `${org}/none` })).toMatchObject({ code: "not_found" });
});

test.each(["organization", "project"])("what happens while the %s lets none run sets nothing off", async (where) => {
  const { ann, org, project, stream, scriptId } = await withScript();
  const place = where === "project" ? { org, project } : { org };
  await ann.ok("script.setPolicy", { ...place, enabled: false });
  // As for a dispatcher that was away all the time.
  await query("update positions set seq = 1 where consumer = $1", [`script:${scriptId}`]);
  await ann.ok("issue.create", { project, title: "Unheard" });
  const before = await head(stream);

  await ann.ok("script.setPolicy", { ...place, enabled: true });

  const [position] = await positions(scriptId);
  expect(position?.seq).toBeGreaterThanOrEqual(before ?? Number.NaN);
  expect((await ann.ok("script.logs", { scriptId })).items).toEqual([]);
});

/** Runs that ended so many minutes ago; of each pair one failed. */
const insertRuns = (scriptId: string, projectId: string, minutes: number[]) =>
  query(
    `insert into script_runs (id, script_id, revision, project_id, trigger, stream, seq, event_type, depth, attempt, status,
       error, output, duration_ms, cpu_ms, memory_bytes, host_calls, mutations, started_at, finished_at)
     select gen_random_uuid(), $1, 1, $2, 'event', 'project:' || $2::uuid, place, 'issue.created', 1, 1,
       case when place % 2 = 0 then 'failed' else 'ok' end,
       case when place % 2 = 0 then '{"code": "script_error", "message": "no", "line": 3}'::jsonb end,
       'said', 1.5, 0.5, 2048, 1, 0, at, at
     from unnest($3::int[]) with ordinality as runs(minutes, place), lateral (select now() - make_interval(mins => minutes) as at) as t`,
    [scriptId, projectId, minutes],
  );

test("runs are listed latest first, page by page", async () => {
  const { ann, project, projectId, scriptId } = await withScript(quiet);
  // Two at the same moment, too.
  await insertRuns(scriptId, projectId, [5, 4, 3, 3, 1]);

  const all = await ann.ok("script.logs", { scriptId });
  const seqs: (number | null)[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await ann.ok("script.logs", { scriptId, limit: 2, cursor });
    seqs.push(...page.items.map(({ seq }) => seq));
    cursor = page.nextCursor;
  } while (cursor);
  const failed = await ann.ok("script.logs", { scriptId, status: "failed" });

  expect(all.items).toHaveLength(5);
  expect(seqs).toEqual(all.items.map(({ seq }) => seq));
  expect(seqs[0]).toBe(5);
  expect(seqs.slice(3)).toEqual([2, 1]);
  expect(failed.items.map(({ status }) => status)).toEqual(["failed", "failed"]);
  expect(failed.items[0]).toMatchObject({
    scriptId,
    project,
    trigger: "event",
    error: { code: "script_error", message: "no", line: 3 },
    output: "said",
    memoryBytes: 2048,
  });
});

test("runs are kept for 30 days", async () => {
  const { ann, projectId, scriptId } = await withScript(quiet);
  const day = 24 * 60;
  await insertRuns(scriptId, projectId, [31 * day, 29 * day]);

  await pruneRuns(app.parts.db);

  expect((await ann.ok("script.logs", { scriptId })).items.map(({ seq }) => seq)).toEqual([2]);
});

test("in an archived project scripts are read only", async () => {
  const { ann, project, scriptId } = await withScript();
  await ann.ok("project.archive", { project });

  expect(await ann.refused("script.setEnabled", { scriptId, enabled: false })).toMatchObject({ code: "conflict" });
  expect(await ann.ok("script.get", { scriptId })).toMatchObject({ name: "Thanks" });
});
