import { z } from "zod";
import { exampleId, Id, IssueNumber, Nothing, ProjectRef, page, paging, Time, UserRef } from "./common.ts";
import { event, mutation, query } from "./define.ts";

const Body = z.string().trim().min(1).max(20_000);

export const Comment = z.strictObject({
  id: z.uuid(),
  issue: IssueNumber,
  author: UserRef,
  body: z.string(),
  createdAt: Time,
  editedAt: Time.nullable(),
});
export type Comment = z.infer<typeof Comment>;

const path = "/orgs/{org}/projects/{project}";

export const commentCommands = {
  "comment.list": query({
    summary: "The comments of an issue, oldest first.",
    access: "project:viewer",
    input: { project: ProjectRef, issue: IssueNumber, ...paging },
    output: page(Comment),
    errors: ["gone"],
    http: `GET ${path}/issues/{issue}/comments`,
    example: { project: "acme/web", issue: 12 },
  }),
  "comment.add": mutation({
    summary:
      "Comment on an issue and watch it from now on; `@name` (without its spaces) or `@e-mail` notifies who may see it.",
    access: "project:reporter",
    input: { project: ProjectRef, issue: IssueNumber, body: Body },
    output: Comment,
    errors: ["gone"],
    emits: ["comment.created"],
    http: `POST ${path}/issues/{issue}/comments`,
    status: 201,
    example: { project: "acme/web", issue: 12, body: "@bob can you reproduce this?" },
  }),
  "comment.edit": mutation({
    summary: "Change your own comment.",
    access: "project:reporter",
    input: { project: ProjectRef, commentId: Id, body: Body },
    output: Comment,
    errors: ["gone"],
    emits: ["comment.edited"],
    http: `PATCH ${path}/comments/{commentId}`,
    example: { project: "acme/web", commentId: exampleId, body: "Reproduced on 1.4." },
  }),
  "comment.delete": mutation({
    summary: "Delete your own comment, or as project admin anyone's.",
    access: "project:reporter",
    input: { project: ProjectRef, commentId: Id },
    output: Nothing,
    errors: ["gone"],
    emits: ["comment.deleted"],
    http: `DELETE ${path}/comments/{commentId}`,
    example: { project: "acme/web", commentId: exampleId },
  }),
};

const comment = z.strictObject({ comment: Comment });

/** An issue with a new, changed or deleted comment was updated at the event's `at`; its version stays. */
export const commentEvents = {
  "comment.created": event({
    summary: "Someone commented; the issue's count goes up.",
    streams: ["project"],
    data: comment,
  }),
  "comment.edited": event({ summary: "A comment was changed.", streams: ["project"], data: comment }),
  "comment.deleted": event({
    summary: "A comment is gone; the issue's count goes down.",
    streams: ["project"],
    data: z.strictObject({ commentId: z.uuid(), number: IssueNumber }),
  }),
};
