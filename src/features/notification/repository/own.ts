import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { Notification } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";
import {
  behind,
  bigintKey,
  cursorValues,
  type Order,
  readAfter,
  timeKey,
  toPage,
  uuidKey,
} from "../../../kernel/page.ts";
import type { Tx } from "../../../kernel/transact.ts";

/** Whether the person may see the project now. */
export const sees = (userId: RawBuilder<unknown>, projectId: RawBuilder<unknown>): RawBuilder<SqlBool> => sql<SqlBool>`(
  exists (select from project_members m where m.project_id = ${projectId} and m.user_id = ${userId})
  or exists (
    select from org_members m join projects p on p.org_id = m.org_id
    where p.id = ${projectId} and m.user_id = ${userId}
  )
)`;

/** What concerned the person, as far as they may still see it. */
const ownRows = (db: Db, userId: string) =>
  db
    .selectFrom("notifications")
    .where("notifications.userId", "=", userId)
    .where(sees(sql`notifications.user_id`, sql`notifications.project_id`));

const newestFirst: Order = {
  name: "notifications",
  keys: [timeKey(sql`notifications.created_at`), bigintKey(sql`notifications.seq`), uuidKey(sql`notifications.id`)],
  direction: "desc",
};

export async function listNotificationRows(
  db: Db,
  of: { userId: string; unread: boolean | undefined; cursor: string | null | undefined; limit: number },
): Promise<{ items: Notification[]; nextCursor: string | null }> {
  const after = readAfter(newestFirst, of.cursor);
  let query = ownRows(db, of.userId)
    .innerJoin("projects", "projects.id", "notifications.projectId")
    .innerJoin("orgs", "orgs.id", "projects.orgId")
    .select([
      "notifications.id",
      "reason",
      sql<string>`orgs.slug || '/' || projects.slug`.as("project"),
      "issue",
      sql<string | null>`projects.key || '-' || issue`.as("key"),
      "summary",
      "notifications.createdAt",
      "readAt",
      cursorValues(newestFirst).as("cursorValues"),
    ])
    .orderBy("notifications.createdAt", "desc")
    .orderBy("seq", "desc")
    .orderBy("notifications.id", "desc");
  if (of.unread !== undefined) query = query.where("readAt", of.unread ? "is" : "is not", null);
  if (after) query = query.where(behind(newestFirst, after));
  const rows = await query.limit(of.limit + 1).execute();
  const page = toPage(rows, of.limit, (row) => row.cursorValues);
  return { items: page.items.map(({ cursorValues: _, ...row }) => row), nextCursor: page.nextCursor };
}

export async function countUnread(db: Db, userId: string): Promise<number> {
  const { count } = await ownRows(db, userId)
    .where("readAt", "is", null)
    .select((eb) => eb.fn.countAll<number>().as("count"))
    .executeTakeFirstOrThrow();
  return count;
}

/** Gives the ids of those that were unread until now. */
export async function markRowsRead(
  tx: Tx,
  { userId, ids }: { userId: string; ids: "all" | string[] },
): Promise<string[]> {
  const unread = tx
    .updateTable("notifications")
    .set({ readAt: sql`now()` })
    .where("userId", "=", userId)
    .where("readAt", "is", null)
    .returning("id");
  const rows = await (ids === "all" ? unread : unread.where("id", "in", ids)).execute();
  return rows.map(({ id }) => id);
}

/** Changes these preferences; gives all that were ever set. */
export async function savePrefs(tx: Tx, { userId, prefs }: { userId: string; prefs: object }) {
  return tx
    .updateTable("users")
    .set({ notificationPrefs: sql`notification_prefs || cast(${JSON.stringify(prefs)} as jsonb)` })
    .where("id", "=", userId)
    .returning("notificationPrefs")
    .executeTakeFirstOrThrow();
}

export async function insertWatcher(tx: Tx, watcher: { issueId: string; userId: string }): Promise<void> {
  await tx
    .insertInto("watchers")
    .values(watcher)
    .onConflict((known) => known.doNothing())
    .execute();
}

export async function deleteWatcher(tx: Tx, { issueId, userId }: { issueId: string; userId: string }): Promise<void> {
  await tx.deleteFrom("watchers").where("issueId", "=", issueId).where("userId", "=", userId).execute();
}
