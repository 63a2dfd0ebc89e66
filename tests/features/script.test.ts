import { afterAll, beforeAll, expect, test } from "vitest";
import { type Running, startApp } from "../support/harness.ts";
import { quiet, scriptWorld, thanks, weekly } from "../support/script-world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());
const { withScript, query, positions, ticks, head } = scriptWorld(() => app);

test("a script is made, shown and announced without its source", async () => {
  const { ann, org, project, stream, orgId, script, scriptId } = await withScript(`${thanks}${weekly}`);
  const { source, ...shown } = script;

  expect(script).toMatchObject({
    org,
    project,
    name: "Thanks",
    enabled: true,
    disabledReason: null,
    owner: { id: ann.userId, displayName: "ann", kind: "user" },
    triggers: { events: ["issue.created"], schedules: [{ cron: "0 9 * * 1" }] },
    params: {},
    revision: 1,
    timeoutMs: null,
    failures: 0,
  });
  expect(source).toBe(`${thanks}${weekly}`);
  expect(await ann.ok("script.get", { scriptId })).toEqual(script);
  expect(await ann.ok("script.list", { project })).toEqual({ items: [shown], nextCursor: null });
  expect(await ann.ok("script.list", { org })).toEqual({ items: [], nextCursor: null });
  const event = await ann.next("script.created");
  expect(event).toMatchObject({ stream, actor: { id: ann.userId }, data: { script: shown } });
  expect(event.data).toEqual({ script: shown });
  expect(event.stream).not.toBe(`org:${orgId}`);
});

test("a script that nothing sets off is allowed", async () => {
  const { script, scriptId } = await withScript(quiet);

  expect(script.triggers).toEqual({ events: [], schedules: [] });
  expect(await ticks(scriptId)).toEqual([]);
});

test("scripts are listed by name, page by page", async () => {
  const { ann, project } = await withScript();
  for (const name of ["alpha", "Zulu", "beta"]) await ann.ok("script.create", { project, name, source: quiet });

  const names: string[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await ann.ok("script.list", { project, limit: 1, cursor });
    names.push(...page.items.map(({ name }) => name));
    cursor = page.nextCursor;
  } while (cursor);

  expect(names).toEqual(["alpha", "beta", "Thanks", "Zulu"]);
});

test("another name or timeout is no new revision, and keeps the owner", async () => {
  const { ann, bob, scriptId } = await withScript();

  const renamed = await bob.ok("script.update", { scriptId, patch: { name: "Greeting", timeoutMs: 2000 } });

  expect(renamed).toMatchObject({ name: "Greeting", timeoutMs: 2000, revision: 1, owner: { id: ann.userId } });
  expect(await ann.next("script.updated")).toMatchObject({ data: { script: { name: "Greeting" } } });
  expect(await query("select display_name, kind from users where id = $1", [scriptId])).toEqual([
    { display_name: "Greeting", kind: "script" },
  ]);
  expect((await ann.ok("script.revisions", { scriptId })).items).toHaveLength(1);
  expect(await bob.ok("script.update", { scriptId, patch: { timeoutMs: null } })).toMatchObject({ timeoutMs: null });
});

test("another source or other params are a new revision of whoever saves it", async () => {
  const { bob, scriptId } = await withScript();

  const second = await bob.ok("script.update", { scriptId, patch: { source: `${thanks}${weekly}` } });
  const third = await bob.ok("script.update", { scriptId, patch: { params: { limit: 3, word: "hi" } } });
  const same = await bob.ok("script.update", { scriptId, patch: { params: { word: "hi", limit: 3 } } });

  expect(second).toMatchObject({ revision: 2, owner: { id: bob.userId }, source: `${thanks}${weekly}` });
  expect(second.triggers.schedules).toHaveLength(1);
  expect(third).toMatchObject({ revision: 3, params: { limit: 3, word: "hi" }, source: second.source });
  expect(same).toEqual(third);
});

test("a change of what nobody has seen is refused with what is there", async () => {
  const { ann, bob, scriptId } = await withScript();
  await ann.ok("script.update", { scriptId, patch: { source: weekly } });

  const refusal = await bob.refused("script.update", { scriptId, patch: { source: quiet }, expect: 1 });

  expect(refusal).toMatchObject({ code: "conflict", details: { current: { revision: 2, source: weekly } } });
  expect(await bob.ok("script.update", { scriptId, patch: { source: quiet }, expect: 2 })).toMatchObject({
    revision: 3,
  });
});

