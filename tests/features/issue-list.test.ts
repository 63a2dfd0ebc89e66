import { afterAll, beforeAll, expect, test } from "vitest";
import type { ClientInput } from "../../protocol/index.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

type Filter = Omit<ClientInput<"issue.list">, "project">;

/** Six issues of ann's and bob's; `find` lists the titles that match, `findAs` as bob sees it. */
async function createShop() {
  const world = await createWorld(app, { members: { ann: "developer", bob: "developer", eve: "viewer" } });
  const { ann, bob, project, stage } = world;
  const mine = { assigneeIds: [ann.userId] };
  const both = { assigneeIds: [bob.userId, ann.userId] };
  await ann.ok("issue.create", { project, title: "cart", type: "bug", priority: "critical", ...mine });
  await bob.ok("issue.create", { project, title: "search", type: "feature", kind: "epic", ...both });
  await ann.ok("issue.create", { project, title: "logout", type: "bug", stageId: stage.doing, kind: "story" });
  await bob.ok("issue.create", { project, title: "imprint", priority: "minor", stageId: stage.done, ...mine });
  await ann.ok("issue.create", { project, title: "domain", kind: "subtask", assigneeIds: [bob.userId] });
  await bob.ok("issue.create", { project, title: "pictures", type: "improvement", priority: "major" });
  await ann.ok("issue.update", { project, issue: 6, patch: { status: "closed" } });
  const { number: deleted } = await ann.ok("issue.create", { project, title: "deleted" });
  await app.parts.database.pool.query("update issues set deleted_at = now() where number = $1 and project_id = $2", [
    deleted,
    world.projectId,
  ]);
  const titlesFor = async (client: typeof ann, filter: Filter) =>
    (await client.ok("issue.list", { project, sort: "created", ...filter })).items
      .map(({ title }) => title)
      .toReversed();
  return {
    ...world,
    find: (filter: Filter) => titlesFor(ann, filter),
    findAsBob: (filter: Filter) => titlesFor(bob, filter),
  };
}

const all = ["cart", "search", "logout", "imprint", "domain", "pictures"];

test("each filter takes one value or several, and several filters must all match", async () => {
  const { ann, bob, stage, find, findAsBob } = await createShop();

  expect(await find({})).toEqual(all);
  expect(await find({ status: "open" })).toEqual(["cart", "search", "domain"]);
  expect(await find({ status: ["closed", "resolved"] })).toEqual(["imprint", "pictures"]);
  expect(await find({ type: "bug" })).toEqual(["cart", "logout"]);
  expect(await find({ type: ["bug", "feature"] })).toEqual(["cart", "search", "logout"]);
  expect(await find({ kind: "epic" })).toEqual(["search"]);
  expect(await find({ kind: ["story", "subtask"] })).toEqual(["logout", "domain"]);
  expect(await find({ priority: "normal" })).toEqual(["search", "logout", "domain"]);
  expect(await find({ priority: ["critical", "minor"] })).toEqual(["cart", "imprint"]);
  expect(await find({ stageId: stage.doing })).toEqual(["logout"]);
  expect(await find({ stageId: [stage.doing, stage.done].map(String) })).toEqual(["logout", "imprint"]);
  expect(await find({ reporter: bob.userId })).toEqual(["search", "imprint", "pictures"]);
  expect(await find({ reporter: "me" })).toEqual(["cart", "logout", "domain"]);
  expect(await findAsBob({ reporter: ["me", ann.userId] })).toEqual(all);
  expect(await find({ type: "bug", priority: "critical", status: ["open", "closed"] })).toEqual(["cart"]);
  expect(await find({ type: "bug", kind: "epic" })).toEqual([]);
});

test("assignees are people, me, or none", async () => {
  const { bob, find, findAsBob } = await createShop();

  expect(await find({ assignee: "me" })).toEqual(["cart", "search", "imprint"]);
  expect(await findAsBob({ assignee: "me" })).toEqual(["search", "domain"]);
  expect(await find({ assignee: bob.userId.toUpperCase() })).toEqual(["search", "domain"]);
  expect(await find({ assignee: "none" })).toEqual(["logout", "pictures"]);
  expect(await findAsBob({ assignee: ["me", "none"] })).toEqual(["search", "logout", "domain", "pictures"]);
  expect(await find({ assignee: ["me", bob.userId] })).toEqual(["cart", "search", "imprint", "domain"]);
  expect(await find({ assignee: "me", reporter: "me" })).toEqual(["cart"]);
});

