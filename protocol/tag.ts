import { z } from "zod";
import { exampleId, Id, Name, Nothing, ProjectRef, page, paging } from "./common.ts";
import { event, mutation, query } from "./define.ts";
import { TagRef } from "./issue-fields.ts";

const Color = z.string().regex(/^#[0-9a-f]{6}$/i, "a colour as #1f6feb");

export const tagCommands = {
  "tag.list": query({
    summary: "The tags of a project, by name.",
    access: "project:viewer",
    input: { project: ProjectRef, ...paging },
    output: page(TagRef),
    http: "GET /orgs/{org}/projects/{project}/tags",
    example: { project: "acme/web" },
  }),
  "tag.create": mutation({
    summary: "Make a tag; its name is unique in the project.",
    access: "project:developer",
    input: { project: ProjectRef, name: Name, color: Color.default("#6b7280") },
    output: TagRef,
    emits: ["tag.created"],
    http: "POST /orgs/{org}/projects/{project}/tags",
    status: 201,
    example: { project: "acme/web", name: "checkout", color: "#1f6feb" },
  }),
  "tag.update": mutation({
    summary: "Rename or recolour a tag, on all its issues.",
    access: "project:developer",
    input: {
      project: ProjectRef,
      tagId: Id,
      patch: z.strictObject({ name: Name.optional(), color: Color.optional() }),
    },
    output: TagRef,
    emits: ["tag.updated"],
    http: "PATCH /orgs/{org}/projects/{project}/tags/{tagId}",
    example: { project: "acme/web", tagId: exampleId, patch: { name: "payment" } },
  }),
  "tag.delete": mutation({
    summary: "Delete a tag and take it off its issues.",
    access: "project:admin",
    input: { project: ProjectRef, tagId: Id },
    output: Nothing,
    emits: ["tag.removed"],
    http: "DELETE /orgs/{org}/projects/{project}/tags/{tagId}",
    example: { project: "acme/web", tagId: exampleId },
  }),
};

const tag = z.strictObject({ tag: TagRef });

export const tagEvents = {
  "tag.created": event({ summary: "A tag was made.", streams: ["project"], data: tag }),
  "tag.updated": event({ summary: "A tag changed; so it does on every card.", streams: ["project"], data: tag }),
  "tag.removed": event({
    summary: "A tag is gone; take it off every card.",
    streams: ["project"],
    data: z.strictObject({ tagId: z.uuid() }),
  }),
};
