/** The pages of the documents: whole, valid where they lead, and with nothing from elsewhere. */
import { beforeAll, describe, expect, test } from "vitest";
import { commands, errorCodes, events, pushes } from "../../protocol/index.ts";
import { routes } from "../../protocol/routes.ts";
import { openDoor } from "../support/door.ts";

const door = openDoor();
const paths = ["/docs/rest", "/docs/socket"] as const;
const text: Record<string, string> = {};
beforeAll(async () => {
  for (const path of [...paths, "/docs/style.css"]) text[path] = await (await fetch(`${door.url}${path}`)).text();
});

const all = (html: string, pattern: RegExp): string[] => [...html.matchAll(pattern)].map(([, found = ""]) => found);
const idsOf = (html: string): string[] => all(html, / id="([^"]*)"/g);
const plainText = (html: string): string =>
  html.replaceAll("&quot;", '"').replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
/** The part of a page that stands under an anchor. */
const under = (html: string, id: string): string =>
  html.split("<article ").find((part) => part.startsWith(`id="${id}"`)) ?? "";

describe.each(paths)("%s", (path) => {
  test("is a page that needs no script and nothing of other hosts", async () => {
    const response = await fetch(`${door.url}${path}`);

    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const policy = response.headers.get("content-security-policy")?.split("; ");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("style-src 'self'");
    expect(policy?.join()).not.toMatch(/script-src|unsafe|https?:|\*/);
    const html = await response.text();
    expect(html).not.toMatch(/<script|<style|\sstyle=|\son\w+=|https?:\/\/|url\(/i);
    expect(all(html, /(?:src|href)="([^"#]*)/g).filter((href) => !/^(\/(?!\/)|data:,|$)/.test(href))).toEqual([]);
  });

  test("answers HEAD with the same headers and no body", async () => {
    const head = await fetch(`${door.url}${path}`, { method: "HEAD" });

    expect([head.status, head.headers.get("content-type"), await head.text()]).toEqual([
      200,
      "text/html; charset=utf-8",
      "",
    ]);
    expect(await door.statusOf("POST", path)).toBe(404);
  });

  test("can be read by a screen reader and on a phone", () => {
    const html = text[path] ?? "";

    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
    expect(html).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">');
    for (const tag of ["header", "main", "h1", "title"])
      expect(all(html, new RegExp(`<(${tag})[ >]`, "g"))).toHaveLength(1);
    const levels = all(html, /<h([1-6])[ >]/g).map(Number);
    expect(levels.filter((level, i) => level > (levels[i - 1] ?? 0) + 1)).toEqual([]);
    const labelled = all(html, /<(nav|section|article|div class="scroll")[^>]*aria-label(?:ledby)?="[^"]+"/g);
    expect(labelled).toHaveLength(all(html, /<(nav|section|article|div class="scroll")[ >]/g).length);
  });

  test("has each anchor once, and each of its links leads somewhere", () => {
    const html = text[path] ?? "";
    const ids = idsOf(html);

    expect(new Set(ids).size).toBe(ids.length);
    for (const href of new Set(all(html, / href="([^"]*#[^"]*)"/g))) {
      const [page, anchor] = href.split("#");
      expect(idsOf(text[page || path] ?? ""), href).toContain(anchor);
    }
    for (const label of all(html, /aria-labelledby="([^"]*)"/g)) expect(ids).toContain(label);
  });

  test("opens and closes every element", () => {
    const open: string[] = [];
    for (const [, slash, tag = ""] of (text[path] ?? "").matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
      if (["meta", "link"].includes(tag)) continue;
      if (slash === "") open.push(tag);
      else expect(open.pop()).toBe(tag);
    }
    expect(open).toEqual([]);
  });
});

test("the page of the sockets has every command with its input, access, errors, events and example", () => {
  const html = text["/docs/socket"] ?? "";
  for (const [name, spec] of Object.entries(commands)) {
    const part = under(html, name);
    expect(part, name).toContain(`<dd><code>${spec.access}</code>`);
    for (const field of Object.keys(spec.input.shape)) {
      if (field !== "commandId") expect(part, name).toContain(`<th scope="row"><code>${field}</code></th>`);
    }
    for (const code of spec.errors) expect(part, name).toContain(`href="#error-${code}"`);
    for (const type of spec.emits) expect(part, name).toContain(`href="#${type}"`);
    expect(plainText(part), name).toContain(JSON.stringify(spec.example));
  }
});

test("the page of the sockets has every event, push and error", () => {
  const ids = idsOf(text["/docs/socket"] ?? "");
  for (const type of Object.keys(events)) expect(ids).toContain(type);
  for (const name of Object.keys(pushes)) expect(ids).toContain(`push-${name}`);
  for (const code of Object.keys(errorCodes)) expect(ids).toContain(`error-${code}`);
});

test("the page of HTTP has every route with a request, and every command by its name", () => {
  const html = text["/docs/rest"] ?? "";
  for (const { method, path, command, parameters } of routes) {
    const part = under(html, command);
    expect(part, command).toContain(`<code>${method}</code> <code>/api/v1${path}</code></a></h3>`);
    for (const name of parameters) expect(part, command).toContain(`<code>${name}</code></th><td>path</td>`);
    expect(part, command).toMatch(new RegExp(`<pre><code>${method} /api/v1/[^{]*\n`));
    expect(part.includes("Authorization: Bearer"), command).toBe(commands[command].access !== "public");
  }
  for (const [name, spec] of Object.entries(commands)) {
    const isSent = spec.access !== "public" && !("connection" in spec);
    expect(html.includes(`<code>POST /api/v1/commands/${name}</code>`), name).toBe(isSent);
  }
  for (const path of ["/api/v1/health/ready", "/metrics"]) expect(html).toContain(`<code>${path}</code></a></h3>`);
});

test("the style has light and dark, and loads nothing", async () => {
  const response = await fetch(`${door.url}/docs/style.css`);

  expect(response.headers.get("content-type")).toBe("text/css; charset=utf-8");
  expect(text["/docs/style.css"]).toMatch(/prefers-color-scheme: dark/);
  expect(text["/docs/style.css"]).not.toMatch(/url\(|@import|https?:/);
});

test("/docs leads to a page", async () => {
  const response = await fetch(`${door.url}/docs`, { redirect: "manual" });
  expect([response.status, response.headers.get("location")]).toEqual([302, "/docs/rest"]);
});
