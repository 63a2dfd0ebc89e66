import type { EventData, Input, Output } from "../../../../protocol/index.ts";
import type { Context } from "../../../kernel/context.ts";
import { userStream } from "../../../kernel/event-log.ts";
import { transact } from "../../../kernel/transact.ts";
import { hashRefreshToken } from "../refresh-token.ts";
import { findSessionToEnd, revokeSession } from "../repository.ts";
import { actAs } from "./answer.ts";

/** Revokes a session of `ctx.actor` and tells its sockets; once. */
export async function endSession(ctx: Context, end: EventData<"session.revoked">): Promise<void> {
  const stream = userStream(ctx.actor.id);
  await transact(ctx, stream, async (tx) => {
    const revoked = await revokeSession(tx, { id: end.sessionId, now: ctx.now().toISOString() });
    if (revoked) tx.emit("session.revoked", end);
  });
}

export async function logOut(ctx: Context, input: Input<"auth.logout">): Promise<Output<"auth.logout">> {
  const key = { hash: hashRefreshToken(input.refreshToken), now: ctx.now().toISOString() };
  const session = await findSessionToEnd(ctx.db, key);
  if (session) await endSession(actAs(ctx, session.userId), { sessionId: session.id, reason: "logout" });
  return {};
}
