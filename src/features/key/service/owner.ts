import type { Context } from "../../../kernel/context.ts";
import { AppError, found } from "../../../kernel/errors.ts";
import { orgStream, userStream } from "../../../kernel/event-log.ts";
import { mayManageKeys } from "../policy.ts";
import { findOwner, findOwnerOfKey, type Owner } from "../repository.ts";

/** Where the events of someone's keys go: everyone's own stream, or the organization's for its bots. */
export const streamOf = ({ id, orgId }: Owner): string => (orgId === null ? userStream(id) : orgStream(orgId));

/** Bots that are gone have no organization; of others' bots outsiders hear nothing. */
const isSeen = (owner: Owner, actorId: string): boolean =>
  owner.id === actorId || (owner.orgId !== null && owner.actorRole !== null);

/** Whose keys an input is about: a bot's, or one's own. */
export async function namedOwner(ctx: Context, botId: string | undefined): Promise<Owner> {
  const owner = await findOwner(ctx.db, { ownerId: botId ?? ctx.actor.id, actorId: ctx.actor.id });
  if (botId === undefined) return found(owner, "User");
  if (owner?.kind !== "bot" || !isSeen(owner, ctx.actor.id)) throw new AppError("not_found", "Bot not found");
  if (!mayManageKeys(ctx.actor.id, owner)) throw new AppError("forbidden", "Only admins manage the keys of bots");
  return owner;
}

/** Whose key it is; `not_found` when that is not yours to know. */
export async function ownerOfKey(ctx: Context, keyId: string): Promise<Owner> {
  const owner = found(await findOwnerOfKey(ctx.db, { keyId, actorId: ctx.actor.id }), "Key");
  if (!mayManageKeys(ctx.actor.id, owner)) throw new AppError("not_found", "Key not found");
  return owner;
}
