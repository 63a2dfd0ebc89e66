import { z } from "zod";
import { Nothing, Time } from "./common.ts";
import { mutation, query } from "./define.ts";

const DraftName = z.string().trim().min(1).max(100).default("default");
/** Any JSON object. */
const Payload = z.record(z.string(), z.unknown());

export const Draft = z.strictObject({ name: z.string(), payload: Payload, version: z.int(), updatedAt: Time });
export type Draft = z.infer<typeof Draft>;
/** A payload may be large, so that it travels only when it is asked for. */
export const DraftHead = Draft.omit({ payload: true });
export type DraftHead = z.infer<typeof DraftHead>;

/** Of the payload as compact JSON. */
export const MAX_DRAFT_BYTES = 256 * 1024;

export const draftCommands = {
  "draft.list": query({
    summary: "Your drafts without their payloads, latest first.",
    access: "any",
    input: {},
    output: z.strictObject({ items: z.array(DraftHead), nextCursor: z.null() }),
    http: "GET /drafts",
    example: {},
  }),
  "draft.get": query({
    summary: "One of your drafts.",
    access: "any",
    input: { name: DraftName },
    output: Draft,
    http: "GET /drafts/{name}",
    example: { name: "new-issue" },
  }),
  "draft.save": mutation({
    summary:
      "Save a form as it is now, up to 256 KiB over HTTP (a socket takes packets of 64 KiB) and 100 names; `expect` refuses when another window saved meanwhile.",
    access: "any",
    keyScope: "write",
    input: {
      name: DraftName,
      payload: Payload,
      expect: z.int().min(0).optional().describe("The version that you saw; 0 for none."),
    },
    output: DraftHead,
    errors: ["payload_too_large"],
    emits: [],
    bodyBytes: MAX_DRAFT_BYTES + 16 * 1024,
    http: "PUT /drafts/{name}",
    example: { name: "new-issue", payload: { title: "The cart" } },
  }),
  "draft.delete": mutation({
    summary: "Throw a draft away.",
    access: "any",
    keyScope: "write",
    input: { name: DraftName },
    output: Nothing,
    emits: [],
    http: "DELETE /drafts/{name}",
    example: { name: "new-issue" },
  }),
};
