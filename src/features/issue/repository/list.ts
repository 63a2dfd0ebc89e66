import { type RawBuilder, sql } from "kysely";
import type { Card } from "../../../../protocol/index.ts";
import type { ProjectScope } from "../../../kernel/context.ts";
import { type Db, plannedAnew } from "../../../kernel/db.ts";
import { cursorValues, readAfter, toPage } from "../../../kernel/page.ts";
import { cardColumns } from "../columns.ts";
import { conditionsOf, type Match } from "./match.ts";
import { inOrder, listOrder, walkColumns } from "./order.ts";

/** All must hold of a card that is listed. */
export type IssueFilter = Match & {
  /** Words, in the syntax of web searches. */
  q?: string | undefined;
  /** More that must hold, or must not. */
  terms?: { match: Match; negated: boolean }[] | undefined;
  sort: "updated" | "created" | "priority" | "rank" | "relevance";
  cursor?: string | null | undefined;
  limit: number;
};

/** The columns that all conditions together leave; undefined: any. */
function columnsOf({ stageIds, terms = [] }: IssueFilter): string[] | undefined {
  const wanted = [stageIds, ...terms.map(({ match, negated }) => (negated ? undefined : match.stageIds))];
  const lists = wanted.filter((ids) => ids !== undefined);
  return lists.length === 0 ? undefined : lists.reduce((left, ids) => left.filter((id) => ids.includes(id)));
}

/** Ranking reads whole texts, so of words that are everywhere only the latest issues are ranked. */
const MAX_RANKED = 1000;

/** Words in the project's texts. A search for nothing, as "the" alone, finds nothing. */
const searchCondition = (projectId: string, words: RawBuilder<unknown>) =>
  sql<boolean>`issue_texts.words @@ (cast(${`'@${projectId}'`} as tsquery) && ${words}) and numnode(${words}) > 0`;

/** Cards that match, a page in the order asked for. */
export async function listCards(
  db: Db,
  project: ProjectScope,
  filter: IssueFilter,
): Promise<{ items: Card[]; nextCursor: string | null }> {
  const { q, terms = [], limit } = filter;
  const words = sql`websearch_to_tsquery('english', ${q ?? ""})`;
  const order = listOrder(filter.sort, words);
  const after = readAfter(order, filter.cursor);

  const conditions = [
    ...conditionsOf(project.id, filter),
    ...terms.flatMap(({ match, negated }) =>
      conditionsOf(project.id, match).map((condition) =>
        negated ? sql<boolean>`(${condition}) is not true` : condition,
      ),
    ),
    ...(q === undefined ? [] : [searchCondition(project.id, words)]),
  ];
  const matches = db
    .selectFrom("issues")
    .where("issues.projectId", "=", project.id)
    .where("issues.deletedAt", "is", null)
    .$if(conditions.length > 0, (cards) => cards.modifyFront(plannedAnew).where((eb) => eb.and(conditions)))
    .$if(q !== undefined, (cards) => cards.innerJoin("issueTexts", "issueTexts.issueId", "issues.id"));
  const latest = matches
    .select([sql<string>`issue_texts.issue_id`.as("issueId"), sql`issue_texts.words`.as("words")])
    .orderBy("issues.number", "desc")
    .limit(MAX_RANKED);
  const query = (
    filter.sort === "relevance"
      ? db.selectFrom("issues").innerJoin(latest.as("issueTexts"), "issueTexts.issueId", "issues.id")
      : matches
  )
    .select(cardColumns(project))
    .select(cursorValues(order).as("cursorValues"));

  const rows =
    filter.sort === "rank"
      ? await walkColumns(db, query, {
          projectId: project.id,
          columnIds: columnsOf(filter),
          statuses: filter.statuses,
          after,
          perColumn: limit + 1,
          limit: limit + 1,
        })
      : await inOrder(query, order, after)
          .limit(limit + 1)
          .execute();
  const page = toPage(rows, limit, (row) => row.cursorValues);
  return { items: page.items.map(({ cursorValues: _, ...card }) => card), nextCursor: page.nextCursor };
}
