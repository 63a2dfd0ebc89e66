import { readFile } from "node:fs/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { packageRoot } from "../../src/kernel/package-root.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterEach(() => {
  // An SQL error would have been logged.
  expect(app.complaints).toEqual([]);
});
afterAll(() => app.close());

/** The project of docs/query.md, with issues that are called after what is special about them. */
async function createShop() {
  const world = await createWorld(app, {
    members: { ann: "developer", bob: "developer", boss: "owner", guest: "guest", stranger: "outsider" },
    stages: {},
  });
  const { ann, bob, project, projectId } = world;
  const { pool } = app.parts.database;
  await pool.query("update users set display_name = 'Bob Miller' where id = $1", [bob.userId]);
  const stages: Record<string, string> = {};
  const wanted = [
    ["Todo", "open"],
    ["In Progress", "in_progress"],
    ["Done", "resolved"],
  ] as const;
  for (const [name, status] of wanted)
    stages[name] = (await world.boss.ok("stage.create", { project, name, status })).id;
  const bug = (await ann.ok("tag.create", { project, name: "bug", color: "#ff0000" })).id;
  const wontfix = (await ann.ok("tag.create", { project, name: "wontfix", color: "#00ff00" })).id;
  const lane = (await world.boss.ok("lane.create", { project, name: "Expedite" })).id;
  const sprints = await pool.query<{ id: string }>(
    `insert into sprints (project_id, name, state, starts_at, ends_at)
     values ($1, 'Sprint 7', 'active', now(), now() + interval '1 day'),
            ($1, 'Active', 'planned', now(), now() + interval '1 day') returning id`,
    [projectId],
  );
  const [seven = "", planned = ""] = sprints.rows.map(({ id }) => id);
  const create = (title: string, fields: object = {}) =>
    ann.ok("issue.create", { project, stageId: stages["Todo"], title, ...fields });
  await create("story", { kind: "story" });
  await create("mine", { assigneeIds: [ann.userId], tagIds: [bug] });
  await create("bobs", { assigneeIds: [bob.userId], stageId: stages["In Progress"], sprintId: seven });
  await create("urgent cart", { type: "bug", priority: "critical", laneId: lane, sprintId: seven });
  await create("shelved", { tagIds: [bug, wontfix], sprintId: planned });
  await create("child", { parent: 1, description: "A saved card is lost" });
  await create("done", { stageId: stages["Done"], parent: 1 });
  await bob.ok("issue.create", { project, stageId: stages["Todo"], title: "bobs note: basket" });
  await pool.query("update issues set updated_at = now() - interval '20 days' where project_id = $1 and number = 1", [
    projectId,
  ]);
  const find = async (q: string, filter: object = {}) =>
    (await ann.ok("issue.list", { project, q, sort: "created", ...filter })).items
      .map(({ title }) => title)
      .toReversed();
  return { ...world, find, stages, tags: { bug, wontfix }, sprints: { seven, planned } };
}
test("each field finds what it says, and a minus excludes", async () => {
  const shop = await createShop();
  const { find } = shop;
  const all = ["story", "mine", "bobs", "urgent cart", "shelved", "child", "done", "bobs note: basket"];
  const but = (...titles: string[]) => all.filter((title) => !titles.includes(title));

  expect(await find("status:open,RESOLVED")).toEqual(but("bobs"));
  expect(await find("-status:open")).toEqual(["bobs", "done"]);
  expect(await find("type:bug")).toEqual(["urgent cart"]);
  expect(await find("priority:critical,minor")).toEqual(["urgent cart"]);
  expect(await find("-kind:task")).toEqual(["story"]);
  expect(await find("assignee:me")).toEqual(["mine"]);
  expect(await find("assignee:me,none")).toEqual(but("bobs"));
  expect(await find("-assignee:none")).toEqual(["mine", "bobs"]);
  expect(await find('assignee:"bob miller"')).toEqual(["bobs"]);
  expect(await find(`assignee:${shop.bob.email.toUpperCase()}`)).toEqual(["bobs"]);
  expect(await find(`assignee:${shop.bob.userId}`)).toEqual(["bobs"]);
  expect(await find('reporter:"Bob Miller"')).toEqual(["bobs note: basket"]);
  expect(await find("-reporter:me")).toEqual(["bobs note: basket"]);
  expect(await find("tag:bug")).toEqual(["mine", "shelved"]);
  expect(await find("tag:bug tag:wontfix")).toEqual(["shelved"]);
  expect(await find("tag:bug -tag:wontfix")).toEqual(["mine"]);
  expect(await find("tag:none")).toEqual(but("mine", "shelved"));
  expect(await find("tag:wontfix,none")).toEqual(but("mine"));
  expect(await find('stage:"in progress",Done')).toEqual(["bobs", "done"]);
  expect(await find("lane:expedite")).toEqual(["urgent cart"]);
  expect(await find("-lane:none")).toEqual(["urgent cart"]);
  expect(await find("-lane:Expedite")).toEqual(but("urgent cart"));
  expect(await find("sprint:active")).toEqual(["bobs", "urgent cart"]);
  expect(await find('sprint:"active"')).toEqual(["shelved"]);
  expect(await find('sprint:active,"Active"')).toEqual(["bobs", "urgent cart", "shelved"]);
  expect(await find("sprint:none,active")).toEqual(but("shelved"));
  expect(await find("-sprint:none")).toEqual(["bobs", "urgent cart", "shelved"]);
  expect(await find("parent:1")).toEqual(["child", "done"]);
  expect(await find("-parent:#1,none")).toEqual([]);
  expect(await find("parent:none status:resolved")).toEqual([]);
  expect(await find("updated:>2w")).toEqual(["story"]);
  expect(await find("updated:<2w")).toEqual(but("story"));
  expect(await find("updated:>2w,<2w")).toEqual(all);
  expect(await find("-updated:<2w")).toEqual(["story"]);
  expect(await find("created:<1h")).toEqual(all);
  expect(await find(`created:${new Date().toISOString().slice(0, 10)},<1d`)).toEqual(all);
  expect(await find("created:<2020-01-01")).toEqual([]);
  expect(await find('"saved card"')).toEqual(["child"]);
  expect(await find('-"saved card" tag:none type:task -kind:story status:open')).toEqual(["bobs note: basket"]);
  expect(await find('"note: basket"')).toEqual(["bobs note: basket"]);
});