test("two new sources at once: one is saved, or both in turn", async () => {
  const { ann, bob, scriptId } = await withScript();

  const acks = await Promise.all([
    ann.call("script.update", { scriptId, patch: { source: weekly } }),
    bob.call("script.update", { scriptId, patch: { source: quiet } }),
  ]);

  const saved = acks.filter(({ ok }) => ok).length;
  const { revision, triggers, source } = await ann.ok("script.get", { scriptId });
  expect(acks.filter((ack) => !ack.ok && ack.error.code !== "conflict")).toEqual([]);
  expect(revision).toBe(1 + saved);
  expect(triggers.schedules).toHaveLength(source === weekly ? 1 : 0);
});

test("revisions tell who changed what", async () => {
  const { ann, bob, scriptId } = await withScript("local a = 1\nlocal b = 2\n");
  await bob.ok("script.update", { scriptId, patch: { source: "local a = 1\nlocal b = 3\n" } });
  await ann.ok("script.update", { scriptId, patch: { params: { days: 7 } } });

  const { items } = await ann.ok("script.revisions", { scriptId });
  const first = await ann.ok("script.revisions", { scriptId, limit: 1 });
  const rest = await ann.ok("script.revisions", { scriptId, cursor: first.nextCursor });

  expect(items.map(({ number, author }) => [number, author.displayName])).toEqual([
    [3, "ann"],
    [2, "bob"],
    [1, "ann"],
  ]);
  expect(items.map(({ diff }) => diff)).toMatchInlineSnapshot(`
    [
      "--- params	revision 2
    +++ params	revision 3
    @@ -1,1 +1,3 @@
    -{}
    +{
    +  "days": 7
    +}
    ",
      "--- source	revision 1
    +++ source	revision 2
    @@ -1,2 +1,2 @@
     local a = 1
    -local b = 2
    +local b = 3
    ",
      "--- /dev/null
    +++ source	revision 1
    @@ -0,0 +1,2 @@
    +local a = 1
    +local b = 2
    ",
    ]
  `);
  expect([...first.items, ...rest.items]).toEqual(items);
});

test("a revision without a line of the one before is all out, all in", async () => {
  const lines = (word: string) => Array.from({ length: 1000 }, (_, i) => `-- ${word} ${i}`).join("\n");
  const { ann, scriptId } = await withScript(lines("old"));
  await ann.ok("script.update", { scriptId, patch: { source: lines("new") } });

  const diff = (await ann.ok("script.revisions", { scriptId, limit: 1 })).items[0]?.diff.split("\n") ?? [];

  expect(diff.slice(2, 4)).toEqual(["@@ -1,1000 +1,1000 @@", "--- old 0"]);
  expect(diff.filter((line) => line.startsWith("+-- new"))).toHaveLength(1000);
  expect(diff.filter((line) => line.startsWith("\\"))).toHaveLength(2);
});

test("an older revision comes back as a new one, and belongs to whoever brings it back", async () => {
  const { ann, bob, script, scriptId } = await withScript();
  await ann.ok("script.update", { scriptId, patch: { source: weekly, params: { days: 7 } } });

  const back = await bob.ok("script.rollback", { scriptId, revision: 1 });

  expect(back).toMatchObject({ revision: 3, source: thanks, params: {}, owner: { id: bob.userId } });
  expect(back.triggers).toEqual(script.triggers);
  expect(await ticks(scriptId)).toEqual([]);
  expect(await bob.ok("script.rollback", { scriptId, revision: 3 })).toEqual(back);
  expect(await bob.refused("script.rollback", { scriptId, revision: 9 })).toMatchObject({ code: "not_found" });
});

test("it runs for what happens once it is enabled", async () => {
  const { ann, bob, project, stream, scriptId } = await withScript(`${thanks}${weekly}`);
  await ann.ok("script.setEnabled", { scriptId, enabled: false });
  expect(await ann.next("script.disabled")).toMatchObject({
    data: { script: { enabled: false, disabledReason: null } },
  });
  expect([await positions(scriptId), await ticks(scriptId)]).toEqual([[], []]);
  await ann.ok("issue.create", { project, title: "Unheard" });
  const before = await head(stream);

  const enabled = await bob.ok("script.setEnabled", { scriptId, enabled: true });

  const after = await head(stream);
  expect(enabled).toMatchObject({ enabled: true, owner: { id: bob.userId }, revision: 1 });
  const [position] = await positions(scriptId);
  expect(position?.stream).toBe(stream);
  expect(position?.seq).toBeGreaterThanOrEqual(before ?? Number.NaN);
  expect(position?.seq).toBeLessThanOrEqual(after ?? Number.NaN);
  const [tick] = await ticks(scriptId);
  expect(Date.parse(tick?.nextAt ?? "")).toBeGreaterThan(Date.now());
  expect(await bob.ok("script.setEnabled", { scriptId, enabled: true })).toEqual(enabled);
});

