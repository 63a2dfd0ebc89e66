import { z } from "zod";
import { exampleId, Id, Name, Nothing, ProjectRef } from "./common.ts";
import { event, mutation, query } from "./define.ts";

export const Lane = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  color: z.string().nullable(),
  position: z.int().describe("From 0, top to bottom."),
});
export type Lane = z.infer<typeof Lane>;

const Color = z
  .string()
  .regex(/^#[0-9a-f]{6}$/i, "a colour as #1f6feb")
  .nullable();
const lanes = z.strictObject({ items: z.array(Lane), nextCursor: z.null() });

export const laneCommands = {
  "lane.list": query({
    summary: "The swim lanes of a project, top to bottom.",
    access: "project:viewer",
    input: { project: ProjectRef },
    output: lanes,
    http: "GET /orgs/{org}/projects/{project}/lanes",
    example: { project: "acme/web" },
  }),
  "lane.create": mutation({
    summary: "Add a swim lane at the bottom.",
    access: "project:admin",
    input: { project: ProjectRef, name: Name, color: Color.default(null) },
    output: Lane,
    emits: ["lane.created"],
    http: "POST /orgs/{org}/projects/{project}/lanes",
    status: 201,
    example: { project: "acme/web", name: "Expedite" },
  }),
  "lane.update": mutation({
    summary: "Rename or recolour a swim lane.",
    access: "project:admin",
    input: {
      project: ProjectRef,
      laneId: Id,
      patch: z.strictObject({ name: Name.optional(), color: Color.optional() }),
    },
    output: Lane,
    emits: ["lane.updated"],
    http: "PATCH /orgs/{org}/projects/{project}/lanes/{laneId}",
    example: { project: "acme/web", laneId: exampleId, patch: { name: "Urgent" } },
  }),
  "lane.reorder": mutation({
    summary: "Put the lanes in this order; the list must name each lane once.",
    access: "project:admin",
    input: { project: ProjectRef, laneIds: z.array(Id).min(1).max(100) },
    output: lanes,
    emits: ["lane.reordered"],
    http: "PUT /orgs/{org}/projects/{project}/lanes/order",
    example: { project: "acme/web", laneIds: [exampleId] },
  }),
  "lane.delete": mutation({
    summary: "Delete a lane; its issues stay, in no lane.",
    access: "project:admin",
    input: { project: ProjectRef, laneId: Id },
    output: Nothing,
    emits: ["lane.deleted"],
    http: "DELETE /orgs/{org}/projects/{project}/lanes/{laneId}",
    example: { project: "acme/web", laneId: exampleId },
  }),
};

const lane = z.strictObject({ lane: Lane });

export const laneEvents = {
  "lane.created": event({ summary: "A lane was added.", streams: ["project"], data: lane }),
  "lane.updated": event({ summary: "A lane changed.", streams: ["project"], data: lane }),
  "lane.reordered": event({
    summary: "The lanes stand in this order.",
    streams: ["project"],
    data: z.strictObject({ laneIds: z.array(z.uuid()) }),
  }),
  "lane.deleted": event({
    summary: "A lane is gone; its issues are in none.",
    streams: ["project"],
    data: z.strictObject({ laneId: z.uuid() }),
  }),
};
