import { z } from "zod";
import { OrgRef, Time } from "./common.ts";
import { event, query } from "./define.ts";

const Day = z.iso.date().describe("A day in UTC.");
const Count = z.int().min(0);

export const dailyQuotas = ["commands", "scriptRuns"] as const;
export type DailyQuota = (typeof dailyQuotas)[number];

const Used = z.strictObject({ used: Count, limit: z.int().nullable().describe("null: no limit.") });

export const Usage = z.strictObject({
  day: Day,
  resetsAt: Time.describe("When the next day begins."),
  commands: Used.describe(
    "Commands that ran in the organization and its projects, queries too, whatever they were answered; not joining and leaving rooms, presence, and `plan.*`, `usage.*` and `org.overview`, which never use up a plan.",
  ),
  scriptRuns: Used,
});
export type Usage = z.infer<typeof Usage>;

const QuotaEvent = z.strictObject({
  quota: z.enum(dailyQuotas),
  day: Day,
  used: Count,
  limit: z.int(),
});

export const usageCommands = {
  "usage.today": query({
    summary:
      "What the organization used since midnight UTC; counts of other instances are a second old at most. A killed instance loses the counts of its last second.",
    access: "org:member",
    unmetered: true,
    input: { org: OrgRef },
    output: Usage.extend({
      principals: z
        .array(
          z.strictObject({
            id: z.uuid(),
            displayName: z.string().nullable().describe("null: someone who is gone, or a script."),
            commands: Count,
            scriptRuns: Count,
          }),
        )
        .describe("The fifty who used most."),
    }),
    http: "GET /orgs/{org}/usage/today",
    example: { org: "acme" },
  }),
  "usage.history": query({
    summary: "What the organization used on each of the last days, oldest first; the last one is today.",
    access: "org:member",
    unmetered: true,
    input: { org: OrgRef, days: z.int().min(1).max(90).default(30) },
    output: z.strictObject({ items: z.array(z.strictObject({ day: Day, commands: Count, scriptRuns: Count })) }),
    http: "GET /orgs/{org}/usage/history",
    example: { org: "acme", days: 7 },
  }),
};

export const usageEvents = {
  "quota.warning": event({
    summary: "Four fifths of a daily quota are used; told once a day.",
    streams: ["org"],
    data: QuotaEvent,
  }),
  "quota.exceeded": event({
    summary: "A daily quota is used up: until midnight UTC such commands are refused. Told once a day.",
    streams: ["org"],
    data: QuotaEvent,
  }),
};
