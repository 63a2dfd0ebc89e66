import { afterAll, beforeAll, expect, test } from "vitest";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

const noon = new Date("2026-03-01T12:00:00Z");
const statements: string[] = [];
let app: Running;
beforeAll(async () => {
  app = await startApp({ onStatement: (text) => statements.push(text) });
});
afterAll(() => app.close());

const team = () =>
  createWorld(app, {
    members: { ann: "developer", bob: "developer", cid: "admin", dan: "viewer", eve: "outsider" },
    stages: { todo: ["write", "read"] },
  });

const at = (hour: number) => new Date(noon.getTime() + hour * 3_600_000).toISOString();
const fromNow = (ms: number) => new Date(Date.now() + ms).toISOString();

test("logged time adds up on the issue, which keeps its version", async () => {
  const { ann, dan, project, issue } = await team();
  const before = await ann.ok("issue.get", { project, issue: issue["write"] ?? 0 });

  const input = { project, issue: before.number, seconds: 5400, description: "Reproduced it", loggedAt: at(0) };
  const entry = await ann.ok("time.log", input);

  expect(entry).toMatchObject({ issue: before.number, seconds: 5400, loggedAt: at(0), user: { displayName: "ann" } });
  const event = await dan.next("time.logged");
  expect(event.data).toEqual({ entry });
  const after = await dan.ok("issue.get", { project, issue: before.number });
  expect(after).toEqual({ ...before, timeSpentSeconds: 5400, updatedAt: event.at });
});

test("when the work was done is apart from when it was written down", async () => {
  const { ann, project } = await team();

  const now = await ann.ok("time.log", { project, issue: 1, seconds: 60 });
  const past = await ann.ok("time.log", { project, issue: 1, seconds: 60, loggedAt: at(-500) });

  expect(now.loggedAt).toBe(now.createdAt);
  expect(past.loggedAt).toBe(at(-500));
  expect(Date.now() - Date.parse(past.createdAt)).toBeLessThan(60_000);
});

test("time cannot be logged in the future, but for an hour of margin", async () => {
  const { ann, project } = await team();
  const log = (loggedAt: string) => ann.call("time.log", { project, issue: 1, seconds: 60, loggedAt });

  expect(await log(fromNow(55 * 60_000))).toMatchObject({ ok: true });
  expect(await log(fromNow(65 * 60_000))).toMatchObject({ ok: false, error: { code: "invalid" } });
  expect(await log("0000-01-01T00:00:00Z")).toMatchObject({
    error: { code: "invalid", details: { issues: [{ path: "loggedAt" }] } },
  });
});

test("the list goes from the latest work to the oldest, a page at a time, with the total of all", async () => {
  const { ann, dan, project } = await team();
  for (const hour of [3, -1, 2, 2, 0]) await ann.ok("time.log", { project, issue: 1, seconds: 10, loggedAt: at(hour) });
  await ann.ok("time.log", { project, issue: 2, seconds: 99 });

  const first = await dan.ok("time.list", { project, issue: 1, limit: 3 });
  const rest = await dan.ok("time.list", { project, issue: 1, limit: 3, cursor: first.nextCursor });

  const items = [...first.items, ...rest.items];
  expect(items.map(({ loggedAt }) => loggedAt)).toEqual([3, 2, 2, 0, -1].map(at));
  expect(new Set(items.map(({ id }) => id)).size).toBe(5);
  expect([first.totalSeconds, rest.totalSeconds, rest.nextCursor]).toEqual([50, 50, null]);
});

test("entries of one moment are paged without loss", async () => {
  const { ann, project } = await team();
  for (let i = 0; i < 5; i += 1) await ann.ok("time.log", { project, issue: 1, seconds: 1, loggedAt: at(0) });

  const ids: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: { items: { id: string }[]; nextCursor: string | null } = await ann.ok("time.list", {
      project,
      issue: 1,
      limit: 2,
      cursor,
    });
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  }

  expect([ids.length, new Set(ids).size]).toEqual([5, 5]);
});

test("a deleted entry leaves the total", async () => {
  const { ann, dan, project } = await team();
  const { id: entryId } = await ann.ok("time.log", { project, issue: 1, seconds: 100 });
  await ann.ok("time.log", { project, issue: 1, seconds: 20 });

  await ann.ok("time.delete", { project, entryId });

  const event = await dan.next("time.deleted");
  expect(event.data).toEqual({ entryId, number: 1, seconds: 100 });
  expect(await dan.ok("time.list", { project, issue: 1 })).toMatchObject({
    totalSeconds: 20,
    items: [{ seconds: 20 }],
  });
  const issue = await dan.ok("issue.get", { project, issue: 1 });
  expect([issue.timeSpentSeconds, issue.updatedAt, issue.version]).toEqual([20, event.at, 1]);
  expect((await ann.refused("time.delete", { project, entryId })).code).toBe("not_found");
});

test("an entry is its author's to delete, and a project admin's", async () => {
  const { ann, bob, cid, dan, project } = await team();
  const other = await team();
  const { id: entryId } = await ann.ok("time.log", { project, issue: 1, seconds: 100 });

  expect((await bob.refused("time.delete", { project, entryId })).code).toBe("forbidden");
  expect((await dan.refused("time.delete", { project, entryId })).code).toBe("forbidden");
  expect((await other.cid.refused("time.delete", { project: other.project, entryId })).code).toBe("not_found");
  await cid.ok("time.delete", { project, entryId });
});

