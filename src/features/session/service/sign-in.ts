import { randomUUID } from "node:crypto";
import type { Input, User } from "../../../../protocol/index.ts";
import type { Context } from "../../../kernel/context.ts";
import { AppError, invalid } from "../../../kernel/errors.ts";
import { userStream } from "../../../kernel/event-log.ts";
import { type Tx, transact } from "../../../kernel/transact.ts";
import { mayBePassword, maySignIn } from "../policy.ts";
import { createRefreshToken, hashRefreshToken } from "../refresh-token.ts";
import { insertSession } from "../repository/session.ts";
import { findCredentials, insertUser } from "../repository/user.ts";
import { actAs, answerTokens, originOf, type SignedIn, sessionEnd } from "./answer.ts";

type Way = { method: "password" } | { method: "code"; email: string };

/** Signs a user in; a code is used up by it. */
export async function openSession(ctx: Context, tx: Tx, user: User, way: Way): Promise<SignedIn> {
  const sessionId = randomUUID();
  const refreshToken = createRefreshToken();
  const hash = hashRefreshToken(refreshToken);
  const now = ctx.now().toISOString();
  const { method } = way;
  const session = {
    id: sessionId,
    userId: user.id,
    method,
    hash,
    now,
    expiresAt: sessionEnd(ctx),
    origin: originOf(ctx),
  };
  await insertSession(tx, session, way.method === "code" ? way.email : undefined);
  return answerTokens(ctx, { user, sessionId, refreshToken });
}

export async function registerUser(ctx: Context, input: Input<"auth.register">): Promise<SignedIn> {
  const { email, password, displayName = email.slice(0, email.indexOf("@")).slice(0, 100) } = input;
  if (!mayBePassword(password, email)) throw invalid("password", "too easy to guess; choose another");
  // Hashed before the e-mail is looked at: a taken one takes as long.
  const passwordHash = await ctx.passwords.hash(password);
  const id = randomUUID();
  return transact(actAs(ctx, id), userStream(id), async (tx) => {
    const user = await insertUser(tx, { id, email, displayName, passwordHash, createdAt: ctx.now().toISOString() });
    if (!user) throw new AppError("conflict", "This e-mail is taken");
    return openSession(ctx, tx, user, { method: "password" });
  });
}

/** All refusals read alike and cost the same, so that nobody learns which e-mails exist. */
export async function logIn(ctx: Context, input: Input<"auth.login">): Promise<SignedIn> {
  ctx.passwords.checkRoom();
  const known = await findCredentials(ctx.db, input.email);
  const right = await ctx.passwords.verify(known?.passwordHash, input.password);
  if (!known || !right || !maySignIn(known.user.kind, known.suspendedAt)) {
    throw new AppError("unauthenticated", "E-mail or password is wrong");
  }
  const { user } = known;
  return transact(actAs(ctx, user.id), userStream(user.id), (tx) => openSession(ctx, tx, user, { method: "password" }));
}
