import type { User } from "../../../../protocol/index.ts";
import type { Origin } from "../../../kernel/context.ts";
import type { Db } from "../../../kernel/db.ts";
import type { Tx } from "../../../kernel/transact.ts";
import type { RefreshState } from "../policy.ts";
import { stateColumns } from "./session.ts";
import { userColumns } from "./user.ts";

/** The session that a refresh token belongs to, and what became of the token and its successor. */
export async function findRefresh(
  db: Db,
  key: { hash: Buffer; successorHashes: Buffer[] },
): Promise<{ user: User; sessionId: string; successorHash: Buffer | null; state: RefreshState } | undefined> {
  const row = await db
    .selectFrom("refreshTokens as token")
    .innerJoin("sessions", "sessions.id", "token.sessionId")
    .innerJoin("users", "users.id", "sessions.userId")
    .leftJoin("refreshTokens as next", (join) => join.on("next.hash", "in", key.successorHashes))
    .select([...userColumns, ...stateColumns, "token.sessionId", "token.rotatedAt"])
    .select(["next.hash as successorHash", "next.rotatedAt as nextRotatedAt"])
    .where("token.hash", "=", key.hash)
    .executeTakeFirst();
  if (!row) return undefined;
  const { expiresAt, revokedAt, suspendedAt, rotatedAt, sessionId, successorHash, nextRotatedAt, ...user } = row;
  const successor = successorHash === null ? null : { rotatedAt: nextRotatedAt };
  return { user, sessionId, successorHash, state: { expiresAt, revokedAt, suspendedAt, rotatedAt, successor } };
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

type Rotation = { hash: Buffer; successorHash: Buffer; now: string; expiresAt: string; origin: Origin };

/** Uses a token up, issues its successor and extends the session; false when it was used or the session ended before. */
export async function rotateRefreshToken(tx: Tx, rotation: Rotation): Promise<boolean> {
  const { hash, successorHash, now, expiresAt, origin } = rotation;
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
        .set({ expiresAt, lastUsedAt: now, ...origin })
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
