import { z } from "zod";
import { OrgRef, ProjectRef } from "./common.ts";
import { query } from "./define.ts";

export const explainCommands = {
  "access.explain": query({
    summary: "Whether you may send a command here, and which role or rule says so.",
    access: "any",
    input: { command: z.string().max(60), project: ProjectRef.optional(), org: OrgRef.optional() },
    output: z.strictObject({
      allowed: z.boolean(),
      by: z.string().describe("In words: the role that you have, where it comes from, and the role that is needed."),
    }),
    http: "GET /access/explain",
    example: { command: "issue.move", project: "acme/web" },
  }),
  "sync.digest": query({
    summary: "A hash over the board's state at a seq, so that a client can prove that it is in step.",
    access: "project:viewer",
    input: { project: ProjectRef },
    output: z.strictObject({
      seq: z.int(),
      digest: z.string().describe("SHA-256 in hex; protocol/digest.ts says over what."),
    }),
    http: "GET /orgs/{org}/projects/{project}/digest",
    example: { project: "acme/web" },
  }),
};
