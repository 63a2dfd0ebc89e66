import { z } from "zod";
import { exampleId, Id, IssueNumber, Nothing, ProjectRef, Time } from "./common.ts";
import { event, mutation, query } from "./define.ts";
import { Status } from "./issue-fields.ts";

const StoredType = z.enum(["blocks", "duplicates", "relates_to", "clones"]);
export const RelationType = z.enum([
  "blocks",
  "is_blocked_by",
  "duplicates",
  "is_duplicated_by",
  "relates_to",
  "clones",
  "is_cloned_by",
]);

/** A relation as seen from one of its two issues. */
export const Relation = z.strictObject({
  id: z.uuid(),
  type: RelationType.describe("Of the issue asked about, to `target`."),
  target: z.strictObject({
    number: IssueNumber,
    key: z.string(),
    title: z.string(),
    status: Status,
    deletedAt: Time.nullable(),
  }),
});
export type Relation = z.infer<typeof Relation>;

/** A relation as it is stored: in one direction; `relates_to` has none, so its source is the smaller number. */
export const StoredRelation = z.strictObject({
  id: z.uuid(),
  type: StoredType,
  source: IssueNumber,
  target: IssueNumber,
});
export type StoredRelation = z.infer<typeof StoredRelation>;

const path = "/orgs/{org}/projects/{project}";

export const relationCommands = {
  "relation.list": query({
    summary: "The relations of an issue, from its own point of view, oldest first; also those with deleted issues.",
    access: "project:viewer",
    input: { project: ProjectRef, issue: IssueNumber },
    output: z.strictObject({ items: z.array(Relation), nextCursor: z.null() }),
    errors: ["gone"],
    http: `GET ${path}/issues/{issue}/relations`,
    example: { project: "acme/web", issue: 12 },
  }),
  "relation.add": mutation({
    summary: "Relate an issue to another, once a type; `blocks` refuses cycles. Both are a `conflict`.",
    access: "project:developer",
    input: { project: ProjectRef, issue: IssueNumber, target: IssueNumber, type: RelationType },
    output: Relation,
    errors: ["gone"],
    emits: ["relation.added"],
    http: `POST ${path}/issues/{issue}/relations`,
    status: 201,
    example: { project: "acme/web", issue: 12, target: 7, type: "is_blocked_by" },
  }),
  "relation.remove": mutation({
    summary: "Take a relation away.",
    access: "project:developer",
    input: { project: ProjectRef, relationId: Id },
    output: Nothing,
    emits: ["relation.removed"],
    http: `DELETE ${path}/relations/{relationId}`,
    example: { project: "acme/web", relationId: exampleId },
  }),
};

/** Cards stay as they are. The history of the source has both; a purged issue takes its relations along. */
export const relationEvents = {
  "relation.added": event({
    summary: "Two issues were related.",
    streams: ["project"],
    data: z.strictObject({ relation: StoredRelation }),
  }),
  "relation.removed": event({
    summary: "A relation was taken away.",
    streams: ["project"],
    data: z.strictObject({ relation: StoredRelation }),
  }),
};
