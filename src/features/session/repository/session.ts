import { sql } from "kysely";
import type { User } from "../../../../protocol/index.ts";
import type { Origin } from "../../../kernel/context.ts";
import type { Database, Db } from "../../../kernel/db.ts";
import { behind, cursorValues, type Order, readAfter, timeKey, uuidKey } from "../../../kernel/page.ts";
import { prepare } from "../../../kernel/prepare.ts";
import type { SignInMethod } from "../../../kernel/schema.ts";
import type { Tx } from "../../../kernel/transact.ts";
import type { SessionState } from "../policy.ts";
import { userColumns } from "./user.ts";

/** What decides whether a session goes on. */
export const stateColumns = ["sessions.expiresAt", "sessions.revokedAt", "users.suspendedAt"] as const;

/** A session with its user, whatever their state. */
export async function findSession(db: Db, sessionId: string): Promise<{ user: User; state: SessionState } | undefined> {
  const [row] = await selectSession(db, { sessionId });
  if (!row) return undefined;
  const { expiresAt, revokedAt, suspendedAt, ...user } = row;
  return { user, state: { expiresAt, revokedAt, suspendedAt } };
}

const selectSession = prepare((db, { sessionId }: { sessionId: string }) =>
  db
    .selectFrom("sessions")
    .innerJoin("users", "users.id", "sessions.userId")
    .select([...userColumns, ...stateColumns])
    .where("sessions.id", "=", sessionId),
);

type NewSession = {
  id: string;
  userId: string;
  method: SignInMethod;
  hash: Buffer;
  now: string;
  expiresAt: string;
  origin: Origin;
};

/** A session with its first refresh token; uses up the code of this e-mail. */
export async function insertSession(tx: Tx, session: NewSession, codeOf?: string): Promise<void> {
  const { id, userId, method, hash, now, expiresAt, origin } = session;
  await tx
    .with("opened", (db) =>
      db.insertInto("sessions").values({ id, userId, method, createdAt: now, lastUsedAt: now, expiresAt, ...origin }),
    )
    .with("used", (db) => db.deleteFrom("signInCodes").where("email", "=", codeOf ?? ""))
    .insertInto("refreshTokens")
    .values({ hash, sessionId: id, createdAt: now })
    .execute();
}

const newestFirst: Order = {
  name: "sessions",
  keys: [timeKey(sql.ref("created_at")), uuidKey(sql.ref("id"))],
  direction: "desc",
};

type SessionsOf = { userId: string; currentId: string | null; now: string; cursor: string | null | undefined };

/** The sessions of a user that have not ended, newest first. */
export async function listSessionRows(db: Db, of: SessionsOf & { limit: number }) {
  const after = readAfter(newestFirst, of.cursor);
  return db
    .selectFrom("sessions")
    .select(["id", "method", "createdAt", "lastUsedAt", "expiresAt", "address", "userAgent"])
    .select(sql<boolean>`${of.currentId === null ? sql`false` : sql`id = ${of.currentId}`}`.as("current"))
    .select(cursorValues(newestFirst).as("place"))
    .where("userId", "=", of.userId)
    .where("revokedAt", "is", null)
    .where("expiresAt", ">", of.now)
    .$if(after !== undefined, (query) => query.where(behind(newestFirst, after ?? [])))
    .orderBy("createdAt", "desc")
    .orderBy("id", "desc")
    .limit(of.limit)
    .execute();
}

type Ending = { userId: string; now: string; only?: string; except?: string | null };

/** Ends sessions of a user; gives the ids of those that had not ended before. */
export async function revokeSessions(tx: Tx, { userId, now, only, except = null }: Ending): Promise<string[]> {
  let ending = tx
    .updateTable("sessions")
    .set({ revokedAt: now })
    .where("userId", "=", userId)
    .where("revokedAt", "is", null)
    .where("expiresAt", ">", now);
  if (only !== undefined) ending = ending.where("id", "=", only);
  if (except !== null) ending = ending.where("id", "!=", except);
  return (await ending.returning("id").execute()).map(({ id }) => id);
}

/** Forgets what ended, and refresh tokens that were used up, more than 30 days ago: replays of those are then junk. */
export async function pruneSessions(pool: Database["pool"]): Promise<number> {
  const { rowCount } = await pool.query(`with used as (
      delete from refresh_tokens where rotated_at < now() - interval '30 days'
    )
    delete from sessions where expires_at < now() - interval '30 days' or revoked_at < now() - interval '30 days'`);
  return rowCount ?? 0;
}
