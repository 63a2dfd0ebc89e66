import { z } from "zod";
import { exampleId, Id, IssueNumber, ProjectRef, page, paging, Time } from "./common.ts";
import { event, mutation, query } from "./define.ts";

/** The strongest first: one notification a person and event; those of scripts come besides. */
const Reason = z.enum(["mentioned", "assigned", "watched", "script"]);

export const Notification = z.strictObject({
  id: z.uuid(),
  reason: Reason,
  project: ProjectRef,
  issue: IssueNumber.nullable().describe("With `key`: null where a script told of no issue."),
  key: z.string().nullable(),
  summary: z.string().describe("One line; of a script what it wrote."),
  createdAt: Time,
  readAt: Time.nullable(),
});
export type Notification = z.infer<typeof Notification>;

const Prefs = z.strictObject({
  assigned: z.boolean().describe("This and the next three: on unless you say otherwise."),
  mentioned: z.boolean(),
  watched: z.boolean().describe("You watch what you reported, are assigned to or commented on, until `issue.unwatch`."),
  scripts: z.boolean().describe("What scripts of your projects tell you."),
  email: z.boolean().describe("By e-mail too; off unless you say otherwise."),
});

export const notificationCommands = {
  "notification.list": query({
    summary: "What concerned you, newest first, with the number of unread ones.",
    access: "any",
    input: { unread: z.boolean().optional().describe("true: only unread ones; false: only read ones."), ...paging },
    output: page(Notification).extend({ unreadCount: z.int() }),
    http: "GET /notifications",
    example: {},
  }),
  "notification.markRead": mutation({
    summary: "Mark notifications of yours as read, these or all.",
    access: "any",
    keyScope: "write",
    input: { ids: z.union([z.literal("all"), z.array(Id).min(1).max(100)]) },
    output: z.strictObject({ unreadCount: z.int() }),
    emits: ["notification.read"],
    http: "POST /notifications/read",
    example: { ids: [exampleId] },
  }),
  "notification.setPrefs": mutation({
    summary: "Choose what you are notified of; only the fields present change, and with none you read your choice.",
    access: "any",
    input: { prefs: Prefs.partial() },
    output: Prefs,
    emits: [],
    http: "PATCH /notifications/prefs",
    example: { prefs: { watched: false } },
  }),
  "notification.send": mutation({
    summary: "Tell someone of the project something. For scripts only: they say `notify(user, text)`.",
    access: "project:reporter",
    input: {
      project: ProjectRef,
      userId: Id,
      text: z.string().trim().min(1).max(500),
      issue: IssueNumber.optional().describe("That it is about."),
    },
    output: z.strictObject({
      told: z.boolean().describe("false: whoever it is for does not listen to scripts, or is suspended."),
    }),
    errors: ["gone"],
    emits: ["notification.created"],
    http: "POST /orgs/{org}/projects/{project}/notifications",
    example: { project: "acme/web", userId: exampleId, text: "WEB-12 waits for you", issue: 12 },
  }),
};

export const notificationEvents = {
  "notification.created": event({
    summary: "Something concerns you.",
    streams: ["user"],
    data: z.strictObject({ notification: Notification }),
  }),
  "notification.read": event({
    summary: "You read notifications, on whichever device.",
    streams: ["user"],
    data: z.strictObject({ ids: z.union([z.literal("all"), z.array(z.uuid())]) }),
  }),
};
