import { type RawBuilder, sql } from "kysely";
import type { Card, Issue } from "../../../../protocol/index.ts";
import type { ProjectScope } from "../../../kernel/context.ts";
import type { Db } from "../../../kernel/db.ts";
import { cursorValues, readAfter, toPage } from "../../../kernel/page.ts";
import { cardColumns } from "../columns.ts";
import { inOrder, listOrder, walkColumns } from "./order.ts";

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

const assigneeCondition = (assignees: string[]) => {
  const people = assignees.filter((id) => id !== "none");
  const someone = sql<boolean>`issues.assignee_ids && cast(${people} as uuid[])`;
  return people.length === assignees.length ? someone : sql<boolean>`(issues.assignee_ids = '{}' or ${someone})`;
};

/** Words in the project's texts. A search for nothing, as "the" alone, finds nothing. */
const searchCondition = (projectId: string, words: RawBuilder<unknown>) =>
  sql<boolean>`issue_texts.words @@ (cast(${`'${projectId}'`} as tsquery) && ${words}) and numnode(${words}) > 0`;

/** Cards that match, a page in the order asked for. */
export async function listCards(
  db: Db,
  project: ProjectScope,
  filter: IssueFilter,
): Promise<{ items: Card[]; nextCursor: string | null }> {
  const { q, statuses, types, kinds, priorities, stageIds, assignees, reporterIds, updatedBefore, limit } = filter;
  const words = sql`websearch_to_tsquery('english', ${q ?? ""})`;
  const order = listOrder(filter.sort, words);
  const after = readAfter(order, filter.cursor);

  let query = db
    .selectFrom("issues")
    .select(cardColumns(project))
    .select(cursorValues(order).as("cursorValues"))
    .where("issues.projectId", "=", project.id)
    .where("issues.deletedAt", "is", null)
    .$if(q !== undefined, (cards) =>
      cards.innerJoin("issueTexts", "issueTexts.issueId", "issues.id").where(searchCondition(project.id, words)),
    );
  if (statuses) query = query.where(sql<boolean>`issues.status = any(cast(${statuses} as issue_status[]))`);
  if (types) query = query.where(sql<boolean>`issues.type = any(cast(${types} as issue_type[]))`);
  if (kinds) query = query.where(sql<boolean>`issues.kind = any(cast(${kinds} as issue_kind[]))`);
  if (priorities) query = query.where(sql<boolean>`issues.priority = any(cast(${priorities} as issue_priority[]))`);
  if (stageIds) query = query.where(sql<boolean>`issues.column_id = any(cast(${stageIds} as uuid[]))`);
  if (reporterIds) query = query.where(sql<boolean>`issues.reporter_id = any(cast(${reporterIds} as uuid[]))`);
  if (assignees) query = query.where(assigneeCondition(assignees));
  if (updatedBefore) query = query.where("issues.updatedAt", "<", updatedBefore.toISOString());

  const rows =
    filter.sort === "rank"
      ? await walkColumns(db, query, {
          projectId: project.id,
          columnIds: stageIds,
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
