import type { Input, Output } from "../../../protocol/index.ts";
import type { Connection, Context, OrgContext, ProjectContext } from "../../kernel/context.ts";
import { AppError } from "../../kernel/errors.ts";
import { readEvents, readHeads, userStream } from "../../kernel/event-log.ts";

/** The socket that the command came by; over HTTP there is none to push to. */
const connectionOf = (ctx: Context): Connection => {
  if (ctx.connection) return ctx.connection;
  throw new AppError("invalid", "This command needs a socket", { details: { issues: [] } });
};

export const subscribeProject = (ctx: ProjectContext, input: Input<"project.subscribe">) =>
  connectionOf(ctx).subscribe(ctx.project.stream, input.since);

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

/** Events after `after`; `gone` when older ones were pruned, so that what follows would have a gap. */
export async function pullEvents(ctx: Context, input: Input<"sync.pull">): Promise<Output<"sync.pull">> {
  const { stream, after, limit } = input;
  const [events, [head]] = await Promise.all([
    readEvents(ctx.db, { stream, after, limit }),
    readHeads(ctx.db, [stream]),
  ]);
  const first = events[0];
  if ((first && first.seq !== after + 1) || (!first && head && head.seq > after)) {
    throw new AppError("gone", "Events that old are no longer kept; load a snapshot", { details: { head: head?.seq } });
  }
  // Read apart, the head may be older than the events or newer.
  const last = events.at(-1)?.seq ?? after;
  const seq = Math.max(head?.seq ?? 0, last);
  return { stream, epoch: head?.epoch ?? "", events, head: seq, more: last < seq };
}
