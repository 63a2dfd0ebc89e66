import type { Issue } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { didYouMean, faultOf } from "../query/fault.ts";
import { fields, type NameField, type Sort } from "../query/fields.ts";
import { spanAt } from "../query/moment.ts";
import { nearest } from "../query/near.ts";
import { parseQuery, type Term } from "../query/parse.ts";
import type { Value } from "../query/tokens.ts";
import type { Match } from "../repository/match.ts";
import { listNamed, type Named, type Wanted } from "../repository/names.ts";

type NamedTerm = Extract<Term, { field: NameField }>;
type NameValue = NamedTerm["values"][number];

const isNamed = (term: Term): term is NamedTerm => fields[term.field].takes === "name";

/** The error for a name that nothing has. */
function unknownName(what: string, value: Value, { others }: Named) {
  const meant = nearest(value.text, others);
  const quoted = others.map((name) => `"${name}"`).join(", ");
  const hint = didYouMean(meant && `"${meant}"`) ?? (others.length > 0 ? `there are ${quoted}` : `there is no ${what}`);
  return faultOf(value, `no ${what} "${value.text}"`, hint);
}

/** Ids of all values that are names; throws for one that does not exist. */
async function lookUp(ctx: ProjectContext, terms: Term[]): Promise<Map<NameValue, string[]>> {
  const asked = terms
    .filter(isNamed)
    .flatMap(({ field, values }) => values.filter(({ keyword }) => !keyword).map((value) => ({ field, value })));
  if (asked.length === 0) return new Map();
  const wanted = asked.map(({ field, value }): Wanted => ({ kind: fields[field].what, name: value.text }));
  const found = await listNamed(ctx.db, ctx.project, wanted);
  return new Map(
    asked.map(({ field, value }, i) => {
      const named = found[i] ?? { ids: [], others: [] };
      if (named.ids.length === 0) throw unknownName(fields[field].what, value, named);
      return [value, named.ids];
    }),
  );
}

function matchOf(ctx: ProjectContext, term: Term, ids: Map<NameValue, string[]>): Match {
  const named = (values: NameValue[]) => values.flatMap((value) => ids.get(value) ?? [value.text]);
  const people = (values: NameValue[]) => named(values).map((id) => (id === "me" ? ctx.actor.id : id));
  switch (term.field) {
    // The parser let through only what the protocol lists.
    case "status":
      return { statuses: term.values as Issue["status"][] };
    case "type":
      return { types: term.values as Issue["type"][] };
    case "kind":
      return { kinds: term.values as Issue["kind"][] };
    case "priority":
      return { priorities: term.values as Issue["priority"][] };
    case "assignee":
      return { assignees: people(term.values) };
    case "reporter":
      return { reporterIds: people(term.values) };
    case "tag":
      return { tagIds: named(term.values) };
    case "stage":
      return { stageIds: named(term.values).map((id) => (id === "none" ? ctx.project.id : id)) };
    case "lane":
      return { lanes: named(term.values) };
    case "sprint":
      return { sprints: named(term.values) };
    case "parent":
      return { parents: term.values };
    case "updated":
    case "created":
      return { [term.field]: term.values.map(({ span }) => spanAt(span, ctx.now())) };
  }
}

type Read = { text: string | undefined; sort: Sort | undefined; terms: { match: Match; negated: boolean }[] };

/** A query with its names looked up in the project; `invalid` says what is wrong and where. */
export async function readQuery(ctx: ProjectContext, q: string | undefined): Promise<Read> {
  if (q === undefined) return { text: undefined, sort: undefined, terms: [] };
  const { text, sort, terms } = parseQuery(q);
  const ids = await lookUp(ctx, terms);
  return { text, sort, terms: terms.map((term) => ({ match: matchOf(ctx, term, ids), negated: term.negated })) };
}
