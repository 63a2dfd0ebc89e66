import { z } from "zod";
import { exampleId, Time } from "./common.ts";
import { mutation, query } from "./define.ts";
import { StreamId } from "./stream.ts";

const CursorName = z.string().trim().min(1).max(100).default("default").describe("One program's; up to 100 a stream.");
const Seq = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

export const Cursor = z.strictObject({
  stream: StreamId,
  name: z.string(),
  epoch: z.string().describe("The stream's: `since` of a subscription is this and `seq`."),
  seq: Seq.describe("The last event that was handled; 0 before the first commit."),
  updatedAt: Time.nullable(),
});
export type Cursor = z.infer<typeof Cursor>;

export const cursorCommands = {
  "cursor.get": query({
    summary: "How far you have handled a stream, by what you committed last.",
    access: "stream",
    input: { stream: StreamId, name: CursorName },
    output: Cursor,
    http: "GET /streams/{stream}/cursors/{name}",
    example: { stream: `project:${exampleId}`, name: "deployer" },
  }),
  "cursor.commit": mutation({
    summary:
      "Keep how far you have handled a stream. It never goes back: a lower seq changes nothing, and the answer is where it stands. Writes no event; a key that reads may commit.",
    access: "stream",
    keyScope: "read",
    input: { stream: StreamId, name: CursorName, seq: Seq },
    output: Cursor,
    emits: [],
    http: "PUT /streams/{stream}/cursors/{name}",
    example: { stream: `project:${exampleId}`, name: "deployer", seq: 41 },
  }),
};
