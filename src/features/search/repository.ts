import { type RawBuilder, sql } from "kysely";
import type { Card } from "../../../protocol/index.ts";
import type { OrgScope } from "../../kernel/context.ts";
import type { Db } from "../../kernel/db.ts";
import { behind, bigintKey, cursorValues, floatKey, type Order } from "../../kernel/page.ts";
import { cardColumns } from "../issue/columns.ts";
import type { Texts } from "./words.ts";

/** Only the latest matches of a word that is everywhere are ranked: ranking reads whole texts, 100,000 take a second. */
const MAX_RANKED = 1000;

/** The best first; `name` tells what was searched for, the words or also what they may mean. */
export const hitOrder = (name: "words" | "meant"): Order => ({
  name,
  keys: [floatKey(sql`hit.rank`), bigintKey(sql`hit.place`)],
  direction: "desc",
});

/** Postgres gives notice of texts without words. */
const toQuery = (config: "english" | "simple", text: string) =>
  sql`coalesce(to_tsquery(${sql.lit(config)}, nullif(cast(${text} as text), '')), '')`;

const tsquery = ({ head, last, prefix }: Texts) =>
  sql`(${toQuery("english", head)} && (${toQuery("english", last)} || ${toQuery("simple", prefix)}))`;

type Search = {
  /** Of the project, or of all. */
  scopeId: string;
  texts: Texts;
  /** Narrower words: issues with these come before others. */
  first: Texts | undefined;
  order: Order;
  after: readonly (string | number | null)[] | undefined;
  limit: number;
};
type Hit = { issueId: string; rank: number; place: number };

/** Matches, ranked; deleted issues have no texts. */
const hits = (org: OrgScope, { scopeId, texts, first, order, after, limit }: Search): RawBuilder<Hit> => {
  const ranked = sql`rank_texts(
    ${org.id}, cast(${`'@${scopeId}'`} as tsquery), ${tsquery(texts)}, ${first ? tsquery(first) : sql`null`}, ${sql.lit(MAX_RANKED)}
  )`;
  return sql<Hit>`(
    select * from ${ranked} as hit where ${after ? behind(order, after) : sql`true`}
    order by rank desc, place desc limit ${limit}
  )`;
};

const MARKS = "StartSel=⟦, StopSel=⟧, MaxWords=30, MinWords=12";
/** What is looked through for the best passage. */
const MAX_PASSAGE = 10_000;
const MAX_COMMENTS = 20;

/** The best passage of an issue, first looked for in forms of words, then in words as written. */
const snippet = ({ any, prefix }: Texts) => {
  const words = sql`(${toQuery("english", any)} || ${toQuery("simple", prefix)})`;
  const marked = (config: string) =>
    sql`ts_headline(${sql.lit(config)}, translate(passage.body, '⟦⟧', '[]'), ${words}, ${sql.lit(MARKS)})`;
  return sql<string>`(
    select case when ${marked("english")} like '%⟦%' then ${marked("english")} else ${marked("simple")} end
    from (
      select issues.title as body, 1 as turn
      union all select left(issues.description, ${sql.lit(MAX_PASSAGE)}), 0 where issues.description <> ''
      union all (
        select left(comments.body, ${sql.lit(MAX_PASSAGE)}), 2 from comments where comments.issue_id = issues.id
        order by comments.created_at desc limit ${sql.lit(MAX_COMMENTS)}
      )
    ) as passage
    order by ts_rank(body_words(passage.body, 'A'), ${words}) desc, turn limit 1
  )`;
};

/** Issues of an organization that match, a page with the cards and the best passages. */
export async function listHits(db: Db, org: OrgScope, search: Search) {
  const ref = sql<string>`cast(${org.slug} as text) || '/' || projects.slug`;
  return db
    .selectFrom(hits(org, search).as("hit"))
    .innerJoin("issues", "issues.id", "hit.issueId")
    .innerJoin("projects", "projects.id", "issues.projectId")
    .select(cardColumns({ ref, key: sql<string>`projects.key` }))
    .select([
      "hit.rank as relevance",
      snippet(search.texts).as("snippet"),
      cursorValues(search.order).as("cursorValues"),
    ])
    .orderBy("hit.rank", "desc")
    .orderBy("hit.place", "desc")
    .$castTo<Card & { relevance: number; snippet: string; cursorValues: (string | number | null)[] }>()
    .execute();
}

/** Words of titles that look like the ones typed, by those. */
export async function listNearWords(db: Db, typed: string[]): Promise<Map<string, string[]>> {
  const { rows } = await sql<{ typed: string; words: string[] }>`
    select typed, array(select word from near_words(lower(typed))) as words
    from unnest(cast(${typed} as text[])) as typed`.execute(db);
  return new Map(rows.map(({ typed: word, words }) => [word, words]));
}
