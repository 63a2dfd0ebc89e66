import type { Input } from "../../../../protocol/index.ts";
import type { Context } from "../../../kernel/context.ts";
import { AppError } from "../../../kernel/errors.ts";
import { userStream } from "../../../kernel/event-log.ts";
import { transact } from "../../../kernel/transact.ts";
import { judgeRefresh } from "../policy.ts";
import { deriveSuccessor, hashRefreshToken } from "../refresh-token.ts";
import { findRefresh, rotateRefreshToken } from "../repository.ts";
import { actAs, answerTokens, type SignedIn, sessionEnd } from "./answer.ts";
import { endSession } from "./sign-out.ts";

const refusal = () => new AppError("unauthenticated", "The refresh token is not valid");

export async function refreshTokens(ctx: Context, input: Input<"auth.refresh">): Promise<SignedIn> {
  const successor = deriveSuccessor(ctx.config.JWT_SECRET, input.refreshToken);
  const key = { hash: hashRefreshToken(input.refreshToken), successorHash: hashRefreshToken(successor) };
  const shown = await findRefresh(ctx.db, key);
  if (!shown) throw refusal();
  const { user, sessionId } = shown;
  const asUser = actAs(ctx, user.id);
  const now = ctx.now();

  let verdict = judgeRefresh(shown.state, now);
  if (verdict === "rotate") {
    verdict = await transact(asUser, userStream(user.id), async (tx) => {
      const rotation = { ...key, now: now.toISOString(), expiresAt: sessionEnd(ctx) };
      if (await rotateRefreshToken(tx, rotation)) return "rotate";
      // Another request was faster: what it did tells what this one is.
      const present = await findRefresh(tx, key);
      return present ? judgeRefresh(present.state, now) : "refuse";
    });
  }
  // Committed before the refusal is thrown, which would take it back.
  if (verdict === "reuse") await endSession(asUser, { sessionId, reason: "reuse" });
  if (verdict === "reuse" || verdict === "refuse") throw refusal();
  return answerTokens(ctx, { user, sessionId, refreshToken: successor });
}
