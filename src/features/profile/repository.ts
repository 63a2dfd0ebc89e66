import { sql } from "kysely";
import type { User } from "../../../protocol/index.ts";
import type { Db } from "../../kernel/db.ts";
import type { Tx } from "../../kernel/transact.ts";

/** The columns of protocol `User`. */
const userColumns = ["users.id", "users.displayName", "users.avatarUrl", "users.kind", "users.email"] as const;

/** The streams of the organizations and projects that show a user, out of the table `users`. */
export const showingStreams = sql<string[]>`array(
  select 'org:' || org_members.org_id from org_members where user_id = users.id
  union
  select 'project:' || projects.id from org_members join projects using (org_id) where user_id = users.id
  union
  select 'project:' || project_id from project_members where user_id = users.id
)`;

/** With the streams that show the user. */
export async function findProfile(db: Db, userId: string): Promise<(User & { streams: string[] }) | undefined> {
  return db
    .selectFrom("users")
    .select(userColumns)
    .select(showingStreams.as("streams"))
    .where("users.id", "=", userId)
    .executeTakeFirst();
}

type Change = { userId: string; patch: { displayName?: string | undefined; avatarUrl?: string | null | undefined } };

export async function updateProfileRow(tx: Tx, { userId, patch }: Change): Promise<User> {
  return tx.updateTable("users").set(patch).where("id", "=", userId).returning(userColumns).executeTakeFirstOrThrow();
}
