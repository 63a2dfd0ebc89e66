import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { spanAt } from "../../src/features/issue/query/moment.ts";
import { editDistance, nearest } from "../../src/features/issue/query/near.ts";
import { parseQuery } from "../../src/features/issue/query/parse.ts";
import { printQuery } from "../../src/features/issue/query/print.ts";
import { AppError } from "../../src/kernel/errors.ts";

function refusal(q: string): AppError {
  try {
    parseQuery(q);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`${q} was parsed`);
}

describe("a query that can be read", () => {
  test("is words, conditions and an order, wherever they stand", () => {
    const query = parseQuery('cart Status:OPEN,closed -tag:"won\'t fix" "saved card" sort:Priority -basket');

    expect(query).toEqual({
      terms: [
        { field: "status", negated: false, values: ["open", "closed"] },
        {
          field: "tag",
          negated: true,
          values: [{ text: "won't fix", quoted: true, keyword: false, at: 29 }],
        },
      ],
      text: 'cart "saved card" -basket',
      sort: "priority",
    });
  });

  test.each([
    "std::map",
    "https://example.com/?a=b",
    "12:30",
    "'; drop table issues; --",
    "a-b",
    "-",
    "--",
    "- status",
    '"status:open"',
    "'s:",
  ])("takes %s for words", (q) => {
    if (q === "'s:") return expect(parseQuery(q).terms).toEqual([]);
    return expect(parseQuery(q)).toEqual({ terms: [], text: q, sort: undefined });
  });

  test("knows keywords outside of quotation marks only", () => {
    const [active, named] = parseQuery('sprint:Active sprint:"active"').terms;

    expect(active).toMatchObject({ values: [{ text: "active", keyword: true }] });
    expect(named).toMatchObject({ values: [{ text: "active", keyword: false }] });
  });

  test.each([
    ["<7d", { from: "2026-01-24T12:00:00.000Z" }],
    [">2w", { to: "2026-01-17T12:00:00.000Z" }],
    [">=30m", { to: "2026-01-31T11:30:00.000Z" }],
    ["2026-01-01", { from: "2026-01-01T00:00:00.000Z", to: "2026-01-02T00:00:00.000Z" }],
    [">2026-01-01", { from: "2026-01-02T00:00:00.000Z" }],
    [">=2026-01-01", { from: "2026-01-01T00:00:00.000Z" }],
    ["<2026-01-01", { to: "2026-01-01T00:00:00.000Z" }],
    ["<=2026-01-01", { to: "2026-01-02T00:00:00.000Z" }],
    ["<2026-01-01T10:00:00Z", { to: "2026-01-01T10:00:00.000Z" }],
    ["<9999w", { from: "1970-01-01T00:00:00.000Z" }],
    [">0000-01-01", { from: "1970-01-01T00:00:00.000Z" }],
  ])("reads the moment %s", (text, span) => {
    const [term] = parseQuery(`updated:${text}`).terms;
    const value = term?.field === "updated" ? term.values[0] : undefined;

    expect(value && JSON.parse(JSON.stringify(spanAt(value.span, new Date("2026-01-31T12:00:00Z"))))).toEqual(span);
  });
});