test("a query goes with the filters of the command, and has an order of its own", async () => {
  const { ann, project, find, stages } = await createShop();
  const titles = async (list: object) =>
    (await ann.ok("issue.list", { project, ...list })).items.map(({ title }) => title);

  expect(await find("tag:bug", { tag: "wontfix" })).toEqual(["shelved"]);
  expect(await find("status:open", { status: "resolved" })).toEqual([]);
  expect(await titles({ q: "status:open sort:priority", limit: 2 })).toEqual(["urgent cart", "story"]);
  expect(await titles({ q: "sort:rank stage:Done,Todo", stageId: stages["Done"] })).toEqual(["done"]);
  expect(await titles({ q: "sort:rank -stage:Todo" })).toEqual(["bobs", "done"]);
  expect(await titles({ q: "status:open" })).toEqual(await titles({ q: "status:open", sort: "updated" }));
  expect(await ann.refused("issue.list", { project, q: "sort:rank", sort: "created" })).toMatchObject({
    code: "invalid",
    details: { issues: [{ path: "sort", message: "q asks for another order" }] },
  });
});

test.each(["updated", "created", "priority", "rank"])(
  "pages of a query sorted by %s follow each other",
  async (sort) => {
    const { ann, project } = await createShop();
    const list = { project, q: `status:open -tag:wontfix sort:${sort}` };
    const { items: whole } = await ann.ok("issue.list", list);

    const paged: typeof whole = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await ann.ok("issue.list", { ...list, cursor, limit: 1 });
      paged.push(...page.items);
      cursor = page.nextCursor;
    }

    expect(whole).toHaveLength(5);
    expect(paged).toEqual(whole);
  },
);

