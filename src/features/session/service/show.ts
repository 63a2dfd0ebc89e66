import type { Input, Output } from "../../../../protocol/index.ts";
import { connectionOf } from "../../../kernel/connection.ts";
import type { Context } from "../../../kernel/context.ts";
import { AppError } from "../../../kernel/errors.ts";
import { showGrant } from "../../key/service/grant.ts";
import { mayContinue } from "../policy.ts";
import { findSession } from "../repository/session.ts";
import { findUser, listOrgs } from "../repository/user.ts";

type Shown = { userId: string; sessionId: string | null; expiresAtMs: number };

/** The session that a token speaks of; `unauthenticated` when token, session or user is not good now. */
async function checkSession(ctx: Context, { userId, sessionId, expiresAtMs }: Shown): Promise<Output<"auth.session">> {
  const session = sessionId === null ? undefined : await findSession(ctx.db, sessionId);
  const now = ctx.now();
  if (!sessionId || session?.user.id !== userId || !mayContinue(session.state, now) || expiresAtMs <= now.getTime()) {
    throw new AppError("unauthenticated", "The token is not valid");
  }
  return { user: session.user, sessionId, expiresAt: new Date(expiresAtMs).toISOString() };
}

export const validateToken = async (ctx: Context, input: Input<"auth.validate">): Promise<Output<"auth.validate">> =>
  checkSession(ctx, ctx.tokens.verify(input.token));

export const showSession = (ctx: Context): Promise<Output<"auth.session">> =>
  checkSession(ctx, { ...ctx.caller, userId: ctx.actor.id });

export async function whoami(ctx: Context): Promise<Output<"session.whoami">> {
  const [user, orgs] = await Promise.all([findUser(ctx.db, ctx.actor.id), listOrgs(ctx.db, ctx.actor.id)]);
  if (!user) throw new AppError("unauthenticated", "This account is gone");
  const { scopes, projects } = await showGrant(ctx);
  const isFor = (orgId: string) => !projects || projects.some((project) => project.orgId === orgId);
  return {
    user,
    orgs: orgs.filter(({ id }) => isFor(id)),
    scopes,
    projects: projects?.map(({ ref }) => ref) ?? null,
  };
}

export async function renewSession(ctx: Context, input: Input<"session.renew">): Promise<Output<"session.renew">> {
  const connection = connectionOf(ctx);
  const claims = ctx.tokens.verify(input.token);
  const { user, sessionId, expiresAt } = await checkSession(ctx, claims);
  if (user.id !== ctx.actor.id) throw new AppError("forbidden", "This token is of another user");
  connection.renew(
    { actor: { id: user.id, kind: user.kind }, sessionId, expiresAtMs: claims.expiresAtMs },
    input.token,
  );
  return { expiresAt };
}
