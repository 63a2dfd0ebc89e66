import type { Input, Output } from "../../../../protocol/index.ts";
import type { Context } from "../../../kernel/context.ts";
import { AppError, found, invalid } from "../../../kernel/errors.ts";
import { userStream } from "../../../kernel/event-log.ts";
import { transact } from "../../../kernel/transact.ts";
import { mayBePassword } from "../../session/policy.ts";
import { findProof, replacePassword } from "../../session/repository/user.ts";
import { mayOmitOld } from "../policy.ts";

const wrongOld = () => invalid("old", "is not your password");

export async function setPassword(
  ctx: Context,
  input: Input<"profile.setPassword">,
): Promise<Output<"profile.setPassword">> {
  const { sessionId } = ctx.caller;
  const userId = ctx.actor.id;
  if (sessionId === null) throw new AppError("forbidden", "An API key changes no password: sign in");
  const proof = found(await findProof(ctx.db, { userId, sessionId }), "Session");
  if (!mayBePassword(input.new, proof.email ?? "")) throw invalid("new", "too easy to guess; choose another");
  if (input.old === undefined && !mayOmitOld(proof, ctx.now())) throw invalid("old", "your present password, please");
  if (input.old !== undefined && !(await ctx.passwords.verify(proof.passwordHash, input.old))) throw wrongOld();
  const to = await ctx.passwords.hash(input.new);

  return transact(ctx, userStream(userId), async (tx) => {
    const change = { userId, from: proof.passwordHash, to, keptId: sessionId, now: ctx.now().toISOString() };
    const ended = await replacePassword(tx, change);
    // Changed elsewhere since it was compared.
    if (!ended) throw wrongOld();
    for (const id of ended) tx.emit("session.revoked", { sessionId: id, reason: "password" });
    return {};
  });
}
