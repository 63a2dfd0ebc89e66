/** Commands that share a transaction: in their order, each on what those before it left, whatever they send and when. */
import { randomUUID } from "node:crypto";
import { type CompiledQuery, sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { systemContext, type WriteContext } from "../../src/kernel/context.ts";
import { type Database, openDatabase } from "../../src/kernel/db.ts";
import { AppError } from "../../src/kernel/errors.ts";
import { openLog } from "../../src/kernel/log.ts";
import { createMetrics } from "../../src/kernel/metrics.ts";
import { createWriter, type Tx, transact, type Writer } from "../../src/kernel/transact.ts";
import { createDatabase } from "../support/harness.ts";

let database: Database;
let writer: Writer;
const statements: string[] = [];
const user = randomUUID();

beforeAll(async () => {
  const log = openLog({ LOG_LEVEL: "silent" } as Parameters<typeof openLog>[0]);
  const metrics = createMetrics();
  const onStatement = (text: string) => statements.push(text);
  database = openDatabase({ url: await createDatabase(), log, metrics, onStatement });
  writer = createWriter({ database, metrics, committed: () => undefined });
  await database.pool.query("create table notes (place serial, author text)");
});
beforeEach(async () => {
  await database.pool.query("truncate notes");
  statements.length = 0;
});
afterAll(() => database.close());

const run = <T>(work: (tx: Tx) => Promise<T>, ctx: Partial<WriteContext> = {}): Promise<T> =>
  transact({ ...systemContext({ writer }, { name: "test", emits: [] }), ...ctx }, "project:of-the-test", work);

/** The first is alone; what comes while it is under way shares the next transaction. */
const together = <T>(works: ((tx: Tx) => Promise<T>)[]): Promise<PromiseSettledResult<unknown>[]> => {
  const first = run(async (tx) => read(tx));
  return Promise.allSettled([first, ...works.map((work) => run(work))]).then((all) => all.slice(1));
};

const send = async <Row>(tx: Tx, query: CompiledQuery<Row>): Promise<Row[]> =>
  (await tx.getExecutor().executeQuery(query)).rows;
const read = async (tx: Tx): Promise<string> =>
  (await send(tx, sql<{ author: string }>`select author from notes order by place`.compile(tx)))
    .map(({ author }) => author)
    .join("");
const write = (tx: Tx, author: string) => send(tx, sql`insert into notes (author) values (${author})`.compile(tx));
const written = async (): Promise<string> => {
  const { rows } = await database.pool.query("select author from notes order by place");
  return rows.map(({ author }) => author).join("");
};
const valuesOf = (results: PromiseSettledResult<unknown>[]) =>
  results.map((result) => (result.status === "fulfilled" ? result.value : String(result.reason.message)));
const commits = () => statements.filter((text) => text === "commit").length;

test("each sees what those before it did", async () => {
  const works = [..."abcdef"].map((author) => async (tx: Tx) => {
    const seen = await read(tx);
    await write(tx, author);
    return seen;
  });
  expect(valuesOf(await together(works))).toEqual(["", "a", "ab", "abc", "abcd", "abcde"]);
  expect(await written()).toBe("abcdef");
  expect(commits()).toBe(2);
  expect(statements.filter((text) => text.startsWith("select author"))).toHaveLength(7);
});

test("a read that left too early is sent again", async () => {
  const works = [..."abc"].map((author) => async (tx: Tx) => {
    const seen = await read(tx);
    await write(tx, author);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await write(tx, author);
    return `${seen} ${await read(tx)}`;
  });
  expect(valuesOf(await together(works))).toEqual([" aa", "aa aabb", "aabb aabbcc"]);
  expect(commits()).toBe(2);
});

test("who is refused before writing harms nobody, whoever waits for nothing either", async () => {
  const refusal = async (tx: Tx) => {
    throw new AppError("forbidden", `not after ${await read(tx)}`);
  };
  const note = (author: string) => async (tx: Tx) => {
    await write(tx, author);
    return author;
  };
  const idle = async () => "did nothing";
  const results = await together<unknown>([note("a"), refusal, idle, note("b"), refusal]);
  expect(valuesOf(results)).toEqual(["a", "not after a", "did nothing", "b", "not after ab"]);
  expect(commits()).toBe(2);
});

test("after a fault all run again, one by one, and only the faulty one fails", async () => {
  const note = (author: string) => async (tx: Tx) => {
    const seen = await read(tx);
    await write(tx, author);
    return seen;
  };
  const faulty = async (tx: Tx) => {
    await write(tx, "x");
    await send(tx, sql`select 1 / 0 as nothing`.compile(tx));
  };
  const late = async (tx: Tx) => {
    await write(tx, "y");
    throw new AppError("conflict", "too late");
  };
  const results = await together<unknown>([note("a"), faulty, note("b"), late, note("c")]);
  expect(valuesOf(results)).toEqual(["", "division by zero", "a", "too late", "ab"]);
  expect(await written()).toBe("abc");
});

test("a command id that was applied before is not applied again, though its first read is on its way", async () => {
  const about = { actor: { id: user, kind: "user" as const }, commandId: randomUUID(), inputHash: "ab".repeat(32) };
  const once = () => {
    const ctx = { ...about, receipt: {} };
    const work = async (tx: Tx) => {
      const seen = await read(tx);
      await write(tx, "a");
      return seen;
    };
    return run(work, ctx).then((data) => ({ data, ...ctx.receipt }));
  };
  await database.pool.query("insert into users (id, display_name) values ($1, 'Ann')", [user]);
  expect(await once()).toEqual({ data: "" });
  expect(await once()).toEqual({ data: "", replayed: true });
  const [first, second] = await Promise.all([once(), once()]);
  expect([first, second]).toEqual([
    { data: "", replayed: true },
    { data: "", replayed: true },
  ]);
  expect(await written()).toBe("a");
});

test("a commit that the database refuses is no commit", async () => {
  const failing = run(async (tx) => {
    await write(tx, "a");
    await send(tx, sql`select pg_terminate_backend(pg_backend_pid())`.compile(tx));
  });
  await expect(failing).rejects.toThrow();
  expect(await written()).toBe("");
  await run((tx) => write(tx, "b"));
  expect(await written()).toBe("b");
});
