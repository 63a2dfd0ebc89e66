import type { Input, Output } from "../../../../protocol/index.ts";
import type { Context } from "../../../kernel/context.ts";
import { found } from "../../../kernel/errors.ts";
import { userStream } from "../../../kernel/event-log.ts";
import { toPage } from "../../../kernel/page.ts";
import { transact } from "../../../kernel/transact.ts";
import { listSessionRows, revokeSessions } from "../repository/session.ts";

const whose = (ctx: Context) => ({ userId: ctx.actor.id, now: ctx.now().toISOString() });

export async function listSessions(ctx: Context, input: Input<"session.list">): Promise<Output<"session.list">> {
  const { cursor, limit } = input;
  const of = { ...whose(ctx), currentId: ctx.caller.sessionId, cursor, limit: limit + 1 };
  const { items, nextCursor } = toPage(await listSessionRows(ctx.db, of), limit, ({ place }) => place);
  return { items: items.map(({ place: _, ...session }) => session), nextCursor };
}

export async function revokeOwnSession(
  ctx: Context,
  { sessionId }: Input<"session.revoke">,
): Promise<Output<"session.revoke">> {
  return transact(ctx, userStream(ctx.actor.id), async (tx) => {
    const [ended] = await revokeSessions(tx, { ...whose(ctx), only: sessionId });
    tx.emit("session.revoked", { sessionId: found(ended, "Session"), reason: "revoked" });
    return {};
  });
}

export async function revokeOwnSessions(
  ctx: Context,
  { keepCurrent }: Input<"session.revokeAll">,
): Promise<Output<"session.revokeAll">> {
  return transact(ctx, userStream(ctx.actor.id), async (tx) => {
    const ended = await revokeSessions(tx, { ...whose(ctx), except: keepCurrent ? ctx.caller.sessionId : null });
    for (const sessionId of ended) tx.emit("session.revoked", { sessionId, reason: "revoked" });
    return { revokedCount: ended.length };
  });
}
