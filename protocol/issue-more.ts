import { z } from "zod";
import { Activity } from "./board.ts";
import { Comment } from "./comment.ts";
import { exampleId, Id, IssueNumber, Nothing, OrgRef, ProjectRef, page, paging, UserRef } from "./common.ts";
import { mutation, query } from "./define.ts";
import { Card, Estimate, Issue, IssueKind, IssueType, Priority, Status } from "./issue-fields.ts";
import { Relation } from "./relation.ts";

const at = { project: ProjectRef, issue: IssueNumber };
const exampleAt = { project: "acme/web", issue: 12 };
const path = "/orgs/{org}/projects/{project}/issues";

export const issueMoreCommands = {
  "issue.setAssignees": mutation({
    summary: "Replace the assignees of an issue.",
    access: "project:developer",
    input: { ...at, userIds: z.array(Id).max(20) },
    output: Issue,
    errors: ["gone"],
    emits: ["issue.assigned", "issue.unassigned"],
    http: `PUT ${path}/{issue}/assignees`,
    example: { ...exampleAt, userIds: [exampleId] },
  }),
  "issue.setTags": mutation({
    summary: "Replace the tags of an issue.",
    access: "project:developer",
    input: { ...at, tagIds: z.array(Id).max(50) },
    output: Issue,
    errors: ["gone"],
    emits: ["issue.tagged", "issue.untagged"],
    http: `PUT ${path}/{issue}/tags`,
    example: { ...exampleAt, tagIds: [exampleId] },
  }),
  "issue.setSprint": mutation({
    summary: "Put an issue in a sprint, or with null in the backlog. Epics stay out of sprints.",
    access: "project:developer",
    input: { ...at, sprintId: Id.nullable() },
    output: Issue,
    errors: ["gone"],
    emits: ["issue.sprint_changed"],
    http: `PUT ${path}/{issue}/sprint`,
    example: { ...exampleAt, sprintId: exampleId },
  }),
  "issue.bulk": mutation({
    summary: "Change or move up to 100 issues: all of them, or none when one cannot be.",
    access: "project:developer",
    input: {
      project: ProjectRef,
      issues: z.array(IssueNumber).min(1).max(100),
      patch: z
        .strictObject({
          status: Status.optional(),
          type: IssueType.optional(),
          kind: IssueKind.optional(),
          priority: Priority.optional(),
          estimate: Estimate.optional(),
          laneId: Id.nullable().optional(),
          sprintId: Id.nullable().optional(),
          addTagIds: z.array(Id).max(20).optional(),
          removeTagIds: z.array(Id).max(20).optional(),
          assigneeIds: z.array(Id).max(20).optional(),
        })
        .optional(),
      move: z.strictObject({ stageId: Id }).optional().describe("To the bottom of a stage, in the order given."),
    },
    output: z.strictObject({ items: z.array(Card) }),
    errors: ["wip_exceeded", "transition_refused", "gone"],
    emits: [
      "issue.updated",
      "issue.status_changed",
      "issue.moved",
      "issue.sprint_changed",
      "issue.tagged",
      "issue.untagged",
      "issue.assigned",
      "issue.unassigned",
    ],
    http: `POST ${path}/bulk`,
    example: { project: "acme/web", issues: [12, 13], patch: { priority: "major" } },
  }),
  "issue.watch": mutation({
    summary: "Be notified when this issue changes.",
    access: "project:viewer",
    input: at,
    output: Nothing,
    errors: ["gone"],
    emits: [],
    http: `PUT ${path}/{issue}/watch`,
    example: exampleAt,
  }),
  "issue.unwatch": mutation({
    summary: "Hear of this issue no longer.",
    access: "project:viewer",
    input: at,
    output: Nothing,
    errors: ["gone"],
    emits: [],
    http: `DELETE ${path}/{issue}/watch`,
    example: exampleAt,
  }),
  "issue.search": query({
    summary:
      "Full text over titles, descriptions and comments of all projects you may see; finds word beginnings and typos.",
    access: "org:member",
    input: { org: OrgRef, q: z.string().trim().min(1).max(500), project: ProjectRef.optional(), ...paging },
    output: page(
      z.strictObject({
        issue: Card,
        rank: z.number(),
        snippet: z.string().describe("The best passage; matches stand between ⟦ and ⟧."),
      }),
    ),
    http: "GET /orgs/{org}/search",
    example: { org: "acme", q: "cart forg" },
  }),
  "issue.context": query({
    summary:
      "All that is known around an issue, of one moment and in at most about 256 KiB, for programs that reason about it: long texts are cut, and lists left short.",
    access: "project:viewer",
    input: at,
    output: z.strictObject({
      issue: Issue,
      parents: z.array(Card).max(10).describe("The nearest first."),
      children: z.array(Card).max(50).describe("Those to do first, then by number."),
      progress: z
        .strictObject({ total: z.int(), done: z.int() })
        .describe("Of all children; resolved and closed are done."),
      relations: z.array(Relation).max(50),
      comments: z.array(Comment).max(50).describe("The latest, oldest first."),
      activity: z.array(Activity).max(50).describe("Newest first."),
      watchers: z.array(UserRef).max(50),
      truncated: z.boolean().describe("Something was cut or left out to keep the bundle bounded."),
    }),
    errors: ["gone"],
    http: `GET ${path}/{issue}/context`,
    example: exampleAt,
  }),
};
