import { type RawBuilder, sql } from "kysely";
import type { TagRef, UserRef } from "../../../protocol/index.ts";
import type { ProjectScope } from "../../kernel/context.ts";
import { userRef } from "../org/person.ts";

const reporter = sql<UserRef>`(select ${userRef} from users where users.id = issues.reporter_id)`;
const assignees = sql<UserRef[]>`case when issues.assignee_ids = '{}' then '[]'::json else (
  select coalesce(json_agg(${userRef} order by a.place), '[]'::json)
  from unnest(issues.assignee_ids) with ordinality as a(id, place) join users on users.id = a.id
) end`;

const tags = sql<TagRef[]>`case when issues.tag_ids = '{}' then '[]'::json else (
  select coalesce(json_agg(json_build_object('id', t.id, 'name', t.name, 'color', t.color) order by t.name collate "C"), '[]'::json)
  from tags t where t.id = any(issues.tag_ids)
) end`;

/** The columns of protocol `Card`, no more and no less: rows go to the wire as they are. */
export const cardColumns = ({ ref, key }: { ref: string | RawBuilder<string>; key: string | RawBuilder<string> }) =>
  [
    "issues.id",
    sql<string>`cast(${ref} as text)`.as("project"),
    "issues.number",
    sql<string>`cast(${key} as text) || '-' || issues.number`.as("key"),
    "issues.title",
    "issues.status",
    "issues.priority",
    "issues.type",
    "issues.kind",
    "issues.stageId",
    "issues.laneId",
    "issues.rank",
    "issues.sprintId",
    "issues.parent",
    reporter.as("reporter"),
    assignees.as("assignees"),
    tags.as("tags"),
    "issues.estimate",
    "issues.commentCount",
    "issues.timeSpentSeconds",
    sql<Record<string, unknown>>`issues.fields`.as("fields"),
    "issues.version",
    "issues.createdAt",
    "issues.updatedAt",
    "issues.deletedAt",
  ] as const;

/** The columns of protocol `Issue`. */
export const issueColumns = (project: Pick<ProjectScope, "ref" | "key">) =>
  [...cardColumns(project), "issues.description"] as const;