test("a name that does not exist is an error that names it, its place and what there is", async () => {
  const { ann, guest, bob, stranger, project } = await createShop();
  const other = await createWorld(app);
  await other.ann.ok("tag.create", { project: other.project, name: "elsewhere", color: "#123456" });
  const messageOf = async (q: string) => {
    const { code, details } = await ann.refused("issue.list", { project, q });
    expect(code).toBe("invalid");
    const { issues, token, at } = details as { issues: { message: string }[]; token: string; at: number };
    expect(q.slice(at).replace(/^"/, "").startsWith(token)).toBe(true);
    return issues[0]?.message;
  };

  expect(await messageOf("cart tag:bug,wontfx")).toBe('no tag "wontfx" at 13; did you mean "wontfix"?');
  expect(await messageOf("tag:elsewhere")).toBe('no tag "elsewhere" at 4; there are "bug", "wontfix"');
  expect(await messageOf('stage:"In Progres"')).toBe('no stage "In Progres" at 6; did you mean "In Progress"?');
  expect(await messageOf("lane:fast")).toBe('no lane "fast" at 5; there are "Expedite"');
  expect(await messageOf("sprint:Sprint")).toBe('no sprint "Sprint" at 7; did you mean "Sprint 7"?');
  expect(await messageOf('assignee:"Bob Muller"')).toBe('no member "Bob Muller" at 9; did you mean "Bob Miller"?');
  expect(await messageOf(`-reporter:${stranger.email}`)).not.toContain("@test.example,");
  expect(await messageOf("assignee:zzz")).not.toContain(bob.email);
  expect((await guest.ok("issue.list", { project, q: "assignee:guest" })).items).toEqual([]);
  expect(await other.ann.refused("issue.list", { project: other.project, q: "lane:x" })).toMatchObject({
    details: { issues: [{ message: 'no lane "x" at 5; there is no lane' }] },
  });
});

const hostile = [
  "'",
  "''",
  "\\",
  "\\'; drop table issues; --",
  "'; drop table issues; --",
  "' or '1'='1",
  "1) or (1=1",
  "') union select password_hash from users --",
  "$1",
  "$$",
  "{}",
  "{1,2}",
  "null",
  "%",
  "_",
  "a'b & !c | (d <-> e):*",
  ":*",
  "<->",
  "' || pg_sleep(10) || '",
  "__proto__",
  "constructor",
  "\u202e\ufeff\u0301",
  "💥",
  "\ud83d",
  "x".repeat(300),
];
const names = ["status", "assignee", "reporter", "tag", "stage", "lane", "sprint", "parent", "updated", "sort"];

test("hostile text in a query is words or a refusal, never SQL", async () => {
  const { ann, project } = await createShop();
  const values = hostile.flatMap((text) => [text, `"${text}"`]);

  for (const q of [...values, ...names.flatMap((name) => values.map((value) => `${name}:${value}`))]) {
    const ack = await ann.send("issue.list", { project, q });
    if (!ack.ok) expect(ack.error, q).toMatchObject({ code: "invalid", details: { issues: [{ path: "q" }] } });
    else expect((ack.data as { items: unknown[] }).items, q).toEqual([]);
  }
  expect((await ann.ok("issue.list", { project })).items).toHaveLength(8);
});

/** The rows of the tables of docs/query.md below "## Examples": query and what is said of it. */
async function examples(): Promise<[string, string][]> {
  const text = await readFile(new URL("docs/query.md", packageRoot), "utf8");
  const rows = text.slice(text.indexOf("## Examples")).matchAll(/^\| `([^`]+)` \| (.+) \|$/gm);
  return [...rows].map(([, q = "", said = ""]) => [q, said]);
}

test("the examples of the documentation do as it says", async () => {
  const { ann, project } = await createShop();
  const rows = await examples();

  for (const [q, said] of rows) {
    const ack = await ann.call("issue.list", { project, q });
    const issues = ack.ok ? [] : ack.error.details?.["issues"];
    expect(issues, q).toEqual(said.startsWith("`") ? [{ path: "q", message: said.slice(1, -1) }] : []);
  }
  expect(rows.length).toBeGreaterThan(15);
});
