import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { ClientInput } from "../../protocol/index.ts";
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

type Search = Omit<ClientInput<"issue.search">, "org" | "q">;

/** An organization with words in two projects; `search` lists the titles found, the best first. */
async function createTexts() {
  const world = await createWorld(app, {
    members: { boss: "owner", ann: "member", eve: "viewer", guest: "guest", stranger: "outsider" },
  });
  const { ann, boss, org, project } = world;
  await boss.ok("project.create", { org, name: "Api", slug: "api", key: "API" });
  const create = async (title: string, description = "", where = project) =>
    (await boss.ok("issue.create", { project: where, title, description })).number;
  const numbers = {
    slow: await create("Slow pages", "The shopping cart takes ages when a card was saved"),
    forget: await create("Carts forget their content", "After each reload"),
    pay: await create("Pay with a saved card", "As in other shops, with notifications"),
    api: await create("Cart endpoint", "", `${org}/api`),
  };
  const search = async (q: string, more: Search = {}) =>
    (await ann.ok("issue.search", { org, q, ...more })).items.map(({ issue }) => issue.title);
  return { ...world, create, numbers, search };
}

test("issues of all projects are found with card, rank and passage, those with the word in the title first", async () => {
  const { ann, boss, org, project, numbers } = await createTexts();

  const { items } = await ann.ok("issue.search", { org, q: "cart" });

  expect(items.map(({ issue }) => issue.key)).toEqual(["WEB-2", "API-1", "WEB-1"]);
  const { description: _, ...card } = await boss.ok("issue.get", { project, issue: numbers.slow });
  expect(items[2]).toEqual({
    issue: card,
    rank: expect.any(Number),
    snippet: "The shopping ⟦cart⟧ takes ages when a card was saved",
  });
  expect(items[1]?.issue.project).toBe(`${org}/api`);
  expect(items.map(({ rank }) => rank)).toEqual(items.map(({ rank }) => rank).toSorted((a, b) => b - a));
  expect(items[1]?.snippet).toBe("⟦Cart⟧ endpoint");
});

test("what is being typed is found at each letter, and only the last word is a beginning", async () => {
  const { search } = await createTexts();

  for (let length = 2; length <= "notifications".length; length += 1) {
    const q = "notifications".slice(0, length);
    expect(await search(q), q).toContain("Pay with a saved card");
  }
  expect(await search("cart forg")).toEqual(["Carts forget their content"]);
  expect(await search("shopp")).toContain("Slow pages");
  expect(await search("forg zzzz")).toEqual([]);
  expect(await search("t")).toEqual([]);
});

test("whole words come before words that begin so", async () => {
  const { create, search } = await createTexts();
  await create("Logs of logins and logouts");
  await create("Nothing", "The log");

  expect(await search("login")).toEqual(["Logs of logins and logouts"]);
  await create("Logouts, logins, logistics");
  expect(await search("log")).toEqual(["Logs of logins and logouts", "Nothing", "Logouts, logins, logistics"]);
});

test("a beginning is marked in the passage", async () => {
  const { ann, org } = await createTexts();

  const { items } = await ann.ok("issue.search", { org, q: "notificat" });

  expect(items[0]?.snippet).toBe("As in other shops, with ⟦notifications⟧");
});

test("phrases, alternatives and exclusions are understood", async () => {
  const { search } = await createTexts();

  expect(await search('"saved card"')).toEqual(["Pay with a saved card"]);
  expect(await search("saved card")).toEqual(["Pay with a saved card", "Slow pages"]);
  expect((await search("reload or endpoint")).toSorted()).toEqual(["Cart endpoint", "Carts forget their content"]);
  expect((await search("cart -reload")).toSorted()).toEqual(["Cart endpoint", "Slow pages"]);
});

