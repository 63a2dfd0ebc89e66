import { type ExpressionBuilder, sql } from "kysely";
import type { Bot, OrgRole, UserRef } from "../../../protocol/index.ts";
import type { Db } from "../../kernel/db.ts";
import type { DB } from "../../kernel/schema.ts";
import type { Tx } from "../../kernel/transact.ts";
import { type AfterName, byName } from "../org/by-name.ts";
import { userRef } from "../org/person.ts";
import { showingStreams } from "../profile/repository.ts";

type Key = { orgId: string; botId: string };

/** The columns of protocol `Bot`. */
const botColumns = [
  "users.id",
  "users.displayName as name",
  "users.avatarUrl",
  "users.suspendedAt",
  "users.createdAt",
] as const;

/** Bots that were deleted belong to nobody any longer. */
const isBotOf =
  ({ orgId, botId }: Key) =>
  (eb: ExpressionBuilder<DB, "users">) =>
    eb.and([eb("users.id", "=", botId), eb("users.orgId", "=", orgId)]);

export async function listBotRows(db: Db, of: { orgId: string; after: AfterName; limit: number }): Promise<Bot[]> {
  const order = byName({ name: "users.displayName", id: "users.id" });
  return db
    .selectFrom("users")
    .select(botColumns)
    .where("users.orgId", "=", of.orgId)
    .where(order.behind(of.after))
    .orderBy(order.name)
    .orderBy("users.id")
    .limit(of.limit)
    .execute();
}

export async function findBot(db: Db, key: Key): Promise<Bot | undefined> {
  return db.selectFrom("users").select(botColumns).where(isBotOf(key)).executeTakeFirst();
}

/** As a member of its organization. */
export async function insertBot(tx: Tx, bot: { id: string; orgId: string; name: string; now: string }): Promise<Bot> {
  const { id, orgId, name: displayName, now: createdAt } = bot;
  return tx
    .with("made", (db) =>
      db
        .insertInto("users")
        .values({ id, kind: "bot", orgId, displayName, createdAt })
        .returning(["users.id", "users.displayName", "users.avatarUrl", "users.suspendedAt", "users.createdAt"]),
    )
    .with("member", (db) =>
      db
        .insertInto("orgMembers")
        .columns(["orgId", "userId", "role"])
        .expression((eb) =>
          eb
            .selectFrom("made")
            .select([sql<string>`cast(${orgId} as uuid)`.as("orgId"), "made.id"])
            .select(sql<OrgRole>`'member'`.as("role")),
        ),
    )
    .selectFrom("made")
    .select(["id", "displayName as name", "avatarUrl", "suspendedAt", "createdAt"])
    .executeTakeFirstOrThrow();
}

type Patch = { name?: string | undefined; avatarUrl?: string | null | undefined; suspendedAt?: string | null };

type Shown = { user: UserRef; streams: string[] };

/** With what shows it, and where. */
export async function updateBotRow(tx: Tx, { patch, ...key }: Key & { patch: Patch }): Promise<Bot & Shown> {
  const { name: displayName, ...rest } = patch;
  return tx
    .updateTable("users")
    .set({ ...rest, displayName })
    .where(isBotOf(key))
    .returning(botColumns)
    .returning([userRef.as("user"), showingStreams.as("streams")])
    .executeTakeFirstOrThrow();
}

/**
 * Takes its keys and roles, and suspends it for ever; its row stays, for what it did. Gives the projects where it had a
 * role of its own; undefined when there is no such bot.
 */
export async function deleteBotRow(tx: Tx, { now, ...key }: Key & { now: string }): Promise<string[] | undefined> {
  const row = await tx
    .with("bot", (db) =>
      db
        .updateTable("users")
        .set({ orgId: null, suspendedAt: sql`coalesce(suspended_at, ${now})` })
        .where(isBotOf(key))
        .returning("users.id"),
    )
    .with("keys", (db) => db.deleteFrom("apiKeys").using("bot").whereRef("apiKeys.userId", "=", "bot.id"))
    .with("membership", (db) => db.deleteFrom("orgMembers").using("bot").whereRef("orgMembers.userId", "=", "bot.id"))
    .with("roles", (db) =>
      db
        .deleteFrom("projectMembers")
        .using("bot")
        .whereRef("projectMembers.userId", "=", "bot.id")
        .returning("projectMembers.projectId"),
    )
    .selectFrom("bot")
    .select(sql<string[]>`array(select project_id from roles order by project_id)`.as("projectIds"))
    .executeTakeFirst();
  return row?.projectIds;
}
