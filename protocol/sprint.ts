import { z } from "zod";
import { exampleId, Id, IssueNumber, Name, Nothing, ProjectRef, page, paging, Time } from "./common.ts";
import { event, mutation, query } from "./define.ts";
import { Card } from "./issue-fields.ts";

export const Sprint = z.strictObject({
  id: z.uuid(),
  name: z.string(),
  goal: z.string(),
  state: z.enum(["planned", "active", "completed"]),
  startsAt: Time,
  endsAt: Time,
  startedAt: Time.nullable(),
  endedAt: Time.nullable().describe("When it was told that the end had passed; once, also if it is put off then."),
  completedAt: Time.nullable(),
});
export type Sprint = z.infer<typeof Sprint>;

const Goal = z.string().max(2000);
/** Sprints are about the present: a year 0 or 9999 is a slip that no calendar draws. */
const Moment = Time.refine((at) => at > "1970" && at < "3000", "between the years 1970 and 3000");
const path = "/orgs/{org}/projects/{project}/sprints";
const at = { project: ProjectRef, sprintId: Id };
const exampleAt = { project: "acme/web", sprintId: exampleId };

const Day = z.strictObject({
  date: z.iso.date().describe("UTC; figures are those of the day's end."),
  remainingIssues: z.int(),
  remainingEstimate: z.number(),
  ideal: z.number().describe("The committed estimate on a straight line to zero at the end of the last planned day."),
});
const ScopeChange = z.strictObject({
  at: Time,
  number: IssueNumber,
  change: z.enum(["added", "removed", "estimate"]),
  estimate: z.number().nullable(),
});
const Flow = z.strictObject({
  date: z.iso.date(),
  open: z.int(),
  in_progress: z.int(),
  resolved: z.int(),
  closed: z.int(),
});
export const SprintReport = z.strictObject({
  sprint: Sprint,
  committed: z
    .strictObject({ issues: z.int(), estimate: z.number() })
    .describe("In the sprint when it started; all figures are empty before."),
  completed: z.strictObject({ issues: z.int(), estimate: z.number() }).describe("Done when it ended, or now."),
  burndown: z.array(Day),
  scopeChanges: z.array(ScopeChange).describe("After the start."),
  flow: z.array(Flow).describe("Cumulative flow: issues of the sprint by status at the end of each day."),
  velocity: z
    .array(z.strictObject({ sprintId: z.uuid(), name: z.string(), committed: z.number(), completed: z.number() }))
    .describe(
      "Estimates of up to six completed sprints, oldest first; for a completed sprint itself and those before.",
    ),
  countsFrom: Time.nullable().describe(
    "Older events were pruned: figures count from here; null when nothing is missing.",
  ),
});
export type SprintReport = z.infer<typeof SprintReport>;

export const sprintCommands = {
  "sprint.create": mutation({
    summary: "Plan a sprint.",
    access: "project:developer",
    input: { project: ProjectRef, name: Name, startsAt: Moment, endsAt: Moment, goal: Goal.default("") },
    output: Sprint,
    emits: ["sprint.created"],
    http: `POST ${path}`,
    status: 201,
    example: {
      project: "acme/web",
      name: "Sprint 7",
      startsAt: "2026-03-02T08:00:00Z",
      endsAt: "2026-03-13T17:00:00Z",
    },
  }),
  "sprint.list": query({
    summary: "The sprints of a project, latest start first.",
    access: "project:viewer",
    input: { project: ProjectRef, ...paging },
    output: page(Sprint),
    http: `GET ${path}`,
    example: { project: "acme/web" },
  }),
  "sprint.get": query({
    summary: "One sprint.",
    access: "project:viewer",
    input: at,
    output: Sprint,
    http: `GET ${path}/{sprintId}`,
    example: exampleAt,
  }),
  "sprint.update": mutation({
    summary: "Change name, goal or dates; a completed sprint keeps its dates.",
    access: "project:developer",
    input: {
      ...at,
      patch: z.strictObject({
        name: Name.optional(),
        goal: Goal.optional(),
        startsAt: Moment.optional(),
        endsAt: Moment.optional(),
      }),
    },
    output: Sprint,
    emits: ["sprint.updated"],
    http: `PATCH ${path}/{sprintId}`,
    example: { ...exampleAt, patch: { goal: "Pay with a saved card" } },
  }),
  "sprint.delete": mutation({
    summary:
      "Delete a planned or completed sprint; its issues go back to the backlog, with their versions as they are.",
    access: "project:admin",
    input: at,
    output: Nothing,
    emits: ["sprint.deleted"],
    http: `DELETE ${path}/{sprintId}`,
    example: exampleAt,
  }),
  "sprint.start": mutation({
    summary: "Start a planned sprint; only one is active at a time.",
    access: "project:admin",
    input: at,
    output: Sprint,
    emits: ["sprint.started"],
    http: `POST ${path}/{sprintId}/start`,
    example: exampleAt,
  }),
  "sprint.complete": mutation({
    summary: "Close an active sprint; unfinished issues go to the backlog or another sprint, in the same step.",
    access: "project:admin",
    input: {
      ...at,
      unfinished: z
        .union([z.literal("backlog"), Id])
        .default("backlog")
        .describe("backlog, or the next sprint's id"),
    },
    output: Sprint,
    emits: ["sprint.ended", "sprint.completed", "issue.sprint_changed"],
    http: `POST ${path}/{sprintId}/complete`,
    example: { ...exampleAt, unfinished: "backlog" },
  }),
  "sprint.report": query({
    summary: "Burndown, scope changes, velocity and cumulative flow, computed from the event log.",
    access: "project:viewer",
    input: at,
    output: SprintReport,
    http: `GET ${path}/{sprintId}/report`,
    example: exampleAt,
  }),
  "backlog.list": query({
    summary: "Issues in no sprint that are not done, in board order; epics are left out.",
    access: "project:viewer",
    input: { project: ProjectRef, ...paging },
    output: page(Card),
    http: "GET /orgs/{org}/projects/{project}/backlog",
    example: { project: "acme/web" },
  }),
};

const sprint = z.strictObject({ sprint: Sprint });

export const sprintEvents = {
  "sprint.created": event({ summary: "A sprint was planned.", streams: ["project"], data: sprint }),
  "sprint.updated": event({ summary: "A sprint changed.", streams: ["project"], data: sprint }),
  "sprint.started": event({ summary: "A sprint began.", streams: ["project"], data: sprint }),
  "sprint.ended": event({
    summary: "Its end time passed; an admin has yet to complete it.",
    streams: ["project"],
    data: sprint,
  }),
  "sprint.completed": event({ summary: "An admin closed it.", streams: ["project"], data: sprint }),
  "sprint.deleted": event({
    summary: "A sprint is gone, and with it the `sprintId` of its issues; they have no events of their own.",
    streams: ["project"],
    data: z.strictObject({ sprintId: z.uuid() }),
  }),
};
