import type { Input, Output, WireEvent } from "../../../protocol/index.ts";
import { connectionOf } from "../../kernel/connection.ts";
import type { Context, OrgContext, ProjectContext } from "../../kernel/context.ts";
import { AppError } from "../../kernel/errors.ts";
import { orgStream, readEvents, readHeads, userStream } from "../../kernel/event-log.ts";

export const subscribeProject = (ctx: ProjectContext, input: Input<"project.subscribe">) =>
  connectionOf(ctx).subscribe(ctx.project.stream, input.since, [orgStream(ctx.project.orgId)]);

export async function unsubscribeProject(ctx: ProjectContext): Promise<Output<"project.unsubscribe">> {
  connectionOf(ctx).unsubscribe(ctx.project.stream);
  return {};
}

export const subscribeOrg = (ctx: OrgContext, input: Input<"org.subscribe">) =>
  connectionOf(ctx).subscribe(ctx.org.stream, input.since);

export async function unsubscribeOrg(ctx: OrgContext): Promise<Output<"org.unsubscribe">> {
  connectionOf(ctx).unsubscribe(ctx.org.stream);
  return {};
}

export const subscribeUser = (ctx: Context, input: Input<"user.subscribe">) =>
  connectionOf(ctx).subscribe(userStream(ctx.actor.id), input.since);

export async function unsubscribeUser(ctx: Context): Promise<Output<"user.unsubscribe">> {
  connectionOf(ctx).unsubscribe(userStream(ctx.actor.id));
  return {};
}

/** An answer that is much longer is cut off on a slow line, and asked for again. */
const PULL_BYTES = 1024 * 1024;

/** As many of the first events as fit into an answer, at least one. */
function fitting(events: WireEvent[]): WireEvent[] {
  let bytes = 0;
  const beyond = events.findIndex((event, i) => {
    bytes += JSON.stringify(event.data).length;
    return i > 0 && bytes > PULL_BYTES;
  });
  return beyond === -1 ? events : events.slice(0, beyond);
}

/** Events after `after`; `gone` when older ones were pruned, so that what follows would have a gap. */
export async function pullEvents(ctx: Context, input: Input<"sync.pull">): Promise<Output<"sync.pull">> {
  const { stream, after, limit } = input;
  // The head first: then the events read cannot end below it unless they were pruned.
  const [head] = await readHeads(ctx.db, [stream]);
  const events = fitting(await readEvents(ctx.db, { stream, after, limit }));
  const known = head?.seq ?? 0;
  const first = events[0]?.seq;
  if (first === undefined ? known > after : first !== after + 1) {
    throw new AppError("gone", "Events that old are no longer kept; load a snapshot", { details: { head: known } });
  }
  const last = events.at(-1)?.seq ?? after;
  const seq = Math.max(known, events.at(-1)?.seq ?? 0);
  return { stream, epoch: head?.epoch ?? "", events, head: seq, more: last < seq };
}
