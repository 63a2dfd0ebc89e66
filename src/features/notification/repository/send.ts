import { sql } from "kysely";
import type { Notification } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";
import type { Tx } from "../../../kernel/transact.ts";
import { sees } from "./own.ts";

export type Receiver = {
  /** Neither suspended nor deaf to scripts. */
  listens: boolean;
  byMail: boolean;
  /** The one that is asked for; null when there is none. */
  issue: { deletedAt: string | null } | null;
};

/** Someone who may see the project; undefined for anyone else. */
export async function findReceiver(
  db: Db,
  of: { userId: string; projectId: string; issue: number | undefined },
): Promise<Receiver | undefined> {
  return db
    .selectFrom("users")
    .select([
      sql<boolean>`suspended_at is null and coalesce((notification_prefs ->> 'scripts')::boolean, true)`.as("listens"),
      sql<boolean>`email is not null and coalesce((notification_prefs ->> 'email')::boolean, false)`.as("byMail"),
      sql<Receiver["issue"]>`(
        select json_build_object('deletedAt', deleted_at) from issues
        where project_id = ${of.projectId} and number = cast(${of.issue ?? null} as int)
      )`.as("issue"),
    ])
    .where("id", "=", of.userId)
    .where(sees(sql`users.id`, sql`cast(${of.projectId} as uuid)`))
    .executeTakeFirst();
}

type NewMessage = {
  userId: string;
  projectId: string;
  issue: number | undefined;
  seq: number;
  summary: string;
  byMail: boolean;
};

export async function insertMessage(
  tx: Tx,
  { byMail, issue, ...message }: NewMessage,
): Promise<Omit<Notification, "project" | "key">> {
  return tx
    .insertInto("notifications")
    .values({
      ...message,
      issue: issue ?? null,
      reason: "script",
      // Not now(): commands that share a transaction keep their order.
      createdAt: sql`clock_timestamp()`,
      mailDue: byMail ? sql`now()` : null,
    })
    .returning(["id", "reason", "issue", "summary", "createdAt", "readAt"])
    .executeTakeFirstOrThrow();
}
