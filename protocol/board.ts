import { z } from "zod";
import { exampleId, Id, IssueNumber, ProjectRef, page, paging, Time } from "./common.ts";
import { query } from "./define.ts";
import { Card, Status, TagRef } from "./issue-fields.ts";
import { Lane } from "./lane.ts";
import { ProjectMember } from "./project.ts";
import { Sprint } from "./sprint.ts";
import { Stage } from "./stage.ts";
import { ActorRef } from "./stream.ts";

export const Column = z.strictObject({
  stageId: z
    .uuid()
    .nullable()
    .describe("null: issues whose stage was deleted, only there when there are any; or by status"),
  status: Status.optional().describe("With groupBy status."),
  count: z.int().describe("All issues of the column, shown or not."),
  issues: z.array(Card),
  nextCursor: z.string().nullable(),
  lanes: z
    .array(z.strictObject({ key: z.string().nullable(), count: z.int() }))
    .optional()
    .describe("With laneBy: how many issues per lane id, user id, priority or parent number; null for none."),
});
export type Column = z.infer<typeof Column>;

export const Board = z.strictObject({
  seq: z.int().describe("The snapshot holds every event up to here, and none after."),
  epoch: z.string(),
  stages: z.array(Stage),
  lanes: z.array(Lane),
  tags: z.array(TagRef),
  members: z.array(ProjectMember).describe("Explicit roles; `project.listMembers` has the others."),
  sprints: z.array(Sprint),
  columns: z.array(Column),
});
export type Board = z.infer<typeof Board>;

const Change = z.strictObject({
  field: z.string(),
  from: z.unknown(),
  to: z.unknown(),
  fromName: z.string().optional().describe("What `from` was called then, when it is an id."),
  toName: z.string().optional(),
});
export type Change = z.infer<typeof Change>;

export const Activity = z.strictObject({
  seq: z.int(),
  at: Time,
  type: z.string(),
  actor: ActorRef.extend({ displayName: z.string().nullable() }),
  issue: z.strictObject({ number: IssueNumber, key: z.string(), title: z.string().nullable() }).nullable(),
  changes: z.array(Change),
});
export type Activity = z.infer<typeof Activity>;

export const boardCommands = {
  "board.get": query({
    summary: "One consistent snapshot of the board: the first cards of each column, and where the stream stood.",
    access: "project:viewer",
    input: {
      project: ProjectRef,
      sprintId: Id.optional().describe("Only the issues of this sprint."),
      groupBy: z.enum(["stage", "status"]).default("stage").describe("What a column is; by status, stageId is null."),
      laneBy: z.enum(["lane", "assignee", "priority", "parent"]).optional().describe("Counts per lane and column too."),
      perColumn: z.int().min(1).max(100).default(50),
    },
    output: Board,
    http: "GET /orgs/{org}/projects/{project}/board",
    example: { project: "acme/web" },
  }),
  "board.column": query({
    summary: "The next cards of one column.",
    access: "project:viewer",
    input: { project: ProjectRef, stageId: Id.nullable(), sprintId: Id.optional(), ...paging },
    output: page(Card).extend({ seq: z.int().describe("The page holds every event up to here, and none after.") }),
    http: "GET /orgs/{org}/projects/{project}/board/{stageId}",
    example: { project: "acme/web", stageId: exampleId },
  }),
  "sprint.board": query({
    summary: "The issues of a sprint by stage: `board.get` with this sprint.",
    access: "project:viewer",
    input: { project: ProjectRef, sprintId: Id, perColumn: z.int().min(1).max(100).default(50) },
    output: Board,
    http: "GET /orgs/{org}/projects/{project}/sprints/{sprintId}/board",
    example: { project: "acme/web", sprintId: exampleId },
  }),
  "activity.list": query({
    summary: "Who changed what, from which value to which, newest first.",
    access: "project:viewer",
    input: {
      project: ProjectRef,
      issue: IssueNumber.optional(),
      actor: Id.optional(),
      type: z.string().max(60).optional(),
      ...paging,
    },
    output: page(Activity),
    http: "GET /orgs/{org}/projects/{project}/activity",
    example: { project: "acme/web", issue: 12 },
  }),
};
