import type { User } from "../../../protocol/index.ts";
import type { Database, Db } from "../../kernel/db.ts";
import type { Tx } from "../../kernel/transact.ts";
import type { RefreshState, SessionState } from "./policy.ts";

/** The columns of protocol `User`. */
const userColumns = ["users.id", "users.displayName", "users.avatarUrl", "users.kind", "users.email"] as const;
const stateColumns = ["sessions.expiresAt", "sessions.revokedAt", "users.suspendedAt"] as const;

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

/** A session with its user, whatever their state. */
export async function findSession(db: Db, sessionId: string): Promise<{ user: User; state: SessionState } | undefined> {
  const row = await db
    .selectFrom("sessions")
    .innerJoin("users", "users.id", "sessions.userId")
    .select([...userColumns, ...stateColumns])
    .where("sessions.id", "=", sessionId)
    .executeTakeFirst();
  if (!row) return undefined;
  const { expiresAt, revokedAt, suspendedAt, ...user } = row;
  return { user, state: { expiresAt, revokedAt, suspendedAt } };
}

/** The session that a refresh token belongs to, and what became of the token and its successor. */
export async function findRefresh(
  db: Db,
  key: { hash: Buffer; successorHash: Buffer },
): Promise<{ user: User; sessionId: string; state: RefreshState } | undefined> {
  const row = await db
    .selectFrom("refreshTokens as token")
    .innerJoin("sessions", "sessions.id", "token.sessionId")
    .innerJoin("users", "users.id", "sessions.userId")
    .leftJoin("refreshTokens as next", (join) => join.on("next.hash", "=", key.successorHash))
    .select([...userColumns, ...stateColumns, "token.sessionId", "token.rotatedAt"])
    .select(["next.sessionId as nextSessionId", "next.rotatedAt as nextRotatedAt"])
    .where("token.hash", "=", key.hash)
    .executeTakeFirst();
  if (!row) return undefined;
  const { expiresAt, revokedAt, suspendedAt, rotatedAt, sessionId, nextSessionId, nextRotatedAt, ...user } = row;
  const successor = nextSessionId === null ? null : { rotatedAt: nextRotatedAt };
  return { user, sessionId, state: { expiresAt, revokedAt, suspendedAt, rotatedAt, successor } };
}

/** The session of a refresh token, used up or not; undefined when it has ended. */
export async function findSessionToEnd(db: Db, key: { hash: Buffer; now: string }) {
  return db
    .selectFrom("refreshTokens")
    .innerJoin("sessions", "sessions.id", "refreshTokens.sessionId")
    .select(["sessions.id", "sessions.userId"])
    .where("refreshTokens.hash", "=", key.hash)
    .where("sessions.revokedAt", "is", null)
    .where("sessions.expiresAt", ">", key.now)
    .executeTakeFirst();
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

type NewSession = { id: string; userId: string; hash: Buffer; now: string; expiresAt: string };

/** A session with its first refresh token. */
export async function insertSession(tx: Tx, { id, userId, hash, now, expiresAt }: NewSession): Promise<void> {
  await tx
    .with("opened", (db) => db.insertInto("sessions").values({ id, userId, createdAt: now, expiresAt }))
    .insertInto("refreshTokens")
    .values({ hash, sessionId: id, createdAt: now })
    .execute();
}

type Rotation = { hash: Buffer; successorHash: Buffer; now: string; expiresAt: string };

/** Uses a token up, issues its successor and extends the session; false when it was used or the session ended before. */
export async function rotateRefreshToken(tx: Tx, { hash, successorHash, now, expiresAt }: Rotation): Promise<boolean> {
  const issued = await tx
    .with("rotated", (db) =>
      db
        .updateTable("refreshTokens")
        .set({ rotatedAt: now })
        .where("hash", "=", hash)
        .where("rotatedAt", "is", null)
        .where("sessionId", "in", (eb) =>
          eb.selectFrom("sessions").select("sessions.id").where("revokedAt", "is", null),
        )
        .returning("sessionId"),
    )
    .with("extended", (db) =>
      db
        .updateTable("sessions")
        .set({ expiresAt })
        .where("id", "in", (eb) => eb.selectFrom("rotated").select("rotated.sessionId"))
        .returning("sessions.id"),
    )
    .insertInto("refreshTokens")
    .columns(["hash", "sessionId", "createdAt"])
    .expression((eb) =>
      eb.selectFrom("extended").select([eb.val(successorHash).as("hash"), "extended.id", eb.val(now).as("now")]),
    )
    .returning("sessionId")
    .executeTakeFirst();
  return issued !== undefined;
}

/** false when it was revoked before. */
export async function revokeSession(tx: Tx, session: { id: string; now: string }): Promise<boolean> {
  const revoked = await tx
    .updateTable("sessions")
    .set({ revokedAt: session.now })
    .where("id", "=", session.id)
    .where("revokedAt", "is", null)
    .returning("id")
    .executeTakeFirst();
  return revoked !== undefined;
}

/** Forgets what ended, and refresh tokens that were used up, more than 30 days ago: replays of those are then junk. */
export async function pruneSessions(pool: Database["pool"]): Promise<number> {
  const { rowCount } = await pool.query(`with used as (
      delete from refresh_tokens where rotated_at < now() - interval '30 days'
    )
    delete from sessions where expires_at < now() - interval '30 days' or revoked_at < now() - interval '30 days'`);
  return rowCount ?? 0;
}
