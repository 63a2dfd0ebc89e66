/** Each template, installed into a project and set off for real. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ClientInput, Comment, Issue, IssueChanges, Notification, ScriptRun } from "../../protocol/index.ts";
import { templates } from "../../src/features/gallery/templates.ts";
import type { Client } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp({ sweepMs: 200, sprintPollMs: 100 });
});
afterAll(() => app.close());

const seen = new Set<string>();

/** A project with the template installed by ann, who administers it; `does` waits for what the script does. */
async function open(slug: string, params: ClientInput<"gallery.install">["params"] = {}) {
  const world = await createWorld<"ann" | "bob">(app, { members: { ann: "admin", bob: "developer" } });
  const { ann, bob, project, projectId } = world;
  for (const client of [ann, bob]) await client.ok("user.subscribe", {});
  const { id: scriptId } = await ann.ok("gallery.install", { project, id: slug, params });
  seen.add(slug);
  const does = (type: string, number?: number) =>
    ann.next(type, ({ actor, data }) => {
      const about = data["number"] ?? (data["comment"] as Comment | undefined)?.issue;
      return actor.id === scriptId && (number === undefined || about === number);
    });
  return {
    ...world,
    scriptId,
    does,
    create: (title: string, more: Partial<ClientInput<"issue.create">> = {}): Promise<Issue> =>
      bob.ok("issue.create", { project, title, ...more }),
    resolve: (issue: number) => bob.ok("issue.update", { project, issue, patch: { status: "resolved" } }),
    /** The same, and the script has run for it. */
    async resolveAndWait(issue: number) {
      const ack = await bob.call("issue.update", { project, issue, patch: { status: "resolved" } });
      const seq = ack.ok ? ack.seq : undefined;
      await ann.next("script.ran", ({ data }) => (data["run"] as ScriptRun).seq === seq);
    },
    read: (issue: number) => ann.ok("issue.get", { project, issue }),
    said: async (issue: number) => (await ann.ok("comment.list", { project, issue })).items.map(({ body }) => body),
    /** What a script told someone, when it came. */
    async told(who: Client) {
      const { data } = await who.next("notification.created", ({ actor }) => actor.id === scriptId);
      return data["notification"] as Notification;
    },
    /** As by the clock. */
    async run() {
      const { run } = await ann.ok("script.run", { scriptId, dryRun: false });
      expect(run).toMatchObject({ status: "ok", error: null });
    },
    /** As if issues had been made, and last changed, so many days ago. */
    age: (number: number, days: number) =>
      app.parts.database.pool.query(
        `update issues set created_at = created_at - make_interval(days => $3), updated_at = updated_at - make_interval(days => $3)
         where project_id = $1 and number = $2`,
        [projectId, number, days],
      ),
    sprint: (name: string, days: number) => {
      const at = (more: number) => new Date(Date.now() + (days + more) * 86_400_000).toISOString();
      return ann.ok("sprint.create", { project, name, startsAt: at(0), endsAt: at(14) });
    },
    /** Its end has passed. */
    endSprint: (sprintId: string) =>
      app.parts.database.pool.query("update sprints set ends_at = now() - interval '1 minute' where id = $1", [
        sprintId,
      ]),
  };
}

const changesOf = ({ data }: { data: Record<string, unknown> }) => data["changes"] as IssueChanges;

test("close-parent closes the parent with its last child", async () => {
  const { create, resolveAndWait, read, does, said, bob, project, stage } = await open("close-parent");
  const { number: parent } = await create("Story", { kind: "story" });
  const { number: one } = await create("One", { parent });
  const { number: two } = await create("Two", { parent });
  await resolveAndWait(one);
  expect((await read(parent)).status).toBe("open");

  await bob.ok("issue.move", { project, issue: two, stageId: stage["done"] });

  expect(changesOf(await does("issue.status_changed", parent))).toMatchObject({ status: "closed" });
  await does("comment.created", parent);
  expect(await said(parent)).toEqual(["All 2 children are done."]);
});

test("guard-open-children reopens what is not finished", async () => {
  const { create, resolve, resolveAndWait, does, said, read } = await open("guard-open-children");
  const { number: parent } = await create("Story", { kind: "story" });
  const { key, number: child } = await create("One", { parent });

  await resolve(parent);

  expect(changesOf(await does("issue.status_changed", parent))).toMatchObject({ status: "open" });
  await does("comment.created", parent);
  expect(await said(parent)).toEqual([`Still to do: ${key}.`]);
  await resolve(child);
  await resolveAndWait(parent);
  expect((await read(parent)).status).toBe("resolved");
});

