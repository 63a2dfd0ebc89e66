import { type RawBuilder, sql } from "kysely";
import type { Issue } from "../../../../protocol/index.ts";

/** Absent conditions are undefined; within one any value will do, and all must hold. "none" stands for emptiness. */
export type Match = {
  statuses?: Issue["status"][] | undefined;
  types?: Issue["type"][] | undefined;
  kinds?: Issue["kind"][] | undefined;
  priorities?: Issue["priority"][] | undefined;
  /** Columns of the board; the project's own id is that of issues without a stage. */
  stageIds?: string[] | undefined;
  assignees?: string[] | undefined;
  reporterIds?: string[] | undefined;
  tagIds?: string[] | undefined;
  /** Ids, or "active". */
  sprints?: string[] | undefined;
  lanes?: string[] | undefined;
  parents?: (number | "none")[] | undefined;
  /** Values of custom fields by id. */
  fields?: Record<string, string | number> | undefined;
  /** `from` is included, `to` is not. */
  updated?: Span[] | undefined;
  created?: Span[] | undefined;
};
export type Span = { from?: Date; to?: Date };

type Condition = RawBuilder<boolean>;

/** A single value is compared by itself: then an index keeps its order behind it. */
const oneOf = (column: string, type: string, values: string[]): Condition =>
  values.length === 1
    ? sql<boolean>`${sql.ref(`issues.${column}`)} = cast(${values[0]} as ${sql.raw(type)})`
    : sql<boolean>`${sql.ref(`issues.${column}`)} = any(cast(${values} as ${sql.raw(type)}[]))`;

/** One of the ids in the array, or an empty array when "none" is among them. */
const arrayCondition = (column: RawBuilder<unknown>, wanted: string[]): Condition => {
  const ids = wanted.filter((id) => id !== "none");
  // Emptiness is ruled out in words, as the index does.
  const some = sql<boolean>`(${column} <> '{}' and ${column} && cast(${ids} as uuid[]))`;
  if (ids.length === wanted.length) return some;
  return ids.length === 0 ? sql<boolean>`${column} = '{}'` : sql<boolean>`(${column} = '{}' or ${some})`;
};

/** One of the values, or empty when "none" is among them. */
const referenceCondition = (column: RawBuilder<unknown>, type: "uuid" | "int", wanted: (string | number)[]) => {
  const values = wanted.filter((value) => value !== "none");
  const some = sql<boolean>`${column} = any(cast(${values} as ${sql.raw(type)}[]))`;
  if (values.length === wanted.length) return some;
  return values.length === 0 ? sql<boolean>`${column} is null` : sql<boolean>`(${column} is null or ${some})`;
};

const sprintCondition = (projectId: string, wanted: string[]): Condition => {
  const some = referenceCondition(
    sql`issues.sprint_id`,
    "uuid",
    wanted.filter((id) => id !== "active"),
  );
  const active = sql<boolean>`issues.sprint_id = any(array(
    select id from sprints where project_id = ${projectId} and state = 'active'
  ))`;
  if (!wanted.includes("active")) return some;
  return wanted.length === 1 ? active : sql<boolean>`(${active} or ${some})`;
};

const spanCondition = (column: RawBuilder<unknown>, spans: Span[]): Condition => {
  const each = spans.map(
    ({ from, to }) => sql<boolean>`(${column} >= cast(${from?.toISOString() ?? "-infinity"} as timestamptz)
      and ${column} < cast(${to?.toISOString() ?? "infinity"} as timestamptz))`,
  );
  return sql<boolean>`(${sql.join(each, sql` or `)})`;
};

/** What must hold of a row of `issues`. */
export function conditionsOf(projectId: string, match: Match): Condition[] {
  const { statuses, types, kinds, priorities, stageIds, assignees, reporterIds, tagIds } = match;
  const { sprints, lanes, parents, fields, updated, created } = match;
  return [
    statuses && oneOf("status", "issue_status", statuses),
    types && oneOf("type", "issue_type", types),
    kinds && oneOf("kind", "issue_kind", kinds),
    priorities && oneOf("priority", "issue_priority", priorities),
    stageIds && oneOf("columnId", "uuid", stageIds),
    reporterIds && oneOf("reporterId", "uuid", reporterIds),
    assignees && arrayCondition(sql`issues.assignee_ids`, assignees),
    tagIds && arrayCondition(sql`issues.tag_ids`, tagIds),
    sprints && sprintCondition(projectId, sprints),
    lanes && referenceCondition(sql`issues.lane_id`, "uuid", lanes),
    parents && referenceCondition(sql`issues.parent`, "int", parents),
    fields && sql<boolean>`(issues.fields <> '{}' and issues.fields @> ${JSON.stringify(fields)}::jsonb)`,
    updated && spanCondition(sql`issues.updated_at`, updated),
    created && spanCondition(sql`issues.created_at`, created),
  ].filter((condition) => condition !== undefined);
}
