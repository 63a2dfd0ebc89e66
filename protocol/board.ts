import { z } from "zod";
import { exampleId, Id, IssueNumber, ProjectRef, page, paging, Time } from "./common.ts";
import { query } from "./define.ts";
import { Card, TagRef } from "./issue-fields.ts";
import { ProjectMember } from "./project.ts";
import { Stage } from "./stage.ts";
import { ActorRef } from "./stream.ts";

export const Column = z.strictObject({
  stageId: z.uuid().nullable().describe("null: issues whose stage was deleted; only there when there are any"),
  count: z.int().describe("All issues of the column, shown or not."),
  issues: z.array(Card),
  nextCursor: z.string().nullable(),
});
export type Column = z.infer<typeof Column>;

export const Lane = z.strictObject({ id: z.uuid(), name: z.string(), color: z.string().nullable(), position: z.int() });
export const Sprint = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  goal: z.string(),
  state: z.enum(["planned", "active", "completed"]),
  startsAt: Time,
  endsAt: Time,
});

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
    input: { project: ProjectRef, perColumn: z.int().min(1).max(100).default(50) },
    output: Board,
    http: "GET /orgs/{org}/projects/{project}/board",
    example: { project: "acme/web" },
  }),
  "board.column": query({
    summary: "The next cards of one column.",
    access: "project:viewer",
    input: { project: ProjectRef, stageId: Id.nullable(), ...paging },
    output: page(Card),
    http: "GET /orgs/{org}/projects/{project}/board/{stageId}",
    example: { project: "acme/web", stageId: exampleId },
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
