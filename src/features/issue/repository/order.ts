import { type RawBuilder, type SelectQueryBuilder, sql } from "kysely";
import { z } from "zod";
import { type Issue, Priority } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";
import { behind, floatKey, intKey, type Order, timeKey } from "../../../kernel/page.ts";
import type { DB } from "../../../kernel/schema.ts";

const rank = { by: sql`issues.rank`, type: "text", holds: z.string().regex(/^[0-9A-Za-z]+$/) };
const priority = { by: sql`issues.priority`, type: "issue_priority", holds: Priority };
const number = intKey(sql`issues.number`);

/** Within one column of the board. */
export const columnOrder: Order = { name: "column", keys: [rank, number], direction: "asc" };

/** Of a list; `words` is what was searched for. */
export function listOrder(
  sort: "updated" | "created" | "priority" | "rank" | "relevance",
  words: RawBuilder<unknown>,
): Order {
  switch (sort) {
    case "updated":
      return { name: sort, keys: [timeKey(sql`issues.updated_at`), number], direction: "desc" };
    case "created":
      // Numbers are given in the order of creation.
      return { name: sort, keys: [number], direction: "desc" };
    case "priority":
      return { name: sort, keys: [priority, number], direction: "asc" };
    case "rank":
      return { name: sort, keys: [intKey(sql`board.position`), rank, number], direction: "asc" };
    case "relevance": {
      const relevance = floatKey(sql`cast(ts_rank(issue_texts.words, ${words}) as double precision)`);
      return { name: sort, keys: [relevance, number], direction: "desc" };
    }
  }
}

type After = ReadonlyArray<string | number | null>;

/** The query's rows in this order, behind `after`. */
export function inOrder<Row>(
  query: SelectQueryBuilder<DB, "issues", Row>,
  order: Order,
  after: After | undefined,
): SelectQueryBuilder<DB, "issues", Row> {
  const rows = after ? query.where(behind(order, after)) : query;
  return order.keys.reduce((sorted, { by }) => sorted.orderBy(by, order.direction), rows);
}

/** Right of all stages: where issues without one stand. */
const LAST_POSITION = 2_147_483_647;

type Walk = {
  projectId: string;
  /** These columns only. */
  columnIds?: string[] | undefined;
  /** Columns with issues of these statuses only: a long one without any would be read to its end. */
  statuses?: Issue["status"][] | undefined;
  /** Position of the column, rank and number. */
  after?: After | undefined;
  perColumn: number;
  limit?: number;
};

/**
 * The query's rows column by column, left to right. Each column is read along its index and only as far as needed,
 * which a join with stages would not do. The query may use `board.position`.
 */
export async function walkColumns<Row>(
  db: Db,
  query: SelectQueryBuilder<DB, "issues", Row>,
  { projectId, columnIds, statuses, after = [-1, "", 0], perColumn, limit }: Walk,
): Promise<Row[]> {
  const [position, afterRank, afterNumber] = after;
  const isAhead = sql`board.position > cast(${position} as int)`;
  const behindStart = sql<boolean>`(issues.rank, issues.number) > (
    case when ${isAhead} then '' else ${afterRank} end, case when ${isAhead} then 0 else cast(${afterNumber} as int) end
  )`;
  const isWorthIt = sql<boolean>`exists (
    select from issues where issues.column_id = board.id and issues.status = any(cast(${statuses} as issue_status[]))
  )`;
  const cards = query.where(sql<boolean>`issues.column_id = board.id`).where(behindStart);
  const { rows } = await sql<Row>`
    select cards.* from (
      select id, position from stages where project_id = ${projectId}
      union all select cast(${projectId} as uuid), ${sql.lit(LAST_POSITION)}
    ) as board
    cross join lateral (${inOrder(cards, columnOrder, undefined).limit(perColumn)}) as cards
    where board.position >= cast(${position} as int)
      and ${columnIds ? sql`board.id = any(cast(${columnIds} as uuid[]))` : sql`true`}
      and ${statuses ? isWorthIt : sql`true`}
    order by board.position, cards.rank, cards.number
    limit ${limit ?? null}`.execute(db);
  return rows;
}
