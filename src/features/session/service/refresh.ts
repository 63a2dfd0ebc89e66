import type { Input } from "../../../../protocol/index.ts";
import type { Context } from "../../../kernel/context.ts";
import { AppError } from "../../../kernel/errors.ts";
import { userStream } from "../../../kernel/event-log.ts";
import { secretsOf } from "../../../kernel/secrets.ts";
import { transact } from "../../../kernel/transact.ts";
import { judgeRefresh } from "../policy.ts";
import { deriveSuccessor, hashRefreshToken } from "../refresh-token.ts";
import { findRefresh, rotateRefreshToken } from "../repository/refresh.ts";
import { actAs, answerTokens, originOf, type SignedIn, sessionEnd } from "./answer.ts";
import { endSession } from "./sign-out.ts";

const refusal = () => new AppError("unauthenticated", "The refresh token is not valid");

/** `issued`: the hash of the successor that the token has, if it has one. */
type Judged = { verdict: ReturnType<typeof judgeRefresh>; issued: Buffer | null };

const judge = (shown: Awaited<ReturnType<typeof findRefresh>>, now: Date): Judged =>
  shown
    ? { verdict: judgeRefresh(shown.state, now), issued: shown.successorHash }
    : { verdict: "refuse", issued: null };

export async function refreshTokens(ctx: Context, { refreshToken }: Input<"auth.refresh">): Promise<SignedIn> {
  // Another instance may have the same two secrets the other way round.
  const successors = secretsOf(ctx.config).map((secret) => deriveSuccessor(secret, refreshToken));
  const key = { hash: hashRefreshToken(refreshToken), successorHashes: successors.map(hashRefreshToken) };
  const shown = await findRefresh(ctx.db, key);
  if (!shown) throw refusal();
  const { user, sessionId } = shown;
  const asUser = actAs(ctx, user.id);
  const now = ctx.now();

  let judged = judge(shown, now);
  if (judged.verdict === "rotate") {
    judged = await transact(asUser, userStream(user.id), async (tx) => {
      const issued = hashRefreshToken(deriveSuccessor(ctx.config.JWT_SECRET, refreshToken));
      const until = { now: now.toISOString(), expiresAt: sessionEnd(ctx) };
      const rotation = { hash: key.hash, successorHash: issued, ...until, origin: originOf(ctx) };
      if (await rotateRefreshToken(tx, rotation)) return { verdict: "rotate", issued };
      // Another request was faster: what it did tells what this one is.
      return judge(await findRefresh(tx, key), now);
    });
  }
  const { verdict, issued } = judged;
  // Committed before the refusal is thrown, which would take it back.
  if (verdict === "reuse") await endSession(asUser, { sessionId, reason: "reuse" });
  const successor = successors.find((token) => issued?.equals(hashRefreshToken(token)));
  if (verdict === "reuse" || verdict === "refuse" || successor === undefined) throw refusal();
  return answerTokens(ctx, { user, sessionId, refreshToken: successor });
}
