import { z } from "zod";
import { IssueNumber, Nothing, ProjectRef } from "./common.ts";
import { query } from "./define.ts";

const State = z.enum(["viewing", "typing", "dragging"]);

/** Someone in a project, by what they said last. */
export const PresentUser = z.strictObject({
  userId: z.uuid(),
  name: z.string(),
  issue: IssueNumber.optional(),
  state: State,
});
export type PresentUser = z.infer<typeof PresentUser>;

export const presenceCommands = {
  "presence.set": query({
    summary: "Say what you look at or do; forgotten after 30 s unless said again. Never stored, never numbered.",
    access: "project:viewer",
    // Others see it.
    keyScope: "write",
    connection: true,
    input: { project: ProjectRef, issue: IssueNumber.optional(), state: State },
    output: Nothing,
    example: { project: "acme/web", issue: 12, state: "typing" },
  }),
};
