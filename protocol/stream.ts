import { z } from "zod";
import { exampleId, Nothing, OrgRef, ProjectRef, Time } from "./common.ts";
import { query } from "./define.ts";
import { PresentUser } from "./presence.ts";

export const streamPattern = /^(project|org|user):[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
export const StreamId = z
  .string()
  .regex(streamPattern, "project:<id>, org:<id> or user:<id>")
  .describe("A numbered history; also the name of its Socket.IO room.");
const Seq = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

export const ActorRef = z.strictObject({
  id: z.uuid().nullable().describe("null for the system itself"),
  kind: z.enum(["user", "bot", "script", "system"]),
});
export type Actor = z.infer<typeof ActorRef>;

export const Cause = z.strictObject({ seq: Seq, runId: z.uuid().optional(), depth: z.int() });
export type Cause = z.infer<typeof Cause>;

/** An event as it travels: stream and seq identify it; seq starts at 1 and has no gaps within a stream. */
export const WireEvent = z.strictObject({
  seq: Seq,
  type: z.string(),
  at: Time,
  actor: ActorRef,
  cause: Cause.optional(),
  data: z.record(z.string(), z.unknown()),
});
export type WireEvent = z.infer<typeof WireEvent>;

/** What the server pushes: the control messages have no seq, may be lost, and are repeated or repaired. */
export const pushes = {
  events: {
    summary: "New events of one stream, in seq order without gaps; drop those that you have.",
    data: z.strictObject({ stream: StreamId, epoch: z.string(), events: z.array(WireEvent) }),
  },
  head: {
    summary: "Where a stream stands, at least every 10 s: pull when you are behind.",
    data: z.strictObject({ stream: StreamId, epoch: z.string(), seq: Seq }),
  },
  hello: {
    summary: "Sent once after connecting.",
    data: z.strictObject({
      serverVersion: z.string(),
      instance: z.string(),
      limits: z.strictObject({ packetBytes: z.int(), pullEvents: z.int(), resumeEvents: z.int() }),
    }),
  },
  "auth.expiring": {
    summary: "The token of this socket ends soon: send `session.renew`.",
    data: z.strictObject({ inMs: z.int() }),
  },
  "access.revoked": {
    summary: "You may no longer hear this stream; the server has left the room for you.",
    data: z.strictObject({ stream: StreamId }),
  },
  presence: {
    summary:
      "Who is in a project now, once each; replaces the list before. Sent when it changes, at most once a second, and every 10 s while anyone is there: forget a list that is 30 s old.",
    data: z.strictObject({
      project: ProjectRef,
      users: z.array(PresentUser).max(100),
    }),
  },
  draining: {
    summary: "This instance stops: connect again after the delay.",
    data: z.strictObject({ retryAfterMs: z.int() }),
  },
};

const since = z
  .strictObject({ epoch: z.string().max(64), seq: Seq })
  .optional()
  .describe("The last event that you hold; omit it to begin at the present.");
const Subscription = z.strictObject({
  stream: StreamId,
  epoch: z.string(),
  head: Seq.describe("The stream's seq at the moment of joining; later events arrive as `events`."),
  events: z.array(WireEvent).describe("What you missed since `since`, up to `head`."),
  reset: z.boolean().describe("true: too far behind or other epoch; load a fresh snapshot, as `board.get`."),
});
export type Subscription = z.infer<typeof Subscription>;

export const streamCommands = {
  "project.subscribe": query({
    summary: "Join a project's room: missed events now, later ones as they happen.",
    access: "project:viewer",
    connection: true,
    input: { project: ProjectRef, since },
    output: Subscription,
    example: { project: "acme/web", since: { epoch: "k3v9qx2a", seq: 41 } },
  }),
  "project.unsubscribe": query({
    summary: "Leave a project's room.",
    access: "project:viewer",
    connection: true,
    input: { project: ProjectRef },
    output: Nothing,
    example: { project: "acme/web" },
  }),
  "org.subscribe": query({
    summary: "Join an organization's room.",
    access: "org:member",
    connection: true,
    input: { org: OrgRef, since },
    output: Subscription,
    example: { org: "acme" },
  }),
  "org.unsubscribe": query({
    summary: "Leave an organization's room.",
    access: "org:member",
    connection: true,
    input: { org: OrgRef },
    output: Nothing,
    example: { org: "acme" },
  }),
  "user.subscribe": query({
    summary: "Hear what concerns only you.",
    access: "any",
    connection: true,
    input: { since },
    output: Subscription,
    example: {},
  }),
  "user.unsubscribe": query({
    summary: "Stop hearing your own stream.",
    access: "any",
    connection: true,
    input: {},
    output: Nothing,
    example: {},
  }),
  "sync.pull": query({
    summary: "Read a stream's events after a seq.",
    access: "stream",
    input: { stream: StreamId, after: Seq, limit: z.int().min(1).max(500).default(500) },
    output: z.strictObject({
      stream: StreamId,
      epoch: z.string(),
      events: z.array(WireEvent),
      head: Seq,
      more: z.boolean(),
    }),
    errors: ["gone"],
    http: "GET /streams/{stream}/events",
    example: { stream: `project:${exampleId}`, after: 41 },
  }),
};
