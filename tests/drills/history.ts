/**
 * All that clients did and heard, as it happened.
 * - Each command is invoked once and ends at most once: ok, refused for good, or unknown, when nobody said what became
 *   of it. What has not ended is unknown too.
 * - Each listener has segments: a reset begins another one, at the position from which on nothing may be missing.
 */
import type { WireEvent } from "../../protocol/index.ts";

export type Ending = { outcome: "ok"; seq: number | undefined } | { outcome: "refused" | "unknown"; code: string };
export type Op = {
  name: string;
  stream: string;
  /** Who sent it. */
  userId: string;
  commandId: string;
  /** A title that no other command gives. */
  token: string | undefined;
  issue: number | undefined;
  sentAt: number;
  endedAt: number | undefined;
  ending: Ending | undefined;
};
export type Segment = { epoch: string; after: number; seqs: number[]; marks: number[] };
export type Heard = {
  client: string;
  stream: string;
  segments: Segment[];
  /** It went before the end. */
  left?: boolean;
};
export type History = { ops: Op[]; heard: Heard[] };

type Told = Pick<WireEvent, "type" | "actor" | "data">;

/** The title that an event gives an issue. */
export function tokenOf({ data }: Pick<Told, "data">): string | undefined {
  const { issue, changes } = data as { issue?: { title?: string }; changes?: { title?: string } };
  return issue?.title ?? changes?.title;
}

/** The issue that an event is about, and its version then. */
export function issueOf({ data }: Pick<Told, "data">): { number: number; version: number } | undefined {
  const { issue = data } = data as { issue?: object };
  const { number, version } = issue as { number?: number; version?: number };
  return number === undefined || version === undefined ? undefined : { number, version };
}

/** A number that two different events hardly share: FNV-1a of what tells them apart. */
export function markOf(event: Told): number {
  const issue = issueOf(event);
  const text = `${event.type} ${event.actor.id} ${issue?.number} ${issue?.version} ${tokenOf(event)}`;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

export function hear(heard: Heard, events: readonly (Told & { seq: number })[]): void {
  const segment = heard.segments.at(-1);
  if (!segment) throw new Error(`${heard.client} heard events before it knew where it stood`);
  for (const event of events) {
    segment.seqs.push(event.seq);
    segment.marks.push(markOf(event));
  }
}

export const beginSegment = (heard: Heard, { epoch, seq }: { epoch: string; seq: number }): void =>
  void heard.segments.push({ epoch, after: seq, seqs: [], marks: [] });
