import { z } from "zod";
import { exampleId, Id, Name, Nothing, ProjectRef } from "./common.ts";
import { event, mutation, query } from "./define.ts";
import { Status } from "./issue-fields.ts";

export const Stage = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  status: Status.describe("What an issue that stands here is."),
  position: z.int().describe("From 0, left to right."),
  wipLimit: z.int().nullable().describe("Most issues that may stand here; null for no limit."),
  wipMode: z.enum(["warn", "block"]).describe("block: a full stage refuses with `wip_exceeded`."),
});
export type Stage = z.infer<typeof Stage>;

/** `stage.reorder` names them all. */
export const MAX_STAGES = 100;

const WipLimit = z.int().min(1).max(10_000).nullable();
const WipMode = z.enum(["warn", "block"]);

export const stageCommands = {
  "stage.list": query({
    summary: "The stages of a project, left to right.",
    access: "project:viewer",
    input: { project: ProjectRef },
    output: z.strictObject({ items: z.array(Stage), nextCursor: z.null() }),
    http: "GET /orgs/{org}/projects/{project}/stages",
    example: { project: "acme/web" },
  }),
  "stage.create": mutation({
    summary: "Add a stage at the right end.",
    access: "project:admin",
    input: {
      project: ProjectRef,
      name: Name,
      status: Status,
      wipLimit: WipLimit.default(null),
      wipMode: WipMode.default("block"),
    },
    output: Stage,
    emits: ["stage.created"],
    http: "POST /orgs/{org}/projects/{project}/stages",
    status: 201,
    example: { project: "acme/web", name: "Review", status: "in_progress", wipLimit: 3 },
  }),
  "stage.update": mutation({
    summary: "Change a stage; another status applies to all issues that stand in it.",
    access: "project:admin",
    input: {
      project: ProjectRef,
      stageId: Id,
      patch: z.strictObject({
        name: Name.optional(),
        status: Status.optional(),
        wipLimit: WipLimit.optional(),
        wipMode: WipMode.optional(),
      }),
    },
    output: Stage,
    emits: ["stage.updated", "issue.status_changed"],
    http: "PATCH /orgs/{org}/projects/{project}/stages/{stageId}",
    example: { project: "acme/web", stageId: exampleId, patch: { wipLimit: 5 } },
  }),
  "stage.reorder": mutation({
    summary: "Put the stages in this order; the list must name each stage once.",
    access: "project:admin",
    input: { project: ProjectRef, stageIds: z.array(Id).min(1).max(MAX_STAGES) },
    output: z.strictObject({ items: z.array(Stage), nextCursor: z.null() }),
    emits: ["stage.reordered"],
    http: "PUT /orgs/{org}/projects/{project}/stages/order",
    example: { project: "acme/web", stageIds: [exampleId] },
  }),
  "stage.delete": mutation({
    summary: "Delete a stage; its issues go to the bottom of `moveTo`, or stay without a stage.",
    access: "project:admin",
    input: { project: ProjectRef, stageId: Id, moveTo: Id.optional() },
    output: Nothing,
    errors: ["wip_exceeded"],
    emits: ["issue.moved", "stage.deleted"],
    http: "DELETE /orgs/{org}/projects/{project}/stages/{stageId}",
    example: { project: "acme/web", stageId: exampleId },
  }),
};

const stage = z.strictObject({ stage: Stage });

export const stageEvents = {
  "stage.created": event({ summary: "A stage was added.", streams: ["project"], data: stage }),
  "stage.updated": event({ summary: "A stage changed.", streams: ["project"], data: stage }),
  "stage.reordered": event({
    summary: "The stages stand in this order.",
    streams: ["project"],
    data: z.strictObject({ stageIds: z.array(z.uuid()) }),
  }),
  "stage.deleted": event({
    summary: "A stage is gone; its issues moved before, in events of their own.",
    streams: ["project"],
    data: z.strictObject({ stageId: z.uuid() }),
  }),
};