test("no time is logged on a deleted, purged or unknown issue", async () => {
  const { ann, cid, project } = await team();
  const { id: entryId } = await ann.ok("time.log", { project, issue: 1, seconds: 100 });
  await cid.ok("issue.delete", { project, issue: 1 });
  await cid.ok("issue.purge", { project, issue: 2 });
  const codeOf = async (issue: number) => (await ann.refused("time.log", { project, issue, seconds: 1 })).code;

  expect([await codeOf(1), await codeOf(2), await codeOf(3)]).toEqual(["gone", "gone", "not_found"]);
  expect((await ann.refused("time.delete", { project, entryId })).code).toBe("gone");
  expect((await ann.refused("time.list", { project, issue: 2 })).code).toBe("gone");
  expect(await ann.ok("time.list", { project, issue: 1 })).toMatchObject({ totalSeconds: 100 });
});

test("a total that the issue could not hold is refused", async () => {
  const { ann, project } = await team();
  const year = 31_536_000;
  for (let i = 0; i < 68; i += 1) await ann.ok("time.log", { project, issue: 1, seconds: year });

  expect(await ann.refused("time.log", { project, issue: 1, seconds: year })).toMatchObject({
    code: "invalid",
    details: { issues: [{ path: "seconds" }] },
  });
  expect(await ann.ok("time.list", { project, issue: 1, limit: 1 })).toMatchObject({ totalSeconds: 68 * year });
});

test("totals equal the sum, however much is logged and deleted at once", { timeout: 60_000 }, async () => {
  const { ann, bob, cid, project } = await team();

  const run = async (person: typeof ann, seconds: number) => {
    for (let i = 0; i < 15; i += 1) {
      const logged = await Promise.all(
        [seconds, seconds + 1, seconds + 2].map((s) => person.ok("time.log", { project, issue: 1, seconds: s })),
      );
      await Promise.all(logged.slice(i % 3).map(({ id: entryId }) => person.ok("time.delete", { project, entryId })));
    }
  };
  await Promise.all([run(ann, 10), run(bob, 1000), run(cid, 100_000)]);

  const { rows } = await app.parts.database.pool.query(
    "select count(*)::int, sum(seconds)::int, (select time_spent_seconds from issues where id = issue_id) as total from time_entries where project_id = (select id from projects p where (select slug from orgs o where o.id = p.org_id) = $1) group by issue_id",
    [project.split("/")[0]],
  );
  expect(rows).toHaveLength(1);
  expect(rows[0].count).toBe(45);
  expect(rows[0].total).toBe(rows[0].sum);
});

test("the report sums work from one moment until before another", async () => {
  const { ann, bob, dan, project } = await team();
  await ann.ok("time.log", { project, issue: 1, seconds: 10, loggedAt: at(0) });
  await ann.ok("time.log", { project, issue: 2, seconds: 20, loggedAt: at(1) });
  await bob.ok("time.log", { project, issue: 2, seconds: 40, loggedAt: at(2) });
  await bob.ok("time.log", { project, issue: 2, seconds: 80, loggedAt: at(3) });
  await bob.ok("time.log", { project, issue: 1, seconds: 1, loggedAt: at(-1) });

  const span = { project, from: at(0), to: at(3) };
  const byUser = await dan.ok("time.report", { ...span, groupBy: "user" });
  const byIssue = await dan.ok("time.report", { ...span, groupBy: "issue" });

  expect(byUser).toEqual({
    totalSeconds: 70,
    groups: [
      { user: expect.objectContaining({ displayName: "bob" }), seconds: 40, entryCount: 1 },
      { user: expect.objectContaining({ displayName: "ann" }), seconds: 30, entryCount: 2 },
    ],
  });
  expect(byIssue).toEqual({
    totalSeconds: 70,
    groups: [
      { issue: { number: 2, key: "WEB-2", title: "read" }, seconds: 60, entryCount: 2 },
      { issue: { number: 1, key: "WEB-1", title: "write" }, seconds: 10, entryCount: 1 },
    ],
  });
});

test("a report needs a span, and shows nothing of other projects", async () => {
  const { ann, eve, project } = await team();
  const other = await team();
  await other.ann.ok("time.log", { project: other.project, issue: 1, seconds: 10, loggedAt: at(0) });
  const report = { project, groupBy: "user" } as const;

  expect((await ann.refused("time.report", { ...report, from: at(1), to: at(1) })).code).toBe("invalid");
  expect((await ann.refused("time.report", { ...report, from: at(1), to: at(0) })).code).toBe("invalid");
  expect((await eve.refused("time.report", { ...report, from: at(0), to: at(1) })).code).toBe("not_found");
  expect(await ann.ok("time.report", { ...report, from: at(0), to: at(1) })).toEqual({ totalSeconds: 0, groups: [] });
});

test("logging and deleting cost two statements of their own", async () => {
  const { ann, project } = await team();
  const cost = async (work: () => Promise<unknown>) => {
    statements.length = 0;
    await work();
    return statements.filter((text) => /"time_entries"|^select "id", "number", "deleted_at", "time_spent/.test(text))
      .length;
  };

  let entryId = "";
  const logging = await cost(async () => {
    entryId = (await ann.ok("time.log", { project, issue: 1, seconds: 10 })).id;
  });
  const deleting = await cost(() => ann.ok("time.delete", { project, entryId }));

  expect([logging, deleting]).toEqual([2, 2]);
});
