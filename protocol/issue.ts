import { z } from "zod";
import { exampleId, Id, IssueNumber, Nothing, oneOrMany, ProjectRef, page, paging, Time } from "./common.ts";
import { event, mutation, query } from "./define.ts";
import { Card, Description, Estimate, Issue, IssueKind, IssueType, Priority, Status, Title } from "./issue-fields.ts";

const at = { project: ProjectRef, issue: IssueNumber };
const exampleAt = { project: "acme/web", issue: 12 };
const path = "/orgs/{org}/projects/{project}/issues";

/** A moment, or how long ago, as `7d`, `12h`, `30m`. */
const Ago = z.union([Time, z.string().regex(/^[1-9]\d{0,3}[mhdw]$/, "ISO time or an age as 7d, 12h, 30m, 2w")]);
const Assignee = z.union([Id, z.enum(["me", "none"])]);

export const issueCommands = {
  "issue.create": mutation({
    summary: "Create an issue, at the bottom of its stage (the first, unless given).",
    access: "project:reporter",
    input: {
      project: ProjectRef,
      title: Title,
      description: Description.default(""),
      type: IssueType.default("task"),
      kind: IssueKind.default("task"),
      priority: Priority.default("normal"),
      stageId: Id.optional(),
      laneId: Id.optional().describe("this and the following: developer and up"),
      parent: IssueNumber.optional(),
      sprintId: Id.optional(),
      tagIds: z.array(Id).max(50).optional(),
      assigneeIds: z.array(Id).max(20).optional(),
      estimate: Estimate.optional(),
    },
    output: Issue,
    errors: ["wip_exceeded"],
    emits: ["issue.created"],
    http: `POST ${path}`,
    status: 201,
    example: { project: "acme/web", title: "The cart forgets its content", type: "bug", priority: "major" },
  }),
  "issue.get": query({
    summary: "One issue, with its description; a deleted one too, with `deletedAt`.",
    access: "project:viewer",
    input: at,
    output: Issue,
    errors: ["gone"],
    http: `GET ${path}/{issue}`,
    example: exampleAt,
  }),
  "issue.list": query({
    summary: "Issues that match all filters given, a page at a time.",
    access: "project:viewer",
    input: {
      project: ProjectRef,
      q: z.string().trim().min(1).max(500).optional().describe("Words, or the query language of docs/query.md."),
      status: oneOrMany(Status).optional(),
      type: oneOrMany(IssueType).optional(),
      kind: oneOrMany(IssueKind).optional(),
      priority: oneOrMany(Priority).optional(),
      assignee: oneOrMany(Assignee).optional(),
      reporter: oneOrMany(z.union([Id, z.literal("me")])).optional(),
      tag: oneOrMany(z.string().max(100)).optional().describe("Names."),
      stageId: oneOrMany(Id).optional(),
      sprintId: oneOrMany(z.union([Id, z.literal("none")]))
        .optional()
        .describe("none: the backlog"),
      laneId: oneOrMany(z.union([Id, z.literal("none")])).optional(),
      parent: oneOrMany(IssueNumber).optional(),
      field: z
        .record(Id, z.union([z.string().max(2000), z.number()]))
        .optional()
        .describe("Custom fields by id, with the value that they must have."),
      updatedBefore: Ago.optional(),
      sort: z.enum(["updated", "created", "priority", "rank", "relevance"]).optional().describe("relevance with q"),
      ...paging,
    },
    output: page(Card),
    http: `GET ${path}`,
    example: { project: "acme/web", status: ["open", "in_progress"], assignee: "me", sort: "updated" },
  }),
  "issue.update": mutation({
    summary: "Change fields of an issue; only those present. Reporters may edit the words of their own issues.",
    access: "project:reporter",
    input: {
      ...at,
      patch: z.strictObject({
        title: Title.optional(),
        description: Description.optional(),
        status: Status.optional(),
        type: IssueType.optional(),
        kind: IssueKind.optional(),
        priority: Priority.optional(),
        estimate: Estimate.optional(),
        parent: IssueNumber.nullable().optional(),
        laneId: Id.nullable().optional(),
      }),
      comment: z.string().trim().min(1).max(20_000).optional().describe("Added to the issue in the same step."),
      expect: z.int().optional().describe("The `version` that you saw; `conflict` when it is another by now."),
    },
    output: Issue,
    errors: ["wip_exceeded", "transition_refused", "gone"],
    emits: ["issue.updated", "issue.status_changed", "comment.created"],
    http: `PATCH ${path}/{issue}`,
    example: { ...exampleAt, patch: { priority: "critical" }, expect: 3 },
  }),
  "issue.move": mutation({
    summary: "Put an issue in a stage, right below `after` (null: on top), right above `before`, or at the bottom.",
    access: "project:developer",
    input: {
      ...at,
      stageId: Id.optional().describe("Its own stage unless given."),
      laneId: Id.nullable().optional().describe("Its own lane unless given; null for none."),
      after: IssueNumber.nullish(),
      before: IssueNumber.optional(),
    },
    output: Issue,
    errors: ["wip_exceeded", "transition_refused", "gone"],
    emits: ["issue.moved"],
    http: `POST ${path}/{issue}/move`,
    example: { ...exampleAt, stageId: exampleId, after: 7 },
  }),
  "issue.delete": mutation({
    summary: "Take an issue off the board; it can be restored.",
    access: "project:admin",
    input: at,
    output: Nothing,
    errors: ["gone"],
    emits: ["issue.deleted"],
    http: `DELETE ${path}/{issue}`,
    example: exampleAt,
  }),
  "issue.restore": mutation({
    summary: "Bring a deleted issue back, at the bottom of its stage.",
    access: "project:admin",
    input: at,
    output: Issue,
    errors: ["wip_exceeded", "gone"],
    emits: ["issue.restored"],
    http: `POST ${path}/{issue}/restore`,
    example: exampleAt,
  }),
  "issue.purge": mutation({
    summary: "Remove an issue for ever; its number is not used again.",
    access: "project:admin",
    input: at,
    output: Nothing,
    errors: ["gone"],
    emits: ["issue.purged"],
    http: `POST ${path}/{issue}/purge`,
    example: exampleAt,
  }),
};

