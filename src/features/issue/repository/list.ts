import { type RawBuilder, sql } from "kysely";
import type { Card, Issue } from "../../../../protocol/index.ts";
import type { ProjectScope } from "../../../kernel/context.ts";
import type { Db } from "../../../kernel/db.ts";
import { behind, readCursor, toPage } from "../../../kernel/page.ts";
import { cardColumns } from "../columns.ts";

/** Absent filters are undefined; within one filter any value matches, and all filters must. */
export type IssueFilter = {
  q: string | undefined;
  statuses: Issue["status"][] | undefined;
  types: Issue["type"][] | undefined;
  kinds: Issue["kind"][] | undefined;
  priorities: Issue["priority"][] | undefined;
  stageIds: string[] | undefined;
  /** User ids, or "none" for issues without any. */
  assignees: string[] | undefined;
  reporterIds: string[] | undefined;
  updatedBefore: Date | undefined;
  sort: "updated" | "created" | "priority" | "rank" | "relevance";
  cursor: string | null | undefined;
  limit: number;
};

type Order = { keys: RawBuilder<unknown>[]; types: string[]; direction: "asc" | "desc" };

/** Times are compared as text with microseconds: the wire's milliseconds would skip or repeat rows. */
function orderOf(sort: IssueFilter["sort"], relevance: RawBuilder<unknown>): Order {
  const number = sql`issues.number`;
  switch (sort) {
    case "updated":
      return { keys: [sql`issues.updated_at`, number], types: ["timestamptz", "int"], direction: "desc" };
    case "created":
      return { keys: [sql`issues.created_at`, number], types: ["timestamptz", "int"], direction: "desc" };
    case "priority":
      return { keys: [sql`issues.priority`, number], types: ["issue_priority", "int"], direction: "asc" };
    case "rank": {
      // Issues without a stage come last, as on the board.
      const position = sql`coalesce(stages.position, 2147483647)`;
      return { keys: [position, sql`issues.rank`, number], types: ["int", "text", "int"], direction: "asc" };
    }
    case "relevance":
      return { keys: [relevance, number], types: ["double precision", "int"], direction: "desc" };
  }
}

const assigneeCondition = (assignees: string[]) => {
  const people = assignees.filter((id) => id !== "none");
  const someone = sql<boolean>`issues.assignee_ids && cast(${people} as uuid[])`;
  return people.length === assignees.length ? someone : sql<boolean>`(issues.assignee_ids = '{}' or ${someone})`;
};

/** Cards that match, a page in the order asked for. */
export async function listCards(
  db: Db,
  project: ProjectScope,
  filter: IssueFilter,
): Promise<{ items: Card[]; nextCursor: string | null }> {
  const { q, statuses, types, kinds, priorities, stageIds, assignees, reporterIds, updatedBefore, limit } = filter;
  const words = sql`websearch_to_tsquery('english', ${q ?? ""})`;
  const relevance = sql`(select cast(ts_rank(t.words, ${words}) as double precision) from issue_texts t where t.issue_id = issues.id)`;
  const order = orderOf(filter.sort, q === undefined ? sql`0` : relevance);
  const after = readCursor(filter.cursor, order.keys.length);

  let query = db
    .selectFrom("issues")
    .leftJoin("stages", "stages.id", "issues.stageId")
    .select(cardColumns(project))
    .select(sql<string[]>`json_build_array(${sql.join(order.keys.map((key) => sql`${key}::text`))})`.as("sortKey"))
    .where("issues.projectId", "=", project.id)
    .where("issues.deletedAt", "is", null);
  if (q !== undefined) {
    query = query.where(
      sql<boolean>`exists (select from issue_texts t where t.issue_id = issues.id and t.words @@ ${words})`,
    );
  }
  if (statuses) query = query.where(sql<boolean>`issues.status = any(cast(${statuses} as issue_status[]))`);
  if (types) query = query.where(sql<boolean>`issues.type = any(cast(${types} as issue_type[]))`);
  if (kinds) query = query.where(sql<boolean>`issues.kind = any(cast(${kinds} as issue_kind[]))`);
  if (priorities) query = query.where(sql<boolean>`issues.priority = any(cast(${priorities} as issue_priority[]))`);
  if (stageIds) query = query.where(sql<boolean>`issues.stage_id = any(cast(${stageIds} as uuid[]))`);
  if (reporterIds) query = query.where(sql<boolean>`issues.reporter_id = any(cast(${reporterIds} as uuid[]))`);
  if (assignees) query = query.where(assigneeCondition(assignees));
  if (updatedBefore) query = query.where("issues.updatedAt", "<", updatedBefore.toISOString());
  if (after) query = query.where(behind(order.keys, after, order.types, order.direction));
  for (const key of order.keys) query = query.orderBy(key, order.direction);

  const page = toPage(await query.limit(limit + 1).execute(), limit, ({ sortKey }) => sortKey);
  return { items: page.items.map(({ sortKey: _, ...card }) => card), nextCursor: page.nextCursor };
}
