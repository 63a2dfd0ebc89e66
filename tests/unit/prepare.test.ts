import { DummyDriver, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler, sql } from "kysely";
import { expect, test } from "vitest";
import { columnNames, type Db } from "../../src/kernel/db.ts";
import { prepare } from "../../src/kernel/prepare.ts";
import type { DB } from "../../src/kernel/schema.ts";

type Sent = { text: string; values: readonly unknown[] };

/** A database that only notes what is sent, and always gives the same rows. */
function noting(rows: object[] = []) {
  const sent: Sent[] = [];
  const dialect = {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db: Kysely<unknown>) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  };
  const db = Object.assign(new Kysely<DB>({ dialect, plugins: [columnNames] }), {
    send: async (text: string, values: readonly unknown[]) => {
      sent.push({ text, values });
      return { rows } as never;
    },
  }) satisfies Db;
  return { db, sent };
}

type Asked = { project: { id: string }; numbers: number[]; title?: string | null; form: { newest: boolean } };

test("a query is composed once a form, and sent with the values of each call", async () => {
  const { db, sent } = noting();
  let composed = 0;
  const list = prepare((on: Db, { project, numbers, title, form }: Asked) => {
    composed += 1;
    const query = on
      .selectFrom("issues")
      .select("lastIssueNumber" as never)
      .where("projectId", "=", project.id)
      .where(sql<boolean>`number = any(${numbers})`);
    const named = title === undefined ? query : query.where("title", "=", title as string);
    return form.newest ? named.orderBy("number", "desc") : named;
  });
  await list(db, { project: { id: "a" }, numbers: [1, 2], form: { newest: false } });
  await list(db, { project: { id: "b" }, numbers: [], form: { newest: false } });
  await list(db, { project: { id: "b" }, numbers: [3], title: null, form: { newest: false } });
  await list(db, { project: { id: "b" }, numbers: [3], title: "x", form: { newest: false } });
  await list(db, { project: { id: "b" }, numbers: [3], title: "x", form: { newest: true } });
  expect(composed).toBe(3);
  expect(sent.map(({ values }) => values)).toEqual([
    ["a", [1, 2]],
    ["b", []],
    ["b", [3], null],
    ["b", [3], "x"],
    ["b", [3], "x"],
  ]);
  expect(new Set(sent.map(({ text }) => text)).size).toBe(3);
  expect(sent[0]?.text).toContain("last_issue_number");
});

test("columns are called as everywhere, and what is in them stays", async () => {
  const row = { last_issue_number: 1, id: "a", fields: { story_points: 3 } };
  const { db } = noting([row, { ...row, id: "b" }]);
  const list = prepare((_: Db, { id }: { id: string }) => sql`select ${id}`);
  const renamed = { lastIssueNumber: 1, id: "a", fields: { story_points: 3 } };
  expect(await list(db, { id: "x" })).toEqual([renamed, { ...renamed, id: "b" }]);
});

test("what differs from call to call cannot be computed with", async () => {
  const { db } = noting();
  const wait = prepare((_: Db, { ms }: { ms: number }) => sql`select ${ms / 1000}`);
  await expect(wait(db, { ms: 5 })).rejects.toThrow("ms differs from call to call");
  const say = prepare((_: Db, { name }: { name: string }) => sql`select ${`${name}!`}`);
  await expect(say(db, { name: "a" })).rejects.toThrow("name differs from call to call");
});

test("times and bytes are values like others", async () => {
  const { db, sent } = noting();
  const list = prepare((_: Db, { at, hash }: { at: Date; hash: Buffer }) => sql`select ${at}, ${hash}`);
  const values = { at: new Date(0), hash: Buffer.from("a") };
  await list(db, values);
  expect(sent[0]?.values).toEqual([values.at, values.hash]);
});