test("unblock-notice tells those who were blocked", async () => {
  const { create, resolve, does, said, told, ann, bob, project } = await open("unblock-notice");
  const first = await create("First");
  const { number, key } = await create("Then", { assigneeIds: [ann.userId] });
  await bob.ok("relation.add", { project, issue: number, target: first.number, type: "is_blocked_by" });

  await resolve(first.number);

  await does("comment.created", number);
  expect(await said(number)).toEqual([`${first.key} is done and blocks this no longer.`]);
  expect(await told(ann)).toMatchObject({ issue: number, summary: `${key} is not blocked by ${first.key} any more.` });
});

test("assign-by-tag assigns who looks after the tag", async () => {
  const { create, does, read, ann, bob, project } = await open("assign-by-tag", { tag: "ui", person: "bob" });
  const { id: ui } = await ann.ok("tag.create", { project, name: "ui" });
  const { id: api } = await ann.ok("tag.create", { project, name: "api" });
  const other = await create("Other", { tagIds: [api] });
  const taken = await create("Taken", { tagIds: [ui], assigneeIds: [ann.userId] });
  const late = await create("Late");

  const early = await create("Early", { tagIds: [ui] });
  await bob.ok("issue.setTags", { project, issue: late.number, tagIds: [api, ui] });

  for (const { number } of [early, late]) {
    expect(changesOf(await does("issue.assigned", number)).assignees).toMatchObject([{ id: bob.userId }]);
  }
  expect((await read(other.number)).assignees).toEqual([]);
  expect((await read(taken.number)).assignees).toMatchObject([{ id: ann.userId }]);
});

test("round-robin assigns the people in turns", async () => {
  const { create, does, read, ann, bob } = await open("round-robin", { people: "bob , ann,", type: "bug" });
  const task = await create("Task");
  const one = await create("One", { type: "bug" });
  const two = await create("Two", { type: "bug" });

  const assigned = [await does("issue.assigned", one.number), await does("issue.assigned", two.number)];

  const ids = assigned.map((event) => changesOf(event).assignees?.map(({ id }) => id));
  expect(ids.flat().sort()).toEqual([ann.userId, bob.userId].sort());
  expect((await read(task.number)).assignees).toEqual([]);
});

test.each([["duplicates"], ["is_duplicated_by"]] as const)("close-duplicate closes the one that %s", async (type) => {
  const { create, does, said, read, bob, project } = await open("close-duplicate");
  const [issue, target] = [await create("One"), await create("Two")];
  const [duplicate, original] = type === "duplicates" ? [issue, target] : [target, issue];
  await bob.ok("relation.add", { project, issue: issue.number, target: target.number, type: "relates_to" });

  await bob.ok("relation.add", { project, issue: issue.number, target: target.number, type });

  expect(changesOf(await does("issue.status_changed", duplicate.number))).toMatchObject({ status: "closed" });
  await does("comment.created", duplicate.number);
  expect(await said(duplicate.number)).toEqual([`Duplicate of ${original.key}.`]);
  expect((await read(original.number)).status).toBe("open");
});

test("thank-reporter answers someone's first issue", async () => {
  const { create, does, said, ann, project } = await open("thank-reporter", { text: "Thanks!" });
  const { number: first } = await create("First");
  await does("comment.created", first);
  const { number: second } = await create("Second");

  const { number: hers } = await ann.ok("issue.create", { project, title: "Hers" });

  await does("comment.created", hers);
  expect([await said(first), await said(second), await said(hers)]).toEqual([["Thanks!"], [], ["Thanks!"]]);
});

test("escalate-by-age raises what is old", async () => {
  const { create, run, read, said, age } = await open("escalate-by-age", { days: 10 });
  const old = await create("Old");
  const [young, minor] = [await create("Young"), await create("Minor", { priority: "minor" })];
  for (const { number } of [old, minor]) await age(number, 11);

  await run();

  expect((await read(old.number)).priority).toBe("major");
  expect(await said(old.number)).toEqual(["Open for more than 10 days: major now."]);
  expect((await read(young.number)).priority).toBe("normal");
  expect((await read(minor.number)).priority).toBe("minor");
});

test("stale-reminder asks once, and tells the assignees", async () => {
  const { create, run, said, age, told, ann } = await open("stale-reminder");
  const stale = await create("Stale", { assigneeIds: [ann.userId] });
  const fresh = await create("Fresh");
  await age(stale.number, 15);

  await run();
  await run();

  expect(await said(stale.number)).toEqual(["Nothing has happened here for 14 days. Is this still wanted?"]);
  expect(await said(fresh.number)).toEqual([]);
  expect(await told(ann)).toMatchObject({ issue: stale.number, summary: `${stale.key} waits for you.` });
});

