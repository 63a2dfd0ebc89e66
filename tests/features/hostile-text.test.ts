import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
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

const hostile = [
  "'",
  "''",
  '"',
  "\\",
  "\\'; drop table issues; --",
  "'; drop table issues; --",
  "' or '1'='1",
  "1) or (1=1",
  "$1",
  "$$",
  "%s %n _ %",
  "{}",
  '{"a":1}',
  "null",
  "default",
  "e'\\x27'",
  "/*",
  "--",
  "a'b & !c | (d <-> e):*",
  ":*",
  "<->",
  "&&",
  "' || pg_sleep(10) || '",
  "../../etc/passwd",
  "__proto__",
  "\u202e\ufeff\u0301",
  "💥",
  "x".repeat(400),
];

test("hostile words are stored, searched and shown as they are", async () => {
  const { ann, project, stage } = await createWorld(app);

  for (const text of hostile) {
    const title = `T ${text}`.slice(0, 200);
    const { number } = await ann.ok("issue.create", { project, title, description: text });
    await ann.ok("issue.update", { project, issue: number, patch: { description: `${text}${text}` } });
    expect(await ann.ok("issue.get", { project, issue: number })).toMatchObject({
      title,
      description: `${text}${text}`,
    });
    expect(await ann.send("issue.list", { project, q: text }), text).toMatchObject({ ok: true });
    const name = `S ${text}`.slice(0, 100);
    expect(await ann.ok("stage.update", { project, stageId: stage.todo ?? "", patch: { name } })).toMatchObject({
      name,
    });
  }
});

test("hostile filters, sorts and references are invalid or find nothing", async () => {
  const { ann, project, stage } = await createWorld(app, { stages: { todo: ["one"] } });
  const fields = {
    "issue.list": ["status", "type", "kind", "priority", "assignee", "reporter", "stageId", "updatedBefore", "sort"],
    "board.column": ["stageId"],
    "activity.list": ["actor", "type", "issue"],
    "issue.create": ["type", "kind", "priority", "stageId", "assigneeIds", "estimate"],
    "issue.move": ["stageId", "after", "before", "issue"],
    "stage.create": ["status", "wipMode", "wipLimit"],
    "stage.delete": ["stageId", "moveTo"],
    "stage.reorder": ["stageIds"],
  };
  const base = { project, title: "T", name: "N", status: "open", issue: 1, stageId: stage.todo };
  const needed = { "issue.create": ["title"], "issue.move": ["issue"], "stage.create": ["name", "status"] };

  for (const [command, names] of Object.entries(fields)) {
    const input = Object.fromEntries(
      ["project", ...(needed[command as keyof typeof needed] ?? [])].map((name) => [
        name,
        base[name as keyof typeof base],
      ]),
    );
    for (const name of names) {
      for (const text of hostile) {
        for (const value of [text, [text], { [text]: text }]) {
          const reply = await ann.send(command, { ...input, [name]: value });
          const finds = command === "activity.list" && name === "type" && value === text && text.length <= 60;
          const what = `${command} ${name} ${JSON.stringify(value)}`;
          if (finds) expect(reply, what).toMatchObject({ ok: true, data: { items: [] } });
          else expect(reply, what).toMatchObject({ ok: false, error: { code: "invalid" } });
        }
      }
    }
  }
});

const sorts = ["updated", "created", "priority", "rank", "relevance"];
/** What a forged cursor may hold where one of ours has a number, a rank, a time or a priority. */
const forged = [
  ...hostile,
  "",
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 60),
  1e308,
  null,
  "\0",
  "\ud800",
  "a0",
  "critical",
  "infinity",
  "NaN",
  "now",
  "2026-01-01T00:00:00Z",
  "2026-01-01T00:00:00.123456+00:00",
  "2026-02-30T00:00:00+00:00",
  "0000-01-01T00:00:00+00:00",
  "9999-12-31T23:59:59+23:59",
  "2026-01-01T00:00:00.1234567890123456789+00:00",
];

test("forged cursors are invalid or harmless", async () => {
  const { ann, project, stage } = await createWorld(app, { stages: { todo: ["one", "two"] } });
  const lists = [
    ...sorts.map((sort) => ["issue.list", sort, { sort, ...(sort === "relevance" && { q: "one" }) }] as const),
    ["board.column", "column", { stageId: stage.todo }] as const,
    ["activity.list", "activity", {}] as const,
  ];
  const codes = new Map<string, number>();

  for (const [command, name, input] of lists) {
    const cursors = forged.flatMap((value) => [
      String(value),
      ...[
        [value],
        [name, value],
        [name, value, value],
        [name, value, 1],
        [name, value, "a0", 1],
        [name, 1, value, 1],
      ].map((values) => Buffer.from(JSON.stringify(values)).toString("base64url")),
      Buffer.from(`["${name}", 1e999, 1]`).toString("base64url"),
    ]);
    for (const cursor of cursors) {
      const reply = await ann.send(command, { project, ...input, cursor });
      const code = reply.ok ? "ok" : reply.error.code;
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
  }

  expect([...codes.keys()].toSorted()).toEqual(["invalid", "ok"]);
  expect(codes.get("ok")).toBeLessThan(150);
});
