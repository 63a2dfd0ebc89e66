import type { Input, Output } from "../../../protocol/index.ts";
import type { OrgContext } from "../../kernel/context.ts";
import { found } from "../../kernel/errors.ts";
import { readAfter, readCursor, toPage } from "../../kernel/page.ts";
import { findProjectAccess } from "../project/repository.ts";
import { hitOrder, listHits, listNearWords } from "./repository.ts";
import { doubtful, meantBy, readTyped, type Texts, type Typed, textsOf } from "./words.ts";

/** With fewer hits, what was meant is searched for too. */
const FEW = 5;
/** More words are not looked at for typos. */
const MAX_DOUBTFUL = 6;

/** Id of the project searched, or of the organization, whose members see all of its projects. */
async function scopeOf({ db, org, actor }: OrgContext, ref: string | undefined): Promise<string> {
  if (ref === undefined) return org.id;
  const project = await findProjectAccess(db, { userId: actor.id, ref });
  return found(project?.orgId === org.id ? project.id : undefined, "Project");
}

/** The same search with what the words may mean; undefined when they are known, or nothing is near them. */
async function textsMeant(ctx: OrgContext, typed: Typed): Promise<Texts | undefined> {
  const words = doubtful(typed).slice(0, MAX_DOUBTFUL);
  if (words.length === 0) return undefined;
  const near = await listNearWords(ctx.db, words);
  const open = typed.endsOpen ? typed.items.at(-1)?.text : undefined;
  const meant = new Map(words.map((word) => [word, meantBy(word, near.get(word) ?? [], word === open)]));
  return [...meant.values()].some(({ length }) => length > 0) ? textsOf(typed, meant) : undefined;
}

export async function searchIssues(ctx: OrgContext, input: Input<"issue.search">): Promise<Output<"issue.search">> {
  const { cursor, limit } = input;
  const scopeId = await scopeOf(ctx, input.project);
  const typed = readTyped(input.q);
  const exact = textsOf(typed);
  // Whole words come before words that begin so, and those before what they may mean.
  const firsts = { words: typed.endsOpen ? textsOf({ ...typed, endsOpen: false }) : undefined, meant: exact };
  const pageOf = async (name: "words" | "meant", texts: Texts) => {
    const order = hitOrder(name);
    const after = readAfter(order, cursor);
    const rows = await listHits(ctx.db, ctx.org, {
      scopeId,
      texts,
      first: firsts[name],
      order,
      after,
      limit: limit + 1,
    });
    const { items, nextCursor } = toPage(rows, limit, (row) => row.cursorValues);
    const shown = items.map(({ cursorValues: _, relevance, snippet, ...issue }) => ({
      issue,
      rank: relevance,
      snippet,
    }));
    return { items: shown, nextCursor };
  };

  const continues = readCursor(cursor, 3)?.[0];
  if (continues !== "meant") {
    const page = await pageOf("words", exact);
    if (continues !== undefined || page.items.length >= Math.min(FEW, limit)) return page;
    const texts = await textsMeant(ctx, typed);
    return texts ? pageOf("meant", texts) : page;
  }
  return pageOf("meant", (await textsMeant(ctx, typed)) ?? exact);
}
