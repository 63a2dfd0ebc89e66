import { z } from "zod";
import { ProjectRef } from "./common.ts";
import { event, mutation, query } from "./define.ts";
import { IssueKind, Status } from "./issue-fields.ts";

export const Transition = z.strictObject({
  from: Status,
  to: Status,
  kinds: z.array(IssueKind).min(1).optional().describe("Only for these kinds of issue; all unless given."),
});
export type Transition = z.infer<typeof Transition>;

const workflow = z.strictObject({
  transitions: z.array(Transition).max(100).describe("What is allowed; an empty list allows everything."),
});

export const workflowCommands = {
  "workflow.get": query({
    summary: "Which changes of status the project allows.",
    access: "project:viewer",
    input: { project: ProjectRef },
    output: workflow,
    http: "GET /orgs/{org}/projects/{project}/workflow",
    example: { project: "acme/web" },
  }),
  "workflow.set": mutation({
    summary: "Say which changes of status are allowed; others answer `transition_refused`.",
    access: "project:admin",
    input: { project: ProjectRef, transitions: workflow.shape.transitions },
    output: workflow,
    emits: ["workflow.changed"],
    http: "PUT /orgs/{org}/projects/{project}/workflow",
    example: { project: "acme/web", transitions: [{ from: "open", to: "in_progress" }] },
  }),
};

export const workflowEvents = {
  "workflow.changed": event({
    summary: "Other changes of status are allowed now.",
    streams: ["project"],
    data: workflow,
  }),
};
