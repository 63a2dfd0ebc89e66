import { z } from "zod";
import { exampleId, Id, IssueNumber, Name, Nothing, ProjectRef } from "./common.ts";
import { event, mutation, query } from "./define.ts";
import { Issue } from "./issue-fields.ts";

const Kind = z.enum(["text", "number", "date", "select", "user"]);
const Options = z.array(Name).max(100).describe("The choices of a select field.");

export const Field = z.strictObject({ id: z.uuid(), name: z.string(), kind: Kind, options: z.array(z.string()) });
export type Field = z.infer<typeof Field>;

/** Text, number, date as 2026-01-31, one of the options, or a user id; null empties the field. */
export const FieldValue = z.union([z.string().max(2000), z.number(), z.null()]);

export const fieldCommands = {
  "field.list": query({
    summary: "The custom fields of a project, by name.",
    access: "project:viewer",
    input: { project: ProjectRef },
    output: z.strictObject({ items: z.array(Field), nextCursor: z.null() }),
    http: "GET /orgs/{org}/projects/{project}/fields",
    example: { project: "acme/web" },
  }),
  "field.create": mutation({
    summary: "Add a custom field.",
    access: "project:admin",
    input: { project: ProjectRef, name: Name, kind: Kind, options: Options.default([]) },
    output: Field,
    emits: ["field.created"],
    http: "POST /orgs/{org}/projects/{project}/fields",
    status: 201,
    example: { project: "acme/web", name: "Customer", kind: "select", options: ["Shop", "Wholesale"] },
  }),
  "field.update": mutation({
    summary: "Rename a field or change its options; values that are no option any more stay as they are.",
    access: "project:admin",
    input: {
      project: ProjectRef,
      fieldId: Id,
      patch: z.strictObject({ name: Name.optional(), options: Options.optional() }),
    },
    output: Field,
    emits: ["field.updated"],
    http: "PATCH /orgs/{org}/projects/{project}/fields/{fieldId}",
    example: { project: "acme/web", fieldId: exampleId, patch: { name: "Client" } },
  }),
  "field.delete": mutation({
    summary: "Delete a field with its values.",
    access: "project:admin",
    input: { project: ProjectRef, fieldId: Id },
    output: Nothing,
    emits: ["field.deleted"],
    http: "DELETE /orgs/{org}/projects/{project}/fields/{fieldId}",
    example: { project: "acme/web", fieldId: exampleId },
  }),
  "issue.setField": mutation({
    summary: "Set or empty a custom field of an issue.",
    access: "project:developer",
    input: { project: ProjectRef, issue: IssueNumber, fieldId: Id, value: FieldValue },
    output: Issue,
    errors: ["gone"],
    emits: ["issue.updated"],
    http: "PUT /orgs/{org}/projects/{project}/issues/{issue}/fields/{fieldId}",
    example: { project: "acme/web", issue: 12, fieldId: exampleId, value: "Shop" },
  }),
};

const field = z.strictObject({ field: Field });

export const fieldEvents = {
  "field.created": event({ summary: "A custom field was added.", streams: ["project"], data: field }),
  "field.updated": event({ summary: "A custom field changed.", streams: ["project"], data: field }),
  "field.deleted": event({
    summary: "A custom field is gone, with its values on every card.",
    streams: ["project"],
    data: z.strictObject({ fieldId: z.uuid() }),
  }),
};
