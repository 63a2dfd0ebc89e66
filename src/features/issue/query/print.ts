import type { Query, Term } from "./parse.ts";
import type { Value } from "./tokens.ts";

const quoted = ({ text }: Value): string => `"${text}"`;

function valuesOf(term: Term): string[] {
  switch (term.field) {
    case "updated":
    case "created":
      return term.values.map(quoted);
    case "status":
    case "priority":
    case "type":
    case "kind":
    case "parent":
      return term.values.map(String);
    default:
      return term.values.map((value) => (value.keyword ? value.text : quoted(value)));
  }
}

/** The query in one spelling: fields first, then the order, then the words. */
export function printQuery({ terms, text, sort }: Query): string {
  const conditions = terms.map((term) => `${term.negated ? "-" : ""}${term.field}:${valuesOf(term).join(",")}`);
  return [...conditions, ...(sort ? [`sort:${sort}`] : []), ...(text === undefined ? [] : [text])].join(" ");
}