/** The new values of what changed, and nothing else. */
export const IssueChanges = Card.pick({
  title: true,
  status: true,
  priority: true,
  type: true,
  kind: true,
  estimate: true,
  stageId: true,
  laneId: true,
  rank: true,
  sprintId: true,
  parent: true,
  assignees: true,
  tags: true,
  commentCount: true,
  timeSpentSeconds: true,
  fields: true,
  deletedAt: true,
})
  .extend({ description: z.string() })
  .partial();
export type IssueChanges = z.infer<typeof IssueChanges>;

const whole = z.strictObject({ issue: Card });
const changed = z.strictObject({ number: IssueNumber, version: z.int(), updatedAt: Time, changes: IssueChanges });

export const issueEvents = {
  "issue.created": event({ summary: "An issue was created.", streams: ["project"], data: whole }),
  "issue.updated": event({ summary: "Fields of an issue changed.", streams: ["project"], data: changed }),
  "issue.moved": event({
    summary: "It changed stage or place; a status that changed with it is in `changes`.",
    streams: ["project"],
    data: changed,
  }),
  "issue.status_changed": event({
    summary: "Its status was set; the stage that followed is in `changes`.",
    streams: ["project"],
    data: changed,
  }),
  "issue.assigned": event({ summary: "Someone was assigned.", streams: ["project"], data: changed }),
  "issue.unassigned": event({ summary: "Someone is not assigned any more.", streams: ["project"], data: changed }),
  "issue.tagged": event({ summary: "Tags were added.", streams: ["project"], data: changed }),
  "issue.untagged": event({ summary: "Tags were taken off.", streams: ["project"], data: changed }),
  "issue.sprint_changed": event({
    summary: "It is in another sprint, or in none.",
    streams: ["project"],
    data: changed,
  }),
  "issue.deleted": event({ summary: "It left the board.", streams: ["project"], data: changed }),
  "issue.restored": event({ summary: "It is back.", streams: ["project"], data: whole }),
  "issue.purged": event({ summary: "It is gone for ever.", streams: ["project"], data: changed }),
};
