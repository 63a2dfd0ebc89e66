import { z } from "zod";
import { IssueNumber, ProjectRef, Time, UserRef } from "./common.ts";

export const Status = z.enum(["open", "in_progress", "resolved", "closed"]);
export const Priority = z.enum(["critical", "major", "normal", "minor"]);
export const IssueType = z.enum(["bug", "feature", "task", "improvement"]);
export const IssueKind = z.enum(["epic", "story", "task", "subtask"]);

export const Title = z.string().trim().min(1).max(200);
export const Description = z.string().max(50_000);
/** In whatever unit the team estimates: points or hours. */
export const Estimate = z.number().min(0).max(100_000).nullable();

export const TagRef = z.strictObject({ id: z.uuid(), name: z.string(), color: z.string() });
export type TagRef = z.infer<typeof TagRef>;

export const Issue = z.strictObject({
  id: z.uuid(),
  project: ProjectRef,
  number: IssueNumber,
  key: z.string().describe("As people say it: `WEB-12`."),
  title: z.string(),
  description: z.string(),
  status: Status,
  priority: Priority,
  type: IssueType,
  kind: IssueKind,
  stageId: z.uuid().nullable().describe("null when its stage was deleted"),
  laneId: z.uuid().nullable(),
  rank: z.string().describe("Sorts bytewise within the stage; made by the server."),
  sprintId: z.uuid().nullable(),
  parent: IssueNumber.nullable(),
  reporter: UserRef,
  assignees: z.array(UserRef),
  tags: z.array(TagRef),
  estimate: z.number().nullable(),
  commentCount: z.int(),
  timeSpentSeconds: z.int(),
  fields: z.record(z.string(), z.unknown()),
  version: z.int().describe("Goes up with each change; send it as `expect`."),
  createdAt: Time,
  updatedAt: Time,
  deletedAt: Time.nullable(),
});
export type Issue = z.infer<typeof Issue>;

/** An issue as boards and lists show it: without the description. */
export const Card = Issue.omit({ description: true });
export type Card = z.infer<typeof Card>;
