import { z } from "zod";
import { exampleId, Id, IssueNumber, ProjectRef, page, paging, Time } from "./common.ts";
import { event, mutation, query } from "./define.ts";

/** The strongest first: one notification a person and event. */
const Reason = z.enum(["mentioned", "assigned", "watched"]);

export const Notification = z.strictObject({
  id: z.uuid(),
  reason: Reason,
  project: ProjectRef,
  issue: IssueNumber,
  key: z.string(),
  summary: z.string(),
  createdAt: Time,
  readAt: Time.nullable(),
});
export type Notification = z.infer<typeof Notification>;

const Prefs = z.strictObject({
  assigned: z.boolean().describe("This and the next two: on unless you say otherwise."),
  mentioned: z.boolean(),
  watched: z.boolean().describe("You watch what you reported, are assigned to or commented on, until `issue.unwatch`."),
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
