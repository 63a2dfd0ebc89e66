import { expect, test } from "vitest";
import { findHandles, findMentioned, type Mentionable } from "../../src/features/notification/mentions.ts";

const people: Mentionable[] = [
  { id: "ann", handles: ["ann", "ann@acme.com"] },
  { id: "lee", handles: ["annlee", "ann.lee@acme.com"] },
  { id: "bob", handles: ["bob", "bob@acme.com"] },
  { id: "obrien", handles: ["o'brien", "o@acme.com"] },
  { id: "jose", handles: ["josé", "jose@acme.com"] },
  { id: "dev", handles: ["dev-ops"] },
];
const mentioned = (text: string) => findMentioned(text, people);

test.each([
  ["@ann", ["ann"]],
  ["Hello @Ann, and @BOB!", ["ann", "bob"]],
  ["@ann,@bob", ["ann", "bob"]],
  ["(@bob)", ["bob"]],
  ["@bob's turn", ["bob"]],
  ["line\n@bob", ["bob"]],
  ["@ann@acme.com please", ["ann"]],
  ["@bob@acme.com.", ["bob"]],
  ["@josé", ["jose"]],
  ["@ann @ann @ann@acme.com", ["ann"]],
  ["@dev-ops: look", ["dev"]],
  ["> quoted @bob", ["bob"]],
])("%j mentions", (text, ids) => {
  expect(mentioned(text)).toEqual(ids);
});

test.each([
  ["@AnnLee and no other Ann", ["lee"]],
  ["@ann.lee@acme.com", ["lee"]],
  ["@O'Brien", ["obrien"]],
])("the longest reading counts in %j", (text, ids) => {
  expect(mentioned(text)).toEqual(ids);
});

test.each([
  "mail bob@acme.com or x@ann",
  "@bobby",
  "@ann_b",
  "@bob-smith",
  "@ann@other.example",
  "npm i @ann/core",
  "https://acme.com/@bob",
  "\\@bob",
  "@@bob",
  "@ bob",
  "@",
  "",
])("%j mentions nobody", (text) => {
  expect(mentioned(text)).toEqual([]);
});

test.each([
  "use `@bob` here",
  "use ``a ` @bob`` here",
  "```\n@bob\n```",
  "```ts\n@bob\n``\n@ann",
  "~~~\n@bob\n```\n@ann\n~~~",
  "````\n```\n@bob\n```\n````",
])("code mentions nobody: %j", (text) => {
  expect(mentioned(text)).toEqual([]);
});

test.each([
  ["`code` @bob `more`", ["bob"]],
  ["```\n@ann\n```\n@bob", ["bob"]],
  ["an open ` is no code @bob", ["bob"]],
  ["```one line``` @bob", ["bob"]],
])("what stands around code counts: %j", (text, ids) => {
  expect(mentioned(text)).toEqual(ids);
});

test("everyone with the handle is meant when two people share it", () => {
  const twins = [...people, { id: "ann2", handles: ["ann", "ann2@acme.com"] }];

  expect(findMentioned("@ann", twins)).toEqual(["ann", "ann2"]);
  expect(findMentioned("@ann2@acme.com", twins)).toEqual(["ann2"]);
});

test("texts made to be slow are read in no time, and count at most 50 mentions", () => {
  const size = 50_000;
  const texts = ["`".repeat(size), "@".repeat(size), "(@".repeat(size / 2), "@a.".repeat(size / 3)];
  texts.push(`${"`".repeat(size)}x\``, "` `` ".repeat(size / 5), "```\n".repeat(size / 4), "@a(".repeat(size / 3));
  texts.push(Array.from({ length: 300 }, (_, i) => "`".repeat(i + 1)).join("x"));

  for (const text of texts) {
    const started = performance.now();
    const handles = findHandles(text);
    expect(performance.now() - started).toBeLessThan(200);
    expect(handles.length).toBeLessThanOrEqual(50);
    expect(handles.flat().length).toBeLessThanOrEqual(1000);
  }
});
