import { z } from "zod";
import { OrgRef } from "./common.ts";
import { event, mutation, query } from "./define.ts";

const Quota = z.int().nullable().describe("null: no limit.");

export const Plan = z.strictObject({
  id: z.string(),
  name: z.string(),
  members: Quota.describe("Members of the organization, bots too. null: no limit."),
  projects: Quota.describe("Projects, archived ones too. null: no limit."),
  commandsPerDay: Quota.describe("Commands a UTC day, of all members together; see `usage.today`. null: no limit."),
  scriptRunsPerDay: Quota.describe("Runs of scripts a UTC day. null: no limit."),
  eventRetentionDays: Quota.describe("How long events are kept; EVENT_RETENTION_DAYS may shorten it. null: for ever."),
});
export type Plan = z.infer<typeof Plan>;

export const planCommands = {
  "plan.list": query({
    summary: "The plans that an organization can have, smallest first.",
    access: "any",
    input: {},
    output: z.strictObject({ items: z.array(Plan), nextCursor: z.null() }),
    http: "GET /plans",
    example: {},
  }),
  "plan.get": query({
    summary: "The plan of an organization.",
    access: "org:member",
    unmetered: true,
    input: { org: OrgRef },
    output: Plan,
    http: "GET /orgs/{org}/plan",
    example: { org: "acme" },
  }),
  "plan.set": mutation({
    summary: "Choose another plan. What exceeds a smaller one stays, but nothing can be added.",
    access: "org:owner",
    unmetered: true,
    input: { org: OrgRef, plan: z.string().trim().toLowerCase().min(1).max(48).describe("Its id, as `pro`.") },
    output: Plan,
    emits: ["plan.changed"],
    http: "PUT /orgs/{org}/plan",
    example: { org: "acme", plan: "pro" },
  }),
};

export const planEvents = {
  "plan.changed": event({
    summary: "The organization has another plan.",
    streams: ["org"],
    data: z.strictObject({ orgId: z.uuid(), plan: Plan }),
  }),
};
