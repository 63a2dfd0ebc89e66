import { z } from "zod";
import { exampleId, Id, IssueNumber, Nothing, ProjectRef, paging, Time, UserRef } from "./common.ts";
import { event, mutation, query } from "./define.ts";

const Seconds = z.int().min(1).max(31_536_000);
/** Early years have no agreed calendar, and Postgres does not take them all. */
const Moment = Time.refine((time) => time >= "1970", "must be 1970 or later");

export const TimeEntry = z.strictObject({
  id: z.uuid(),
  issue: IssueNumber,
  user: UserRef,
  seconds: z.int(),
  description: z.string(),
  loggedAt: Time.describe("When the work was done."),
  createdAt: Time.describe("When it was written down."),
});
export type TimeEntry = z.infer<typeof TimeEntry>;

const path = "/orgs/{org}/projects/{project}";

export const timeCommands = {
  "time.list": query({
    summary: "The time logged on an issue, latest work first, and the total.",
    access: "project:viewer",
    input: { project: ProjectRef, issue: IssueNumber, ...paging },
    output: z.strictObject({ items: z.array(TimeEntry), nextCursor: z.string().nullable(), totalSeconds: z.int() }),
    errors: ["gone"],
    http: `GET ${path}/issues/{issue}/time`,
    example: { project: "acme/web", issue: 12 },
  }),
  "time.log": mutation({
    summary: "Log time that you worked on an issue.",
    access: "project:developer",
    input: {
      project: ProjectRef,
      issue: IssueNumber,
      seconds: Seconds,
      description: z.string().max(2000).default(""),
      loggedAt: Moment.optional().describe("Now unless given; at most an hour ahead."),
    },
    output: TimeEntry,
    errors: ["gone"],
    emits: ["time.logged"],
    http: `POST ${path}/issues/{issue}/time`,
    status: 201,
    example: { project: "acme/web", issue: 12, seconds: 5400, description: "Reproduced it" },
  }),
  "time.delete": mutation({
    summary: "Delete your own entry, or as project admin anyone's.",
    access: "project:developer",
    input: { project: ProjectRef, entryId: Id },
    output: Nothing,
    errors: ["gone"],
    emits: ["time.deleted"],
    http: `DELETE ${path}/time/{entryId}`,
    example: { project: "acme/web", entryId: exampleId },
  }),
  "time.report": query({
    summary:
      "Seconds worked from one moment until before another, by person or by issue, the 1,000 with most; the total is of all.",
    access: "project:viewer",
    input: { project: ProjectRef, from: Moment, to: Moment, groupBy: z.enum(["user", "issue"]) },
    output: z.strictObject({
      totalSeconds: z.int(),
      groups: z
        .array(
          z.strictObject({
            user: UserRef.optional(),
            issue: z.strictObject({ number: IssueNumber, key: z.string(), title: z.string() }).optional(),
            seconds: z.int(),
            entryCount: z.int(),
          }),
        )
        .max(1000),
    }),
    http: `GET ${path}/time`,
    example: { project: "acme/web", from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z", groupBy: "user" },
  }),
};

/** The issue was updated at the event's `at`; its version stays. */
export const timeEvents = {
  "time.logged": event({
    summary: "Time was logged; the issue's total goes up.",
    streams: ["project"],
    data: z.strictObject({ entry: TimeEntry }),
  }),
  "time.deleted": event({
    summary: "An entry is gone; the issue's total goes down.",
    streams: ["project"],
    data: z.strictObject({ entryId: z.uuid(), number: IssueNumber, seconds: z.int() }),
  }),
};