test("updatedBefore is a moment, not included, or an age", async () => {
  const { find, projectId } = await createShop();
  const { pool } = app.parts.database;
  const moment = new Date(Date.now() - 8 * 86_400_000).toISOString();
  await pool.query("update issues set updated_at = $2 where project_id = $1 and number = 1", [projectId, moment]);

  for (const updatedBefore of ["7d", "1w", "190h", "9999m", new Date(Date.parse(moment) + 1).toISOString()]) {
    expect(await find({ updatedBefore }), updatedBefore).toEqual(["cart"]);
  }
  for (const updatedBefore of ["9d", "2w", "200h", "9999w", moment, "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z"]) {
    expect(await find({ updatedBefore }), updatedBefore).toEqual([]);
  }
  expect(await find({ updatedBefore: "9999-12-31T23:59:59.999Z" })).toEqual(all);
  expect(await find({ updatedBefore: "7d", type: "feature" })).toEqual([]);
});

test("values that no filter knows are invalid", async () => {
  const { ann, project } = await createShop();

  for (const filter of [
    { status: "done" },
    { status: [] },
    { type: "epic" },
    { assignee: "nobody" },
    { reporter: "none" },
    { stageId: "todo" },
    { updatedBefore: "yesterday" },
    { updatedBefore: "0d" },
    { updatedBefore: "2026-02-30T00:00:00Z" },
    { q: "  " },
    { sort: "title" },
    { sort: "relevance" },
    { limit: 0 },
    { limit: 101 },
    { colour: "red" },
  ]) {
    const reply = await ann.send("issue.list", { project, ...filter });
    expect(reply, JSON.stringify(filter)).toMatchObject({ ok: false, error: { code: "invalid" } });
  }
});

test("lists show cards, whole but for the description", async () => {
  const { ann, eve, project } = await createShop();
  const { description: _, ...card } = await ann.ok("issue.get", { project, issue: 2 });

  const { items } = await eve.ok("issue.list", { project, kind: "epic" });

  expect(items).toEqual([card]);
});

/** Issues of words; `search` lists the titles found, the best first unless sorted. */
async function createTexts() {
  const world = await createWorld(app, { members: { ann: "developer" } });
  const { ann, project } = world;
  const create = (title: string, description: string) => ann.ok("issue.create", { project, title, description });
  await create("Slow pages", "The cart takes ages when a card was saved");
  await create("Carts forget their content", "After each reload");
  await create("Pay with a saved card", "As in other shops");
  await create("Imprint", "Has a typo in payment");
  const search = async (q: string, filter: Filter = {}) =>
    (await ann.ok("issue.list", { project, q, ...filter })).items.map(({ title }) => title);
  return { ...world, search };
}

test("words are found in title and description, in any form, the title first", async () => {
  const { search } = await createTexts();

  expect(await search("cart")).toEqual(["Carts forget their content", "Slow pages"]);
  expect(await search("reloading")).toEqual(["Carts forget their content"]);
  expect(await search("SAVED cards")).toEqual(["Pay with a saved card", "Slow pages"]);
  expect(await search("cart reload")).toEqual(["Carts forget their content"]);
  expect(await search("nothing such")).toEqual([]);
});

test("phrases, alternatives and exclusions are understood", async () => {
  const { search } = await createTexts();

  expect(await search('"saved card"')).toEqual(["Pay with a saved card"]);
  expect(await search("typo or reload", { sort: "created" })).toEqual(["Imprint", "Carts forget their content"]);
  expect(await search("cart -reload")).toEqual(["Slow pages"]);
  expect(await search("-cart", { sort: "created" })).toEqual(["Imprint", "Pay with a saved card"]);
});

test("a search for no word at all finds nothing", async () => {
  const { search } = await createTexts();

  for (const q of ["the", "!!!", '""', "-", "' or 1=1 --", "&|!()<->:*"]) expect(await search(q), q).toEqual([]);
});

test("searches go with other filters and sorts, and see changes at once", async () => {
  const { ann, project, search } = await createTexts();
  await ann.ok("issue.update", { project, issue: 1, patch: { title: "Slow trolley", priority: "critical" } });
  await ann.ok("issue.update", { project, issue: 2, patch: { description: "Also the trolley" } });

  expect(await search("trolley")).toEqual(["Slow trolley", "Carts forget their content"]);
  expect(await search("trolley", { sort: "created" })).toEqual(["Carts forget their content", "Slow trolley"]);
  expect(await search("trolley", { priority: "critical" })).toEqual(["Slow trolley"]);
  expect(await search("pages")).toEqual([]);
});

test("searches find neither other projects' issues nor deleted ones", async () => {
  const { ann, project, search } = await createTexts();
  const other = await createTexts();
  await other.ann.ok("issue.create", { project: other.project, title: "Secret cart" });
  const { number } = await ann.ok("issue.create", { project, title: "Deleted cart" });
  await app.parts.database.pool.query("update issues set deleted_at = now() where title = 'Deleted cart'");

  expect(number).toBe(5);
  expect(await search("cart")).toEqual(["Carts forget their content", "Slow pages"]);
  expect(await search(other.projectId)).toEqual([]);
});
