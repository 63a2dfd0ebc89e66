import type { Input, Output } from "../../../../protocol/index.ts";
import type { Context } from "../../../kernel/context.ts";
import { found } from "../../../kernel/errors.ts";
import { userStream } from "../../../kernel/event-log.ts";
import { transact } from "../../../kernel/transact.ts";
import { changesOf } from "../../org/changes.ts";
import { findProfile, updateProfileRow } from "../repository.ts";

/** Told wherever the person is shown, so that boards and lists need not be loaded anew. */
export async function updateProfile(
  ctx: Context,
  { displayName, avatarUrl }: Input<"profile.update">,
): Promise<Output<"profile.update">> {
  const patch = { displayName, avatarUrl };
  const userId = ctx.actor.id;
  const own = userStream(userId);
  return transact(ctx, own, async (tx) => {
    const { streams, ...present } = found(await findProfile(tx, userId), "User");
    const changes = changesOf(present, patch);
    if (changes.length === 0) return present;
    const user = await updateProfileRow(tx, { userId, patch });
    const { email: _, ...shown } = user;
    for (const stream of [own, ...streams]) tx.emit("profile.updated", { user: shown }, { stream, changes });
    return user;
  });
}
