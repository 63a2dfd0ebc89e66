import { type RawBuilder, sql } from "kysely";
import type { Issue, Transition } from "../../../../protocol/index.ts";
import type { ProjectScope } from "../../../kernel/context.ts";
import type { Names } from "../events.ts";

/** What a command points an issue at; what is absent stays as it is, null takes it away. */
export type References = {
  laneId?: string | null | undefined;
  sprintId?: string | null | undefined;
  parent?: number | null | undefined;
  tagIds?: string[] | undefined;
  assigneeIds?: string[] | undefined;
};

/** Without empty lists, and what is null too where nothing stands yet: they need no look. */
export const toLookUp = ({ laneId, sprintId, parent, tagIds, assigneeIds }: References, isNew = false): References => {
  const named = { laneId, sprintId, parent };
  return {
    ...(isNew ? { laneId: laneId ?? undefined, sprintId: sprintId ?? undefined, parent: parent ?? undefined } : named),
    tagIds: tagIds?.length ? tagIds : undefined,
    assigneeIds: assigneeIds?.length ? assigneeIds : undefined,
  };
};

/** What there is of it in the project, read under the stream's lock. */
export type Known = {
  transitions: Transition[];
  /** Of the lanes and sprints named. */
  names: Names;
  sprintState: "planned" | "active" | "completed" | null;
  parentKind: Issue["kind"] | null;
  tagCount: number;
  insiderCount: number;
};

/** One JSON value of type Known; names also the lane and sprint where the issues in `from` stand. */
export function selectKnown(project: ProjectScope, wanted: References, from?: RawBuilder<unknown>): RawBuilder<Known> {
  const standing = (column: RawBuilder<unknown>) => (from ? sql`or id in (select ${column} ${from})` : sql``);
  const names =
    wanted.laneId === undefined && wanted.sprintId === undefined
      ? sql`'{}'::json`
      : sql`(select coalesce(json_object_agg(id, name), '{}') from (
          select id, name from lanes where project_id = ${project.id}
            and (id = ${wanted.laneId ?? null} ${standing(sql`lane_id`)})
          union all
          select id, name from sprints where project_id = ${project.id}
            and (id = ${wanted.sprintId ?? null} ${standing(sql`sprint_id`)})
        ) named)`;
  const tagCount = wanted.tagIds
    ? sql`(select count(*) from tags where project_id = ${project.id} and id = any(cast(${wanted.tagIds} as uuid[])))`
    : sql`0`;
  const insiderCount = wanted.assigneeIds
    ? sql`(select count(*) from unnest(cast(${wanted.assigneeIds} as uuid[])) as a(id)
        where exists (select from org_members m where m.org_id = ${project.orgId} and m.user_id = a.id)
          or exists (select from project_members m where m.project_id = ${project.id} and m.user_id = a.id))`
    : sql`0`;
  return sql<Known>`json_build_object(
    'transitions', (select transitions from projects where id = ${project.id}),
    'names', ${names},
    'sprintState', (select state from sprints where id = ${wanted.sprintId ?? null} and project_id = ${project.id}),
    'parentKind', (
      select kind from issues parents
      where parents.project_id = ${project.id} and parents.number = ${wanted.parent ?? null} and parents.deleted_at is null
    ),
    'tagCount', ${tagCount},
    'insiderCount', ${insiderCount}
  )`;
}