describe("a query that cannot be read", () => {
  test.each([
    ["statsu:open", "statsu", 0, 'unknown field "statsu" at 0; did you mean status?'],
    ["cart -Tga:bug", "Tga", 6, 'unknown field "Tga" at 6; did you mean tag?'],
    ["  colour:red", "colour", 2, /^unknown field "colour" at 2; there are status, .*quotation marks$/],
    ["status:open,clsed", "clsed", 12, 'unknown status "clsed" at 12; did you mean closed?'],
    ["priority:high", "high", 9, 'unknown priority "high" at 9; it is critical, major, normal or minor'],
    ["status:", "status:", 7, "status lacks a value at 7"],
    ["status:open, closed", "status:open,", 12, "status lacks a value at 12"],
    ['tag:""', 'tag:""', 4, "tag lacks a value at 4"],
    ['x tag:"bug', 'tag:"bug', 6, "a quotation mark is not closed at 6"],
    ["parent:0", "0", 7, /no number of an issue at 7/],
    ["parent:2147483648", "2147483648", 7, /no number of an issue/],
    ["updated:7d", "7d", 8, '"7d" does not say on which side at 8; write <7d or >7d'],
    ["created:<yesterday", "<yesterday", 8, /^"<yesterday" is no moment at 8; write/],
    ["created:2026-02-30", "2026-02-30", 8, /no moment/],
    ["sort:title", "title", 5, /^unknown sort "title" at 5; it is updated/],
    ["sort:rank sort:rank", "sort:rank", 10, "a second sort at 10; keep one"],
    ["-sort:rank", "-sort:rank", 0, /^sort takes one order at 0/],
    ["status:open sort:relevance", "sort:relevance", 12, /needs words to search for at 12/],
    ["cart OR status:open", "OR", 5, /^OR joins words only at 5/],
  ])("is refused with what and where: %s", (q, token, at, message) => {
    const error = refusal(q);

    expect(error.code).toBe("invalid");
    expect(error.details).toMatchObject({ token, at });
    const text = typeof message === "string" ? message : expect.stringMatching(message);
    expect(error.details).toMatchObject({ issues: [{ path: "q", message: text }] });
  });
});

const fieldNames = [
  "status",
  "priority",
  "assignee",
  "tag",
  "stage",
  "sprint",
  "parent",
  "updated",
  "sort",
  "or",
  "colour",
];
const piece = fc.oneof(
  fc.constantFrom(...fieldNames.map((name) => `${name}:`), "or", "-", '"', ",", ":", " ", "<7d", ">2026-01-01", "12"),
  fc.constantFrom(
    "open",
    "closed",
    "none",
    "me",
    "active",
    "critical",
    "relevance",
    "In Progress",
    "\u0000",
    "'",
    "\\",
  ),
  fc.string({ unit: "binary", maxLength: 6 }),
);
const queries = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
  fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(" ")),
);

test("any text is a query or is refused with a piece of it and its place", () => {
  fc.assert(
    fc.property(queries, (q) => {
      try {
        parseQuery(q);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        const { at, token } = error.details as { at: number; token: string };
        expect(error.code).toBe("invalid");
        expect(q).toContain(token);
        expect(at).toBeGreaterThanOrEqual(0);
        expect(at).toBeLessThanOrEqual(q.length);
        expect(JSON.stringify(error.details?.["issues"])).toContain(` at ${at}`);
      }
    }),
    { numRuns: 3000 },
  );
});

test("printing a query and reading it again gives the same query", () => {
  /** Without the places, which differ. */
  const shape = (q: string) =>
    JSON.stringify(parseQuery(q), (key, value) => (key === "at" || key === "quoted" ? 0 : value));
  let read = 0;
  fc.assert(
    fc.property(queries, (q) => {
      try {
        parseQuery(q);
      } catch {
        return;
      }
      read += 1;
      const printed = printQuery(parseQuery(q));
      expect(shape(printed)).toBe(shape(q));
      expect(printQuery(parseQuery(printed))).toBe(printed);
    }),
    { numRuns: 3000 },
  );
  expect(read).toBeGreaterThan(500);
});

test("distances count letters added, missing, changed and swapped", () => {
  expect([editDistance("cart", "cart"), editDistance("catr", "cart"), editDistance("crt", "cart")]).toEqual([0, 1, 1]);
  expect([editDistance("", "cart"), editDistance("kitten", "sitting")]).toEqual([4, 3]);
  expect(nearest("WONTFX", ["bug", "wontfix"])).toBe("wontfix");
  expect(nearest("x", ["open", "closed"])).toBe(undefined);
});