test.each([
  ["catr", "Cart endpoint"],
  ["forgte", "Carts forget their content"],
  ["fogret", "Carts forget their content"],
  ["contnt", "Carts forget their content"],
  ["endpiont", "Cart endpoint"],
  ["crats forgot", "Carts forget their content"],
  ["savde", "Pay with a saved card"],
  ["SLWO PGAES", "Slow pages"],
])("the typo %s finds what was meant", async (q, title) => {
  const { ann, org } = await createTexts();

  const { items } = await ann.ok("issue.search", { org, q });

  expect(items.map(({ issue }) => issue.title)).toContain(title);
  expect(items.find(({ issue }) => issue.title === title)?.snippet).toContain("⟦");
});

test("words that are far from all others find nothing", async () => {
  const { search } = await createTexts();

  for (const q of ["xylophone", "qqqq", "the", "!!!", '""', "-", "''", "💥"]) expect(await search(q), q).toEqual([]);
});

test("issues with the word as typed come before those with what it may mean", async () => {
  const { search, create } = await createTexts();
  await create("Nothing", "A crat of apples");

  const titles = await search("crat");

  expect(titles[0]).toBe("Nothing");
  expect(titles.slice(1)).toContain("Cart endpoint");
});

test("comments are found from the moment when they are written, changed or deleted", async () => {
  const { ann, boss, org, project, numbers, search } = await createTexts();
  const at = { project, issue: numbers.pay };
  const { id } = await boss.ok("comment.add", { ...at, body: "I saw a hippopotamus in the log" });
  await boss.ok("comment.add", { ...at, body: "It was a giraffe" });

  expect((await ann.ok("issue.search", { org, q: "hippo" })).items[0]?.snippet).toBe(
    "I saw a ⟦hippopotamus⟧ in the log",
  );
  await boss.ok("comment.edit", { project, commentId: id, body: "I saw an elephant" });
  expect(await search("hippopotamus")).toEqual([]);
  expect(await search("elephant")).toEqual(["Pay with a saved card"]);
  await boss.ok("issue.update", { ...at, patch: { title: "Pay later" } });
  expect(await search("elephant giraffe")).toEqual(["Pay later"]);
  await boss.ok("comment.delete", { project, commentId: id });
  expect(await search("elephant")).toEqual([]);
  expect(await search("giraffe")).toEqual(["Pay later"]);
});

test("a word weighs most in the title and least in a comment", async () => {
  const { boss, project, create, search } = await createTexts();
  const commented = await create("Third");
  await boss.ok("comment.add", { project, issue: commented, body: "okapi" });
  await create("Second", "okapi");
  await create("First okapi");

  expect(await search("okapi")).toEqual(["First okapi", "Second", "Third"]);
});

test("deleted issues are found no more until they are restored, and purged ones never", async () => {
  const { boss, project, numbers, search } = await createTexts();
  const at = { project, issue: numbers.forget };
  await boss.ok("comment.add", { ...at, body: "armadillo" });

  await boss.ok("issue.delete", at);
  expect(await search("forget")).toEqual([]);
  await boss.ok("issue.restore", at);
  expect(await search("armadillo forget")).toEqual(["Carts forget their content"]);
  await boss.ok("issue.purge", at);
  expect(await search("forget")).toEqual([]);
});

test("a project's issues alone are searched when it is named", async () => {
  const { ann, org, project, search } = await createTexts();
  const other = await createTexts();

  expect(await search("cart", { project: `${org}/api` })).toEqual(["Cart endpoint"]);
  expect(await search("cart", { project })).toEqual(["Carts forget their content", "Slow pages"]);
  for (const foreign of [other.project, `${org}/none`]) {
    expect(await ann.refused("issue.search", { org, q: "cart", project: foreign })).toMatchObject({
      code: "not_found",
    });
  }
});

test("who writes the id of a project is not found in it", async () => {
  const { org, project, projectId, create, search } = await createTexts();
  await create("Cart of ids", `cart ${projectId} @${projectId} '@${projectId}'`, `${org}/api`);

  expect(await search("cart ids")).toEqual(["Cart of ids"]);
  expect(await search("cart ids", { project })).toEqual([]);
});

