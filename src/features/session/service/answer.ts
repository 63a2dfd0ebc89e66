import type { Output, User } from "../../../../protocol/index.ts";
import type { Context, Origin } from "../../../kernel/context.ts";

export type SignedIn = Output<"auth.login">;

/** Public commands are sent by nobody; this goes on as the user that they turned out to be of. */
export const actAs = (ctx: Context, userId: string): Context => ({ ...ctx, actor: { id: userId, kind: "user" } });

/** When a session whose tokens are issued now runs out. */
export const sessionEnd = (ctx: Context): string =>
  new Date(ctx.now().getTime() + ctx.config.REFRESH_TTL_SECONDS * 1000).toISOString();

export const originOf = (ctx: Context): Origin => ctx.origin ?? { address: null, userAgent: null };

type Issued = { user: User; sessionId: string; refreshToken: string };

export function answerTokens(ctx: Context, { user, sessionId, refreshToken }: Issued): SignedIn {
  const { token: accessToken, expiresInSeconds } = ctx.tokens.sign({ userId: user.id, sessionId });
  return { accessToken, refreshToken, expiresInSeconds, user };
}
