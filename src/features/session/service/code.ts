import { randomUUID } from "node:crypto";
import type { Input, Output, User } from "../../../../protocol/index.ts";
import type { Context } from "../../../kernel/context.ts";
import { AppError } from "../../../kernel/errors.ts";
import { userStream } from "../../../kernel/event-log.ts";
import type { Mail } from "../../../kernel/mail.ts";
import { secretsOf } from "../../../kernel/secrets.ts";
import { transact } from "../../../kernel/transact.ts";
import { createCode, hashCode, isCode } from "../code.ts";
import { maySignIn } from "../policy.ts";
import { saveCode, takeTry } from "../repository/code.ts";
import { findCredentials } from "../repository/user.ts";
import { actAs, type SignedIn } from "./answer.ts";
import { openSession } from "./sign-in.ts";

const TTL_MS = 10 * 60_000;
const TRIES = 5;

/** Who may sign in by a code sent to this e-mail. */
async function findRecipient(ctx: Context, email: string): Promise<User | undefined> {
  const known = await findCredentials(ctx.db, email);
  return known && maySignIn(known.user.kind, known.suspendedAt) ? known.user : undefined;
}

function compose({ displayName }: User, to: string, code: string): Mail {
  const rules = `It is good once, for ${TTL_MS / 60_000} minutes.`;
  const text = `Hello ${displayName},\n\nyour sign-in code is ${code}. ${rules}\n\nIf you did not ask for it, do nothing.\n`;
  return { to, subject: "Your sign-in code", text };
}

/** The same work and the same answer for every e-mail, so that nobody learns which of them have accounts. */
export async function requestCode(
  ctx: Context,
  { email }: Input<"auth.requestOtp">,
): Promise<Output<"auth.requestOtp">> {
  if (!ctx.mailer.canSend) throw new AppError("unavailable", "This server sends no e-mails: SMTP_URL is not set");
  const user = await findRecipient(ctx, email);
  const [id, code] = [randomUUID(), createCode()];
  const hash = hashCode(ctx.config.JWT_SECRET, { id, code });
  const expiresAt = new Date(ctx.now().getTime() + TTL_MS).toISOString();
  const userId = user?.id ?? randomUUID();
  await transact(actAs(ctx, userId), userStream(userId), (tx) =>
    saveCode(tx, { email, id, hash, triesLeft: TRIES, expiresAt }),
  );
  // After the answer, which must neither wait for the mail server nor tell how it went.
  if (user) setImmediate(() => send(ctx, compose(user, email, code)));
  return {};
}

function send({ mailer, log }: Context, mail: Mail): void {
  mailer.send(mail).catch((error: unknown) => log.warn({ err: error }, "a sign-in code could not be sent"));
}

/** As for passwords, all refusals read alike and cost the same. */
export async function verifyCode(ctx: Context, { email, code }: Input<"auth.verifyOtp">): Promise<SignedIn> {
  const user = await findRecipient(ctx, email);
  const userId = user?.id ?? randomUUID();
  const signedIn = await transact(actAs(ctx, userId), userStream(userId), async (tx) => {
    const kept = await takeTry(tx, { email, now: ctx.now().toISOString() });
    const right = kept !== undefined && isCode(secretsOf(ctx.config), { id: kept.id, code }, kept.hash);
    return right && user ? openSession(ctx, tx, user, { method: "code", email }) : undefined;
  });
  // Thrown after the commit, which counts the try.
  if (!signedIn) throw new AppError("unauthenticated", "E-mail or code is wrong, or the code is no longer good");
  return signedIn;
}
