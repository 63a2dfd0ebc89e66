import { expect, test } from "vitest";
import { demoPassword, demoUsers, seedDemo } from "../../src/demo.ts";
import { connect } from "../support/client.ts";
import { type Running, startAppForTest } from "../support/harness.ts";

const project = "demo/web";

async function signIn(app: Running, { name, email }: (typeof demoUsers)[number]) {
  const response = await fetch(`${app.url}/api/v1/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password: demoPassword(name) }),
  });
  const { accessToken, user } = (await response.json()) as { accessToken: string; user: { id: string } };
  return connect(app.url, { userId: user.id, token: accessToken });
}

/** How often each type stands in the log, over all streams of organizations and projects. */
async function countEvents(app: Running): Promise<Record<string, number>> {
  const { rows } = await app.parts.database.pool.query(
    "select type, count(*)::int as count from events where stream not like 'user:%' group by type order by type",
  );
  return Object.fromEntries(rows.map(({ type, count }) => [type, count]));
}

test("a new server has a workspace in the middle of its work", async () => {
  const app = await startAppForTest();
  await seedDemo(app);
  const [ada, grace, linus] = await Promise.all(demoUsers.map((user) => signIn(app, user)));

  const board = await ada.ok("board.get", { project });
  expect(board.columns.map(({ count }) => count)).toEqual([7, 2, 2]);
  expect(board.stages[1]).toMatchObject({ name: "In Progress", wipLimit: 3, wipMode: "warn" });
  expect(board.tags.map(({ name }) => name)).toEqual(["bug", "checkout", "phone"]);
  expect(board.lanes.map(({ name }) => name).sort()).toEqual(["Payments", "Shop"]);
  const [sprint] = board.sprints;
  expect(sprint).toMatchObject({ name: "Sprint 1", state: "active" });

  // In the sprint: 2, 5 and 7 with 2 each, 3 with 8, 4 with 3, 9 with 5; 4 and 7 are done.
  const report = await grace.ok("sprint.report", { project, sprintId: sprint.id });
  expect([report.committed, report.completed]).toEqual([
    { issues: 6, estimate: 22 },
    { issues: 2, estimate: 5 },
  ]);
  const { issue, children, progress } = await linus.ok("issue.context", { project, issue: 1 });
  expect([issue.kind, progress, children.map(({ number }) => number)]).toEqual([
    "epic",
    { total: 2, done: 0 },
    expect.arrayContaining([3, 9]),
  ]);
  const cart = await linus.ok("issue.context", { project, issue: 2 });
  expect(cart.issue).toMatchObject({ tags: [{ name: "bug" }], assignees: [{ displayName: "Grace" }] });
  expect([cart.issue.timeSpentSeconds, cart.comments.length]).toEqual([5400, 2]);
  const { items } = await ada.ok("relation.list", { project, issue: 11 });
  expect(items).toMatchObject([{ type: "is_blocked_by", target: { number: 3 } }]);
  for (const client of [ada, grace, linus]) client.close();
});

test("whoever is mentioned finds a notification", async () => {
  const app = await startAppForTest({ sweepMs: 100 });
  await seedDemo(app);
  const grace = await signIn(app, demoUsers[1]);

  await expect
    .poll(async () => (await grace.ok("notification.list", { limit: 100 })).items)
    .toContainEqual(
      expect.objectContaining({ reason: "mentioned", summary: "Linus mentioned you in a comment on WEB-2" }),
    );
  grace.close();
});

test("a start that is cut off after any command goes on where it stopped, and a later one changes nothing", async () => {
  const [whole, cut] = await Promise.all([startAppForTest(), startAppForTest()]);
  await seedDemo(whole);
  const expected = await countEvents(whole);

  let starts = 0;
  for (let done = false; !done; starts += 1) {
    let left = starts;
    const execute: Running["execute"] = Object.assign(
      async (request: Parameters<Running["execute"]>[0]) => {
        left -= 1;
        if (left < 0) throw new Error("cut off");
        return cut.execute(request);
      },
      { drain: cut.execute.drain },
    );
    done = await seedDemo({ ...cut, execute }).then(
      () => true,
      (error: Error) => {
        expect(error.message).toBe("cut off");
        return false;
      },
    );
  }

  expect(starts).toBeGreaterThan(30);
  expect(await countEvents(cut)).toEqual(expected);
  await seedDemo(cut);
  expect(await countEvents(cut)).toEqual(expected);
});
