import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ClientInput, GalleryItem, Output } from "../../protocol/index.ts";
import { readTemplate } from "../../src/features/gallery/template.ts";
import { templates } from "../../src/features/gallery/templates.ts";
import type { Client } from "../support/client.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

const source = 'on_event("issue.created", function(ctx) ctx.issue:add_comment(params.text) end)';
const text = { name: "text", label: "What it says", type: "string", default: "Thank you" } as const;

const open = () =>
  createWorld<"ann" | "bob" | "eve" | "pam">(app, {
    members: { ann: "admin", bob: "developer", eve: "outsider", pam: "org-admin" },
  });

type Publishing = Partial<ClientInput<"gallery.publish">>;
async function publishDraft(who: Client, payload: Record<string, unknown>, more: Publishing = {}) {
  await who.ok("draft.save", { name: "script", payload });
  return who.ok("gallery.publish", { draft: "script", title: "Greeting", ...more });
}

/** Every page of what matches. */
async function listAll(who: Client, filter: Omit<ClientInput<"gallery.list">, "cursor">): Promise<GalleryItem[]> {
  const items: GalleryItem[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: Output<"gallery.list"> = await who.ok("gallery.list", { ...filter, cursor });
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}

test("a draft is published for everyone, and found by category and words", async () => {
  const { ann, eve } = await open();
  const word = randomUUID().slice(0, 8);
  const more: Publishing = {
    summary: `Says hello ${word}`,
    document: "# Hello",
    category: "triage",
    parameters: [text],
  };
  const item = await publishDraft(ann, { source, params: { text: "mine" }, caret: 12 }, more);

  const { document, source: published, latestVersion, ...shown } = await eve.ok("gallery.get", { id: item.id });

  expect(item).toMatchObject({
    version: 1,
    title: "Greeting",
    summary: `Says hello ${word}`,
    category: "triage",
    parameters: [{ ...text, required: false }],
    author: { id: ann.userId, displayName: "ann", kind: "user" },
    publishedAt: expect.any(String),
  });
  expect(shown).toEqual(item);
  expect({ document, published, latestVersion }).toEqual({ document: "# Hello", published: source, latestVersion: 1 });
  expect(await listAll(eve, { q: `${word.toUpperCase()} greet` })).toEqual([item]);
  expect(await listAll(eve, { q: word, category: "triage" })).toEqual([item]);
  expect(await listAll(eve, { q: word, category: "reports" })).toEqual([]);
  expect(await listAll(eve, { q: `${word} %` })).toEqual([]);
});

test("the list goes newest first through all pages", async () => {
  const { ann, eve } = await open();
  const word = randomUUID().slice(0, 8);
  const titles = Array.from({ length: 7 }, (_, i) => `${word} ${i}`);
  for (const title of titles) await publishDraft(ann, { source }, { title, category: "planning" });

  const items = await listAll(eve, { q: word, category: "planning", limit: 3 });

  expect(items.map(({ title }) => title)).toEqual(titles.toReversed());
  expect(await eve.refused("gallery.list", { cursor: "e30" })).toMatchObject({ code: "invalid" });
});

test("a published version stays as it is, and only its author publishes the next", async () => {
  const { ann, bob } = await open();
  const first = await publishDraft(ann, { source }, { title: "One", category: "triage", parameters: [text] });
  await bob.ok("draft.save", { name: "script", payload: { source } });
  const by = { draft: "script", title: "Not hers" };

  const second = await publishDraft(ann, { source: "-- two" }, { galleryId: String(first.id), title: "Two" });

  expect(second).toMatchObject({ id: first.id, version: 2, title: "Two", category: "other", parameters: [] });
  const now = await bob.ok("gallery.get", { id: first.id });
  const then = await bob.ok("gallery.get", { id: first.id, version: 1 });
  expect(now).toMatchObject({ ...second, source: "-- two", latestVersion: 2 });
  expect(then).toMatchObject({ ...first, source, latestVersion: 2 });
  expect((await listAll(bob, { category: "triage" })).map(({ id }) => id)).not.toContain(first.id);
  expect(await bob.refused("gallery.publish", { ...by, galleryId: String(first.id) })).toMatchObject({
    code: "forbidden",
  });
  expect(await bob.refused("gallery.publish", { ...by, galleryId: randomUUID() })).toMatchObject({ code: "not_found" });
  expect(await bob.refused("gallery.get", { id: first.id, version: 3 })).toMatchObject({ code: "not_found" });
});

test("versions that are published at once have different numbers", async () => {
  const { ann } = await open();
  const { id } = await publishDraft(ann, { source });
  const next = { draft: "script", galleryId: String(id), title: "Next" };

  const versions = await Promise.all([1, 2, 3, 4, 5].map(() => ann.ok("gallery.publish", next)));

  expect(versions.map(({ version }) => version).sort()).toEqual([2, 3, 4, 5, 6]);
});

test("a script is published by who administers it, without its params, and its organization hears of it", async () => {
  const { ann, bob, eve, pam, project, org, orgId } = await open();
  await pam.ok("org.subscribe", { org });
  const params = { text: "internal" };
  const { id: scriptId } = await ann.ok("script.create", { project, name: "Mine", source, params });
  const { id: orgScript } = await pam.ok("script.create", { org, name: "All", source, params });
  const publish = (from: string) => ({ scriptId: from, title: "Greeting", parameters: [text] });

  const item = await ann.ok("gallery.publish", publish(scriptId));
  const { id: ofOrg } = await pam.ok("gallery.publish", publish(orgScript));

  expect(await pam.next("gallery.published")).toMatchObject({ stream: `org:${orgId}`, data: { item } });
  await pam.next("gallery.published", ({ data }) => (data["item"] as GalleryItem).id === ofOrg);
  const whole = await eve.ok("gallery.get", { id: item.id });
  expect(whole.source).toBe(source);
  expect(JSON.stringify(whole)).not.toContain("internal");
  expect(await bob.refused("gallery.publish", publish(scriptId))).toMatchObject({ code: "forbidden" });
  expect(await ann.refused("gallery.publish", publish(orgScript))).toMatchObject({ code: "forbidden" });
  for (const from of [scriptId, orgScript, randomUUID()]) {
    expect(await eve.refused("gallery.publish", publish(from))).toMatchObject({
      code: "not_found",
      message: "Script not found",
    });
  }
});

test("what cannot run, or is no source, is not published", async () => {
  const { ann } = await open();
  const refusals = async (payload: Record<string, unknown>, more: Publishing = {}) => {
    await ann.ok("draft.save", { name: "script", payload });
    return ann.refused("gallery.publish", { draft: "script", title: "Greeting", ...more });
  };
  const both = { scriptId: randomUUID() };

  const broken = await refusals({ source: "-- fine\non_event(" });

  expect(broken).toMatchObject({ code: "invalid", details: { issues: [{ path: "source", line: 2 }] } });
  expect(await refusals({ source: 'on_event("member.added", print)' })).toMatchObject({ code: "invalid" });
  expect(await refusals({ title: "no source" })).toMatchObject({
    code: "invalid",
    details: { issues: [{ path: "draft" }] },
  });
  expect(await refusals({ source }, both)).toMatchObject({ code: "invalid", details: { issues: [{ path: "draft" }] } });
  expect(await ann.refused("gallery.publish", { title: "x" })).toMatchObject({ code: "invalid" });
  expect(await ann.refused("gallery.publish", { draft: "none", title: "x" })).toMatchObject({ code: "not_found" });
  const odd = { ...text, default: 7 };
  for (const parameters of [[odd], [text, text], [{ ...text, name: "Text" }]]) {
    expect(await refusals({ source }, { parameters })).toMatchObject({ code: "invalid" });
  }
});

test("parameters with a usual value have it when a source is tried", async () => {
  const { ann } = await open();
  const days = { name: "days", label: "Days", type: "number", default: 3 } as const;

  const item = await publishDraft(ann, { source: "local week = params.days * 7" }, { parameters: [days] });

  expect(item.parameters).toEqual([{ ...days, required: false }]);
});

describe("installing", () => {
  const days = { name: "days", label: "Days", type: "number", required: true } as const;
  const loud = { name: "loud", label: "Loud", type: "boolean" } as const;
  const parameters = [text, days, loud];

  test("makes a script of who installs it, with the params given and the usual ones", async () => {
    const { ann, pam, project } = await open();
    const { id } = await publishDraft(ann, { source }, { title: "Greeting", parameters });
    await publishDraft(ann, { source: "-- two" }, { galleryId: String(id), title: "Next" });

    const first = await pam.ok("gallery.install", { project, id, version: 1, params: { days: 2 } });
    const latest = await ann.ok("gallery.install", { project, id, name: "Mine" });

    expect(first).toMatchObject({
      project,
      name: "Greeting",
      source,
      params: { text: "Thank you", days: 2 },
      enabled: true,
    });
    expect(first).toMatchObject({ owner: { id: pam.userId }, triggers: { events: ["issue.created"] } });
    expect(latest).toMatchObject({ name: "Mine", source: "-- two", params: {} });
    expect(
      await ann.next("script.created", ({ data }) => (data["script"] as { id: string }).id === first.id),
    ).toBeDefined();
    expect(await ann.refused("gallery.install", { project, id, name: "Mine" })).toMatchObject({ code: "conflict" });
  });

  test("refuses params that are not as declared, each by its name", async () => {
    const { ann, project } = await open();
    const { id } = await publishDraft(ann, { source }, { parameters });
    const refused = async (params: Record<string, string | number | boolean>) => {
      const { code, details } = await ann.refused("gallery.install", { project, id, params });
      return [code, details?.["issues"]];
    };

    expect(await refused({ text: "" })).toEqual(["invalid", [{ path: "params.days", message: "is needed" }]]);
    expect(await refused({ days: "2", loud: 1, size: 3 })).toEqual([
      "invalid",
      [
        { path: "params.size", message: "there is no such parameter" },
        { path: "params.days", message: "must be a number" },
        { path: "params.loud", message: "must be a boolean" },
      ],
    ]);
  });

  test("is for project admins, of what there is", async () => {
    const { ann, bob, eve, project } = await open();
    const id = "close-parent";

    expect(await bob.refused("gallery.install", { project, id })).toMatchObject({ code: "forbidden" });
    expect(await eve.refused("gallery.install", { project, id })).toMatchObject({ code: "not_found" });
    for (const input of [{ id: "no-such" }, { id, version: 2 }, { id: randomUUID() }]) {
      expect(await ann.refused("gallery.install", { project, ...input })).toMatchObject({ code: "not_found" });
    }
  });
});

test("templates are listed in their order, and read like what is published", async () => {
  const { eve } = await open();

  const { items } = await eve.ok("template.list", {});
  const [first] = items;
  if (!first) throw new Error("no templates");
  const whole = await eve.ok("gallery.get", { id: first.slug });

  expect(items.length).toBeGreaterThanOrEqual(12);
  expect(items.map(({ position }) => position)).toEqual(items.map((_, i) => i + 1));
  expect(new Set(items.map(({ category }) => category)).size).toBeGreaterThanOrEqual(5);
  const { slug, position: _, ...words } = first;
  expect(whole).toMatchObject({ ...words, id: slug, version: 1, latestVersion: 1, author: null, publishedAt: null });
  expect(whole.source).toMatch(/^(?!--\[\[)/);
});

test("a template file that is not of its form is a fault", () => {
  const [first] = templates;
  const header = { title: "A", summary: "B", category: "triage", position: 1, document: ["C"], parameters: [] };
  const file = (head: object) => ({ slug: "x", text: `--[[\n${JSON.stringify(head, null, 1)}\n]]\n\nlog("hi")\n` });

  expect(readTemplate(file(header))).toMatchObject({ slug: "x", title: "A", document: "C", source: 'log("hi")\n' });
  expect(first?.source).not.toContain("]]");
  for (const wrong of [
    { ...header, category: "none" },
    { ...header, summary: undefined },
    { ...header, more: 1 },
  ]) {
    expect(() => readTemplate(file(wrong))).toThrow("the template x");
  }
  expect(() => readTemplate({ slug: "x", text: 'log("hi")' })).toThrow("header");
});

describe("without a login", () => {
  const browse = async (query: string, url = app.url) => {
    const response = await fetch(`${url}/api/v1/gallery${query}`);
    return { status: response.status, headers: response.headers, body: (await response.json()) as never };
  };

  test("the list is read over HTTP, without sources", async () => {
    const { ann } = await open();
    const word = randomUUID().slice(0, 8);
    const item = await publishDraft(ann, { source }, { title: word, category: "reports" });

    const { status, body } = await browse(`?q=${word}&category=reports&limit=5`);

    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: true, data: { items: [item], nextCursor: null } });
    expect(JSON.stringify(body)).not.toContain("on_event");
    expect(await browse("?category=none")).toMatchObject({ status: 422, body: { error: { code: "invalid" } } });
    expect(await browse("?limit=1000")).toMatchObject({ status: 422 });
    expect(await browse("?surplus=1")).toMatchObject({ status: 422 });
    expect(await ann.send("gallery.browse", {})).toMatchObject({ ok: false, error: { code: "not_found" } });
  });

  test("an address reads it only so often", async () => {
    const strict = await startApp({ settings: { RATE_LIMIT_ADDRESS_PER_MINUTE: "2" } });
    const answers = [await browse("", strict.url), await browse("", strict.url), await browse("", strict.url)];
    await strict.close();

    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(answers[0]?.headers.get("x-ratelimit-remaining")).toBe("1");
  });

  test("nothing else of the gallery is", async () => {
    for (const path of ["/gallery/items", "/gallery/items/close-parent", "/templates"]) {
      expect((await fetch(`${app.url}/api/v1${path}`)).status).toBe(401);
    }
  });
});

test("the routes over HTTP do the same", async () => {
  const { ann, project } = await open();
  const http = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${app.url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${ann.token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as { data: Record<string, unknown> } };
  };
  await ann.ok("draft.save", { name: "script", payload: { source } });

  const published = await http("POST", "/gallery/items", { draft: "script", title: "Greeting" });
  const id = String(published.body.data["id"]);
  const read = await http("GET", `/gallery/items/${id}?version=1`);
  const installed = await http("POST", `/gallery/items/${id}/install`, { project });

  expect([published.status, read.status, installed.status]).toEqual([201, 200, 201]);
  expect(read.body.data).toMatchObject({ id, source });
  expect(installed.body.data).toMatchObject({ project, name: "Greeting" });
});

test("nobody publishes more than a hundred, and everyone next versions", async () => {
  const { ann } = await open();
  const { id } = await publishDraft(ann, { source });
  const { pool } = app.parts.database;
  await pool.query("insert into gallery_items (author_id, category) select $1, 'other' from generate_series(1, 99)", [
    ann.userId,
  ]);

  expect(await ann.refused("gallery.publish", { draft: "script", title: "x" })).toMatchObject({ code: "conflict" });
  expect(await ann.ok("gallery.publish", { draft: "script", title: "x", galleryId: String(id) })).toMatchObject({
    version: 2,
  });
});