test("wip-alert tells when a stage holds too much", async () => {
  const params = { stage: "doing", limit: 1, person: "ann" };
  const { create, does, told, ann, bob, project, stage } = await open("wip-alert", params);
  const [one, two] = [await create("One"), await create("Two")];
  await bob.ok("issue.move", { project, issue: one.number, stageId: stage["doing"] });
  await does("script.ran");

  await bob.ok("issue.move", { project, issue: two.number, stageId: stage["doing"] });

  const summary = "doing holds 2 issues, more than 1.";
  for (const who of [ann, bob]) expect(await told(who)).toMatchObject({ issue: two.number, summary });
});

test("overdue-sprint tells that a sprint should have ended", async () => {
  const { create, run, told, sprint, endSprint, ann, project } = await open("overdue-sprint", { person: "ann" });
  await run();
  const { id: sprintId } = await sprint("Sprint 1", -7);
  await create("Open", { sprintId });
  await ann.ok("sprint.start", { project, sprintId });
  await run();
  expect((await ann.ok("notification.list", {})).items).toEqual([]);
  await endSprint(sprintId);

  await run();

  const summary = "Sprint 1 should have ended and is still active; to do: 1.";
  expect(await told(ann)).toMatchObject({ issue: null, summary });
});

test("sprint-roll-over goes on with the next sprint", async () => {
  const { create, resolve, does, read, sprint, endSprint, ann, project } = await open("sprint-roll-over");
  const [{ id: now }, { id: later }, { id: next }] = [
    await sprint("1", -7),
    await sprint("3", 14),
    await sprint("2", 0),
  ];
  const [done, open_] = [await create("Done", { sprintId: now }), await create("Open", { sprintId: now })];
  await ann.ok("sprint.start", { project, sprintId: now });
  await resolve(done.number);

  await endSprint(now);

  expect((await does("sprint.completed")).data).toMatchObject({ sprint: { id: now } });
  expect((await does("sprint.started")).data).toMatchObject({ sprint: { id: next } });
  expect([(await read(done.number)).sprintId, (await read(open_.number)).sprintId]).toEqual([now, next]);
  expect(await ann.ok("sprint.get", { project, sprintId: later })).toMatchObject({ state: "planned" });
});

test("stand-up comments what is in progress and done", async () => {
  const { create, resolve, run, said, install, age, bob, project } = await openStandUp();
  const busy = await create("Busy", { assigneeIds: [bob.userId] });
  await bob.ok("issue.update", { project, issue: busy.number, patch: { status: "in_progress" } });
  const [done, long] = [await create("Done"), await create("Long ago")];
  for (const { number } of [done, long]) await resolve(number);
  await age(long.number, 5);

  await run();

  expect(await said(install)).toEqual([
    `**In progress**\n- ${busy.key} Busy (bob)\n\n**Done lately**\n- ${done.key} Done (nobody)`,
  ]);
});

/** The first issue of the project will be the one that it comments on. */
async function openStandUp() {
  const world = await open("stand-up", { issue: 1 });
  const { number: install } = await world.create("Stand-up");
  expect(install).toBe(1);
  return { ...world, install };
}

test("release-notes collects what a sprint resolved", async () => {
  const { create, resolve, does, read, sprint, ann, project } = await open("release-notes");
  const { id: sprintId } = await sprint("Sprint 1", -7);
  const bug = await create("The cart forgets", { type: "bug", sprintId });
  const feature = await create("Saved cards", { type: "feature", sprintId });
  await create("Not yet", { type: "feature", sprintId });
  await ann.ok("sprint.start", { project, sprintId });
  for (const { number } of [bug, feature]) await resolve(number);

  await ann.ok("sprint.complete", { project, sprintId });

  const { data } = await does("issue.created");
  const notes = await read((data["issue"] as Issue).number);
  expect(notes.title).toBe("Release notes: Sprint 1");
  expect(notes.description).toBe(
    `## New\n\n- Saved cards (${feature.key})\n\n## Fixed\n\n- The cart forgets (${bug.key})`,
  );
});

test("no template was left out, and no run failed", async () => {
  expect([...seen].sort()).toEqual(templates.map(({ slug }) => slug).sort());
  const { rows } = await app.parts.database.pool.query("select error from script_runs where status <> 'ok'");
  expect(rows).toEqual([]);
});