test("nobody finds what is not theirs, by word, typo or id", async () => {
  const { ann, eve, guest, stranger, org, create, orgId, projectId } = await createTexts();
  await create("Walrus");
  const other = await createTexts();

  expect((await eve.ok("issue.search", { org, q: "walrus" })).items).toHaveLength(1);
  for (const client of [guest, stranger, other.ann]) {
    expect(await client.refused("issue.search", { org, q: "walrus" })).toMatchObject({ code: "not_found" });
  }
  for (const q of ["walrus", "warlus", orgId, projectId, `'${orgId}'`]) {
    expect(await other.search(q), q).toEqual([]);
  }
  expect((await ann.ok("issue.search", { org, q: "warlus" })).items).toHaveLength(1);
});

test.each(["okapi", "oakpi"])("pages of a search for %s follow each other", async (q) => {
  const { ann, org, create } = await createTexts();
  for (let i = 0; i < 12; i += 1) await create(i % 3 ? `Okapi ${i}` : `Number ${i}`, "okapi ".repeat(i % 4));
  const { items: whole } = await ann.ok("issue.search", { org, q });

  const paged: typeof whole = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page = await ann.ok("issue.search", { org, q, cursor, limit: 5 });
    paged.push(...page.items);
    cursor = page.nextCursor;
  }

  expect(whole.length).toBeGreaterThan(9);
  expect(paged).toEqual(whole);
});

test("a cursor that no search made is refused", async () => {
  const { ann, org, project } = await createTexts();
  const { nextCursor } = await ann.ok("issue.list", { project, limit: 1 });

  for (const cursor of ["x", String(nextCursor), Buffer.from('["words","a",1]').toString("base64url")]) {
    expect(await ann.refused("issue.search", { org, q: "cart", cursor })).toMatchObject({
      code: "invalid",
      details: { issues: [{ path: "cursor" }] },
    });
  }
});

test("more words than an index holds do not keep anyone from writing", async () => {
  const { boss, project, create, search } = await createTexts();
  const noise = (from: number, length: number) =>
    Array.from({ length }, (_, i) => `w${(from + i).toString(36)}ö${(from * 7 + i).toString(36)}`).join(" ");
  const issue = await create("Dromedary", noise(1_000_000, 3500).slice(0, 50_000));

  for (let i = 0; i < 12; i += 1) {
    const body = `${noise(i * 10_000, 1500)} camel`.slice(-20_000);
    await boss.ok("comment.add", { project, issue, body });
  }
  await boss.ok("issue.update", { project, issue, patch: { title: "Dromedary again" } });

  expect(await search("dromedary")).toEqual(["Dromedary again"]);
});

const hostile = [
  "'",
  "''",
  '"',
  "\\",
  "\\'",
  "'; drop table issues; --",
  "' or '1'='1",
  "$1",
  "a'b & !c | (d <-> e):*",
];
const more = [":*", "<->", "&&", "!", "(", "' || pg_sleep(10) || '", "a\\':*", "'':*", "x or", "or x", "-x", "%"];

test("hostile text is only searched for", async () => {
  const { ann, boss, org, project, numbers } = await createTexts();

  for (const q of [...hostile, ...more, "ab ".repeat(160), "x".repeat(490)]) {
    expect(await ann.send("issue.search", { org, q }), q).toMatchObject({ ok: true });
    expect(await ann.send("issue.search", { org, q: `cart ${q}xx` }), q).toMatchObject({ ok: true });
  }
  await boss.ok("issue.update", { project, issue: numbers.pay, patch: { description: "a ⟦fake⟧ zebra" } });
  const { items } = await ann.ok("issue.search", { org, q: "zebra" });
  expect(items[0]?.snippet).toBe("a [fake] ⟦zebra⟧");
});