test("to enable a script forgives its failures", async () => {
  const { ann, scriptId } = await withScript();
  const fail = "update scripts set enabled = false, failures = 5, disabled_reason = 'It failed' where id = $1";
  await query(fail, [scriptId]);

  expect(await ann.ok("script.get", { scriptId })).toMatchObject({ failures: 5, disabledReason: "It failed" });
  expect(await ann.ok("script.setEnabled", { scriptId, enabled: true })).toMatchObject({
    failures: 0,
    disabledReason: null,
  });
});

test("a new source replaces the schedules and loses no event; one that stays keeps its tick", async () => {
  const daily = 'on_schedule("0 8 * * *", function(ctx) end)\n';
  const { ann, scriptId } = await withScript(`${weekly}${daily}`);
  const [first] = await ticks(scriptId);
  await query("update script_schedules set next_at = '2099-01-01' where script_id = $1", [scriptId]);
  const before = await positions(scriptId);

  await ann.ok("script.update", { scriptId, patch: { source: `${weekly}${thanks}` } });
  const kept = await ticks(scriptId);
  await ann.ok("script.update", { scriptId, patch: { source: `${daily}${thanks}` } });
  const changed = await ticks(scriptId);

  expect(first?.cron).toBe("0 9 * * 1");
  expect(kept.map(({ cron, nextAt }) => [cron, nextAt.slice(0, 4)])).toEqual([["0 9 * * 1", "2099"]]);
  expect(changed.map(({ cron }) => cron)).toEqual(["0 8 * * *"]);
  expect(changed.every(({ nextAt }) => nextAt < "2099")).toBe(true);
  const after = await positions(scriptId);
  expect(after.map(({ stream }) => stream)).toEqual(before.map(({ stream }) => stream));
});

test("one that is made disabled hears nothing", async () => {
  const { ann, project } = await withScript();
  const input = { project, name: "Asleep", source: `${thanks}${weekly}`, enabled: false };

  const { id, enabled } = await ann.ok("script.create", input);

  expect([enabled, await positions(id), await ticks(id)]).toEqual([false, [], []]);
  await ann.ok("script.update", { scriptId: id, patch: { source: weekly } });
  expect([await positions(id), await ticks(id)]).toEqual([[], []]);
});

const broken: [string, string, { line: number | null; message: RegExp }][] = [
  ["a syntax error", "local a = 1\nlocal b = = 2\n", { line: 2, message: /near '='/ }],
  ["an error at the top", "\n\nerror('no')\n", { line: 3, message: /no/ }],
  [
    "a mistyped event",
    `${quiet}on_event("issue.creatd", print)`,
    { line: 2, message: /did you mean issue\.created\?/ },
  ],
  ["an unknown subject", 'on_event("invoice.*", print)', { line: 1, message: /there is no event invoice\.\*/ }],
  ["an event of organizations", 'on_event("member.added", print)', { line: 1, message: /of an organization only/ }],
  ["an event of scripts", 'on_event("script.ran", print)', { line: 1, message: /sets off no script/ }],
  ["a wrong cron", `${quiet}on_schedule("61 * * * *", print)`, { line: null, message: /./ }],
];

test.each(broken)("%s is refused with its line, and validate tells the same", async (_, source, { line, message }) => {
  const { ann, project, scriptId } = await withScript();

  const refusal = await ann.refused("script.create", { project, name: "Broken", source });
  const update = await ann.refused("script.update", { scriptId, patch: { source } });
  const verdict = await ann.ok("script.validate", { project, source });

  type Issue = { path: string; message: string; line: number | null };
  const [issue] = (refusal.details?.["issues"] ?? []) as Issue[];
  expect(refusal).toMatchObject({ code: "invalid", status: 422 });
  expect(issue).toMatchObject({ path: "source", message: expect.stringMatching(message) });
  if (line !== null) expect(issue?.line).toBe(line);
  expect(update.details).toEqual(refusal.details);
  const { path: __, ...fault } = issue ?? { path: "" };
  expect(verdict).toEqual({ valid: false, errors: [fault], triggers: null });
  expect((await ann.ok("script.list", { project })).items).toHaveLength(1);
  expect(await ann.ok("script.get", { scriptId })).toMatchObject({ revision: 1, source: thanks });
});

test("a source is checked without being saved", async () => {
  const { ann, project, org, scriptId } = await withScript();
  const both = { events: ["issue.*", "*"], schedules: [expect.objectContaining({ cron: "0 9 * * 1" })] };
  const source = `on_event("issue.*", print)\non_event("*", print)\n${weekly}`;

  expect(await ann.ok("script.validate", { project, source })).toEqual({ valid: true, errors: [], triggers: both });
  expect(await ann.ok("script.validate", { scriptId, source })).toMatchObject({ valid: true });
  expect(await ann.ok("script.validate", { org, source: 'on_event("member.added", print)' })).toMatchObject({
    valid: true,
  });
});
