import type { EventData, Input, Output } from "../../../../protocol/index.ts";
import type { Context } from "../../../kernel/context.ts";
import { userStream } from "../../../kernel/event-log.ts";
import { transact } from "../../../kernel/transact.ts";
import { hashRefreshToken } from "../refresh-token.ts";
import { findSessionToEnd } from "../repository/refresh.ts";
import { revokeSessions } from "../repository/session.ts";
import { actAs } from "./answer.ts";

type Reason = EventData<"session.revoked">["reason"];

/** Revokes a session of `ctx.actor` and tells its sockets; once. */
export async function endSession(ctx: Context, end: { sessionId: string; reason: Reason }): Promise<void> {
  const userId = ctx.actor.id;
  const now = ctx.now().toISOString();
  await transact(ctx, userStream(userId), async (tx) => {
    const [ended] = await revokeSessions(tx, { userId, now, only: end.sessionId });
    if (ended !== undefined) tx.emit("session.revoked", end);
  });
}

export async function logOut(ctx: Context, input: Input<"auth.logout">): Promise<Output<"auth.logout">> {
  const key = { hash: hashRefreshToken(input.refreshToken), now: ctx.now().toISOString() };
  const session = await findSessionToEnd(ctx.db, key);
  if (session) await endSession(actAs(ctx, session.userId), { sessionId: session.id, reason: "logout" });
  return {};
}
