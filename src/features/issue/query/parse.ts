/**
 * The query language of `issue.list`, described in docs/query.md. Text is a query or throws `invalid` with the piece
 * that is wrong and its place; names are looked up later. Printing a query and parsing it again gives the same query.
 */
import { didYouMean, faultOf, queryFault } from "./fault.ts";
import { type FieldName, fieldNames, fields, type NameField, type Sort, sorts, type WordField } from "./fields.ts";
import { readSpan, type Span } from "./moment.ts";
import { nearest } from "./near.ts";
import { readTokens, type Token, type Value } from "./tokens.ts";

/** One condition; any of its values will do. */
export type Term = { negated: boolean } & (
  | { field: WordField; values: string[] }
  | { field: NameField; values: (Value & { keyword: boolean })[] }
  | { field: "parent"; values: (number | "none")[] }
  | { field: "updated" | "created"; values: (Value & { span: Span })[] }
);

export type Query = {
  /** All must hold. */
  terms: Term[];
  /** Words and phrases for the full text search, as they were written. */
  text: string | undefined;
  sort: Sort | undefined;
};

type FieldToken = Extract<Token, { kind: "field" }>;

function fieldOf(token: FieldToken): FieldName {
  const name = token.name.toLowerCase();
  const field = fieldNames.find((known) => known === name);
  if (field) return field;
  const at = token.at + (token.negated ? 1 : 0);
  const meant = didYouMean(nearest(name, fieldNames));
  const hint = meant ?? `there are ${fieldNames.join(", ")}; put words with a colon in quotation marks`;
  throw queryFault({ token: token.name, at, problem: `unknown field "${token.name}"`, hint });
}

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

function keywordOf(value: Value, words: readonly string[]): string | undefined {
  const text = value.text.toLowerCase();
  return words.find((word) => word === text);
}

function wordOf(field: FieldName, value: Value, words: readonly string[]): string {
  const word = keywordOf(value, words);
  if (word !== undefined) return word;
  const hint = didYouMean(nearest(value.text, words)) ?? `it is ${listed(words)}`;
  throw faultOf(value, `unknown ${field} "${value.text}"`, hint);
}

function parentOf(value: Value): number | "none" {
  if (keywordOf(value, ["none"])) return "none";
  const number = /^#?(\d{1,10})$/.exec(value.text)?.[1];
  if (number && Number(number) >= 1 && Number(number) <= 2_147_483_647) return Number(number);
  throw faultOf(value, `"${value.text}" is no number of an issue`, "write parent:12 or parent:none");
}

function termOf(field: Exclude<FieldName, "sort">, { negated, values }: FieldToken): Term {
  switch (field) {
    case "updated":
    case "created":
      return { field, negated, values: values.map((value) => ({ ...value, span: readSpan(value) })) };
    case "parent":
      return { field, negated, values: values.map(parentOf) };
    case "status":
    case "priority":
    case "type":
    case "kind":
      return { field, negated, values: values.map((value) => wordOf(field, value, fields[field].words)) };
    default: {
      const isKeyword = (value: Value) => !value.quoted && keywordOf(value, fields[field].words) !== undefined;
      const named = values.map((value) => {
        const keyword = isKeyword(value);
        return { ...value, text: keyword ? value.text.toLowerCase() : value.text.trim(), keyword };
      });
      return { field, negated, values: named };
    }
  }
}

function checkValues(field: FieldName, { values, closed, raw }: FieldToken): void {
  const last = values.at(-1);
  if (!closed && last) throw queryFault({ token: raw, at: last.at, problem: "a quotation mark is not closed" });
  const empty = values.find(({ text }) => text.trim() === "");
  if (!empty) return;
  const example = { word: "", name: "", number: " as 12", moment: " as <7d" }[fields[field].takes];
  throw queryFault({ token: raw, at: empty.at, problem: `${field} lacks a value${example}` });
}

function sortOf({ values, negated, raw, at }: FieldToken, before: Sort | undefined): Sort {
  const [value, second] = values;
  if (negated || second)
    throw queryFault({ token: raw, at, problem: "sort takes one order", hint: `it is ${listed(sorts)}` });
  if (before) throw queryFault({ token: raw, at, problem: "a second sort", hint: "keep one" });
  return wordOf("sort", value ?? { text: "", quoted: false, at }, sorts) as Sort;
}

const isOr = (token: Token | undefined): boolean =>
  token?.kind === "word" && !token.negated && token.text.toLowerCase() === "or";

/** Throws when an `or` stands beside a field: it joins words only. */
function checkOr(tokens: Token[]): void {
  tokens.forEach((token, i) => {
    if (!isOr(token)) return;
    if (tokens[i - 1]?.kind !== "field" && tokens[i + 1]?.kind !== "field") return;
    const hint = 'fields take several values, as status:open,closed; the word itself is "or"';
    throw queryFault({ token: token.raw, at: token.at, problem: `${token.raw} joins words only`, hint });
  });
}

export function parseQuery(text: string): Query {
  const tokens = readTokens(text);
  checkOr(tokens);
  const terms: Term[] = [];
  let sort: Sort | undefined;
  let sortToken: FieldToken | undefined;
  for (const token of tokens) {
    if (token.kind !== "field") continue;
    const field = fieldOf(token);
    checkValues(field, token);
    if (field === "sort") {
      sort = sortOf(token, sort);
      sortToken = token;
    } else terms.push(termOf(field, token));
  }
  const words = tokens.filter(({ kind }) => kind !== "field").map(({ raw }) => raw);
  if (sort === "relevance" && sortToken && words.length === 0) {
    const { raw, at } = sortToken;
    throw queryFault({ token: raw, at, problem: "sort:relevance needs words to search for", hint: "add some" });
  }
  return { terms, text: words.length > 0 ? words.join(" ") : undefined, sort };
}
