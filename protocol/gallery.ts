import { z } from "zod";
import { Id, Name, ProjectRef, page, paging, Slug, Time, UserRef } from "./common.ts";
import { event, mutation, query } from "./define.ts";
import { Params, Script } from "./script.ts";

export const galleryCategories = ["triage", "workflow", "planning", "reminders", "reports", "other"] as const;
const Category = z.enum(galleryCategories);

/** What a source reads as `params.<name>`, as a form asks for it. */
export const Parameter = z
  .strictObject({
    name: z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, "a-z, 0-9 and _, from a letter"),
    label: z.string().trim().min(1).max(200),
    type: z.enum(["string", "number", "boolean"]),
    default: z.union([z.string().max(2000), z.number(), z.boolean()]).optional(),
    required: z.boolean().default(false),
  })
  .refine(({ type, default: value }) => value === undefined || typeof value === type, {
    path: ["default"],
    message: "is not of the parameter's type",
  });
export type Parameter = z.infer<typeof Parameter>;
const Parameters = z
  .array(Parameter)
  .max(30)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, "each name once");

export const Template = z.strictObject({
  slug: Slug,
  title: z.string(),
  summary: z.string(),
  category: Category,
  position: z.int().describe("From the top of the list, counted from 1."),
  parameters: z.array(Parameter),
});
export type Template = z.infer<typeof Template>;

/** One version of a published automation, or a template; without its source. */
export const GalleryItem = z.strictObject({
  id: z.union([z.uuid(), Slug]).describe("Of a template its slug."),
  version: z.int().describe("Counted from 1; templates have one."),
  title: z.string(),
  summary: z.string(),
  category: Category,
  parameters: z.array(Parameter),
  author: UserRef.nullable().describe("null: a template, which comes with the server."),
  publishedAt: Time.nullable().describe("When this version was; null for templates."),
});
export type GalleryItem = z.infer<typeof GalleryItem>;

const ItemId = z.union([Id, Slug]).describe("The id of a published automation, or a template's slug.");
const Version = z.int().min(1).max(2_147_483_647).optional().describe("The latest unless given.");
const search = {
  category: Category.optional(),
  q: z.string().trim().min(1).max(200).optional().describe("Words or parts of words of title and summary."),
  ...paging,
};
const path = "/gallery/items";

export const galleryCommands = {
  "gallery.browse": query({
    summary: "What is published, newest first; for anyone, without a login.",
    access: "public",
    input: search,
    output: page(GalleryItem),
    http: "GET /gallery",
    example: { category: "triage" },
  }),
  "gallery.list": query({
    summary: "What is published, newest first, each in its latest version.",
    access: "any",
    input: search,
    output: page(GalleryItem),
    http: `GET ${path}`,
    example: { category: "triage", q: "assign" },
  }),
  "gallery.get": query({
    summary: "A published automation or a template, with its source.",
    access: "any",
    input: { id: ItemId, version: Version },
    output: GalleryItem.extend({
      document: z.string().describe("Markdown."),
      source: z.string(),
      latestVersion: z.int(),
    }),
    http: `GET ${path}/{id}`,
    example: { id: "stale-reminder" },
  }),
  "gallery.publish": mutation({
    summary:
      "Publish a source for everyone on this server, out of a draft or of a script that you administer; its params stay yours. A version never changes and stays for ever: publish a next one.",
    access: "any",
    input: {
      draft: z.string().trim().min(1).max(100).optional().describe("A draft of yours with `{ source, params? }`."),
      scriptId: Id.optional(),
      galleryId: Id.optional().describe("Of yours, to publish its next version."),
      title: Name,
      summary: z.string().trim().max(300).default(""),
      document: z.string().max(20_000).default("").describe("What it does and needs, in Markdown."),
      category: Category.default("other"),
      parameters: Parameters.default([]),
    },
    output: GalleryItem,
    emits: ["gallery.published"],
    http: `POST ${path}`,
    status: 201,
    example: {
      draft: "greeting",
      title: "Greeting",
      category: "triage",
      parameters: [{ name: "text", label: "What it says", type: "string", default: "Thank you" }],
    },
  }),
  "gallery.install": mutation({
    summary: "Make a script in a project out of a published automation or a template; it is yours from then on.",
    access: "project:admin",
    input: {
      project: ProjectRef,
      id: ItemId,
      version: Version,
      name: Name.optional().describe("Its title unless given."),
      params: Params.default({}),
    },
    output: Script.extend({ source: z.string() }),
    emits: ["script.created"],
    http: `POST ${path}/{id}/install`,
    status: 201,
    example: { project: "acme/web", id: "stale-reminder", params: { days: 14 } },
  }),
  "template.list": query({
    summary: "The automations that come with the server, in their order.",
    access: "any",
    input: {},
    output: z.strictObject({ items: z.array(Template), nextCursor: z.null() }),
    http: "GET /templates",
    example: {},
  }),
};

export const galleryEvents = {
  "gallery.published": event({
    summary: "A script of the organization was published, or its next version.",
    streams: ["org"],
    data: z.strictObject({ item: GalleryItem }),
  }),
};
