import { sql } from "kysely";
import type { User } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";
import type { Tx } from "../../../kernel/transact.ts";

/** The columns of protocol `User`. */
export const userColumns = ["users.id", "users.displayName", "users.avatarUrl", "users.kind", "users.email"] as const;

type Credentials = { user: User; passwordHash: string | null; suspendedAt: string | null };

export async function findCredentials(db: Db, email: string): Promise<Credentials | undefined> {
  const row = await db
    .selectFrom("users")
    .select([...userColumns, "users.passwordHash", "users.suspendedAt"])
    .where("users.email", "=", email)
    .executeTakeFirst();
  if (!row) return undefined;
  const { passwordHash, suspendedAt, ...user } = row;
  return { user, passwordHash, suspendedAt };
}

export async function findUser(db: Db, userId: string): Promise<User | undefined> {
  return db.selectFrom("users").select(userColumns).where("users.id", "=", userId).executeTakeFirst();
}

/** Organizations of a user with the user's role, by name. */
export async function listOrgs(db: Db, userId: string) {
  return db
    .selectFrom("orgMembers")
    .innerJoin("orgs", "orgs.id", "orgMembers.orgId")
    .select(["orgs.id", "orgs.slug", "orgs.name", "orgMembers.role"])
    .where("orgMembers.userId", "=", userId)
    .orderBy("orgs.name")
    .orderBy("orgs.id")
    .execute();
}

type NewUser = { id: string; email: string; displayName: string; passwordHash: string; createdAt: string };

/** undefined: the e-mail is taken. */
export async function insertUser(tx: Tx, user: NewUser): Promise<User | undefined> {
  return tx
    .insertInto("users")
    .values(user)
    .onConflict((conflict) => conflict.column("email").doNothing())
    .returning(userColumns)
    .executeTakeFirst();
}

/** What a user proves to be one by, and how the session was opened that asks. */
export async function findProof(db: Db, key: { userId: string; sessionId: string }) {
  return db
    .selectFrom("users")
    .innerJoin("sessions", "sessions.userId", "users.id")
    .select(["users.email", "users.passwordHash", "sessions.method", "sessions.createdAt"])
    .where("users.id", "=", key.userId)
    .where("sessions.id", "=", key.sessionId)
    .executeTakeFirst();
}

type NewPassword = { userId: string; from: string | null; to: string; keptId: string; now: string };

/** The ids of the other sessions, which it ends; undefined when the password is no longer what it was. */
export async function replacePassword(tx: Tx, change: NewPassword): Promise<string[] | undefined> {
  const { endedIds } = await tx
    .with("changed", (db) =>
      db
        .updateTable("users")
        .set({ passwordHash: change.to })
        .where("id", "=", change.userId)
        .where(sql<boolean>`password_hash is not distinct from ${change.from}`)
        .returning("id"),
    )
    .with("ended", (db) =>
      db
        .updateTable("sessions")
        .set({ revokedAt: change.now })
        .where("userId", "in", (eb) => eb.selectFrom("changed").select("changed.id"))
        .where("id", "!=", change.keptId)
        .where("revokedAt", "is", null)
        .where("expiresAt", ">", change.now)
        .returning("id"),
    )
    .selectNoFrom(
      sql<string[] | null>`(
        select coalesce((select json_agg(id order by id) from ended), '[]') from changed
      )`.as("endedIds"),
    )
    .executeTakeFirstOrThrow();
  return endedIds ?? undefined;
}

/** false when it was so before. A suspended user's sessions end for good. */
export async function setSuspendedAt(tx: Tx, { userId, at, now }: { userId: string; at: string | null; now: string }) {
  const changed = await tx
    .with("changed", (db) =>
      db
        .updateTable("users")
        .set({ suspendedAt: at })
        .where("id", "=", userId)
        .where("suspendedAt", at === null ? "is not" : "is", null)
        .returning("id"),
    )
    .with("ended", (db) =>
      db
        .updateTable("sessions")
        .set({ revokedAt: now })
        .where("userId", "in", (eb) => eb.selectFrom("changed").select("changed.id"))
        .where("revokedAt", "is", null),
    )
    .selectFrom("changed")
    .select("changed.id")
    .executeTakeFirst();
  return changed !== undefined;
}
