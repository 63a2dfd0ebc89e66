import type { Input, Output } from "../../../../protocol/index.ts";
import type { Context } from "../../../kernel/context.ts";
import { userStream } from "../../../kernel/event-log.ts";
import { transact } from "../../../kernel/transact.ts";
import { countUnread, listNotificationRows, markRowsRead, savePrefs } from "../repository/own.ts";

export async function listNotifications(
  ctx: Context,
  { unread, cursor, limit }: Input<"notification.list">,
): Promise<Output<"notification.list">> {
  const userId = ctx.actor.id;
  const page = await listNotificationRows(ctx.db, { userId, unread, cursor, limit });
  return { ...page, unreadCount: await countUnread(ctx.db, userId) };
}

/** Ids of others, unknown ones and those read before are passed over. */
export async function markNotificationsRead(
  ctx: Context,
  { ids }: Input<"notification.markRead">,
): Promise<Output<"notification.markRead">> {
  const userId = ctx.actor.id;
  return transact(ctx, userStream(userId), async (tx) => {
    const read = await markRowsRead(tx, { userId, ids });
    if (read.length > 0) tx.emit("notification.read", { ids: ids === "all" ? "all" : read });
    return { unreadCount: await countUnread(tx, userId) };
  });
}

const usual: Output<"notification.setPrefs"> = {
  assigned: true,
  mentioned: true,
  watched: true,
  scripts: true,
  email: false,
};

export async function setNotificationPrefs(
  ctx: Context,
  { prefs }: Input<"notification.setPrefs">,
): Promise<Output<"notification.setPrefs">> {
  const userId = ctx.actor.id;
  return transact(ctx, userStream(userId), async (tx) => {
    const { notificationPrefs } = await savePrefs(tx, { userId, prefs });
    return { ...usual, ...Object(notificationPrefs) };
  });
}
