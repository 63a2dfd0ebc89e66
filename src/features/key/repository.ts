import { sql } from "kysely";
import type { Key, KeyScope, OrgRole, UserRef } from "../../../protocol/index.ts";
import type { Database, Db } from "../../kernel/db.ts";
import { behind, cursorValues, type Order, readAfter, timeKey, toPage, uuidKey } from "../../kernel/page.ts";
import type { Tx } from "../../kernel/transact.ts";

const botId = sql<string | null>`(
  select users.id from users where users.id = api_keys.user_id and users.kind = 'bot'
)`;
const projects = sql<string[] | null>`case when api_keys.project_ids is not null then (
  select coalesce(json_agg(orgs.slug || '/' || projects.slug order by orgs.slug, projects.slug), '[]')
  from projects join orgs on orgs.id = projects.org_id where projects.id = any(api_keys.project_ids)
) end`;

/** The columns of protocol `Key`. */
const keyColumns = [
  "apiKeys.id",
  botId.as("botId"),
  "apiKeys.label",
  "apiKeys.prefix",
  sql<KeyScope[]>`api_keys.scopes`.as("scopes"),
  projects.as("projects"),
  "apiKeys.createdAt",
  "apiKeys.expiresAt",
  "apiKeys.previousExpiresAt",
  "apiKeys.lastUsedAt",
] as const;

/** A user or a bot, and what the acting one is in the bot's organization. */
export type Owner = { id: string; kind: UserRef["kind"]; orgId: string | null; actorRole: OrgRole | null };

const owners = (db: Db, actorId: string) =>
  db
    .selectFrom("users")
    .leftJoin("orgMembers", (join) =>
      join.onRef("orgMembers.orgId", "=", "users.orgId").on("orgMembers.userId", "=", actorId),
    )
    .select(["users.id", "users.kind", "users.orgId", "orgMembers.role as actorRole"]);

export async function findOwner(db: Db, key: { ownerId: string; actorId: string }): Promise<Owner | undefined> {
  return owners(db, key.actorId).where("users.id", "=", key.ownerId).executeTakeFirst();
}

export async function findOwnerOfKey(db: Db, key: { keyId: string; actorId: string }): Promise<Owner | undefined> {
  return owners(db, key.actorId)
    .innerJoin("apiKeys", "apiKeys.userId", "users.id")
    .where("apiKeys.id", "=", key.keyId)
    .executeTakeFirst();
}

/** Ids of those of the projects that the user may see. */
export async function findVisibleProjects(db: Db, { userId, refs }: { userId: string; refs: string[] }) {
  const rows = await db
    .selectFrom("projects")
    .innerJoin("orgs", "orgs.id", "projects.orgId")
    .select("projects.id")
    .where(sql<string>`orgs.slug || '/' || projects.slug`, "in", refs)
    .where("orgs.slug", "in", [...new Set(refs.map((ref) => ref.slice(0, ref.indexOf("/"))))])
    .where((eb) => {
      const inOrg = eb.selectFrom("orgMembers").select("userId").where("orgMembers.userId", "=", userId);
      const inProject = eb.selectFrom("projectMembers").select("userId").where("projectMembers.userId", "=", userId);
      return eb.or([
        eb.exists(inOrg.whereRef("orgMembers.orgId", "=", "orgs.id")),
        eb.exists(inProject.whereRef("projectMembers.projectId", "=", "projects.id")),
      ]);
    })
    .execute();
  return rows.map(({ id }) => id);
}

const newestFirst: Order = {
  name: "keys",
  keys: [timeKey(sql`api_keys.created_at`), uuidKey(sql`api_keys.id`)],
  direction: "desc",
};

/** A page of someone's keys, newest first. */
export async function listKeyRows(
  db: Db,
  of: { userId: string; cursor: string | null | undefined; limit: number },
): Promise<{ items: Key[]; nextCursor: string | null }> {
  const after = readAfter(newestFirst, of.cursor);
  let query = db
    .selectFrom("apiKeys")
    .select(keyColumns)
    .select(cursorValues(newestFirst).as("cursorValues"))
    .where("userId", "=", of.userId)
    .orderBy("apiKeys.createdAt", "desc")
    .orderBy("apiKeys.id", "desc");
  if (after) query = query.where(behind(newestFirst, after));
  const page = toPage(await query.limit(of.limit + 1).execute(), of.limit, (row) => row.cursorValues);
  return { items: page.items.map(({ cursorValues: _, ...key }) => key), nextCursor: page.nextCursor };
}

type NewKey = {
  id: string;
  owner: Owner;
  label: string;
  prefix: string;
  hash: Buffer;
  scopes: KeyScope[];
  projectIds: string[] | null;
  expiresAt: string | null;
};

/** Unless its owner has as many already, or is gone. */
export async function insertKey(tx: Tx, { owner, most, ...key }: NewKey & { most: number }): Promise<Key | undefined> {
  return tx
    .insertInto("apiKeys")
    .columns(["id", "userId", "label", "prefix", "hash", "scopes", "projectIds", "expiresAt"])
    .expression((eb) =>
      eb
        .selectFrom("users")
        .select([
          sql<string>`cast(${key.id} as uuid)`.as("id"),
          "users.id as userId",
          sql<string>`cast(${key.label} as text)`.as("label"),
          sql<string>`cast(${key.prefix} as text)`.as("prefix"),
          sql<Buffer>`cast(${key.hash} as bytea)`.as("hash"),
          sql<string[]>`cast(${key.scopes} as text[])`.as("scopes"),
          sql<string[] | null>`cast(${key.projectIds} as uuid[])`.as("projectIds"),
          sql<string | null>`cast(${key.expiresAt} as timestamptz)`.as("expiresAt"),
        ])
        .where("users.id", "=", owner.id)
        .where("users.orgId", "is not distinct from", owner.orgId)
        .where(
          (keys) =>
            keys
              .selectFrom("apiKeys as others")
              .whereRef("others.userId", "=", "users.id")
              .select((count) => count.fn.countAll<number>().as("count")),
          "<",
          most,
        ),
    )
    .returning(keyColumns)
    .executeTakeFirst();
}

export async function renameKeyRow(tx: Tx, { keyId, label }: { keyId: string; label: string }) {
  return tx
    .updateTable("apiKeys")
    .set({ label })
    .where("apiKeys.id", "=", keyId)
    .returning(keyColumns)
    .executeTakeFirst();
}

type Rotation = { keyId: string; prefix: string; hash: Buffer; previousExpiresAt: string };

/** Keeps the secret before for a while, and no older one. */
export async function rotateKeyRow(tx: Tx, { keyId, ...secret }: Rotation): Promise<Key | undefined> {
  return tx
    .updateTable("apiKeys")
    .set({ ...secret, previousHash: sql`hash` })
    .where("apiKeys.id", "=", keyId)
    .returning(keyColumns)
    .executeTakeFirst();
}

export async function deleteKeyRow(tx: Tx, keyId: string) {
  return tx
    .deleteFrom("apiKeys")
    .where("apiKeys.id", "=", keyId)
    .returning(["apiKeys.id as keyId", botId.as("botId"), "apiKeys.label"])
    .executeTakeFirst();
}

/** The key with this secret, or with this one as the secret before, and its owner. */
export async function findShownKey(db: Db, hash: Buffer) {
  return db
    .selectFrom("apiKeys")
    .innerJoin("users", "users.id", "apiKeys.userId")
    .select(["apiKeys.id", sql<KeyScope[]>`api_keys.scopes`.as("scopes"), "apiKeys.projectIds", "apiKeys.expiresAt"])
    .select(["apiKeys.previousExpiresAt", sql<boolean>`hash = ${hash}`.as("isCurrent"), "users.id as userId"])
    .select(["users.kind", "users.orgId", "users.suspendedAt"])
    .where((eb) => eb.or([eb("hash", "=", hash), eb("previousHash", "=", hash)]))
    .executeTakeFirst();
}

/** References and organizations of projects, those that are gone left out. */
export async function listProjectRefs(db: Db, projectIds: readonly string[]) {
  return db
    .selectFrom("projects")
    .innerJoin("orgs", "orgs.id", "projects.orgId")
    .select([sql<string>`orgs.slug || '/' || projects.slug`.as("ref"), "projects.orgId"])
    .where("projects.id", "in", projectIds)
    .orderBy("orgs.slug")
    .orderBy("projects.slug")
    .execute();
}

/** Unless another instance has just done so. */
export async function markKeyUsed(pool: Database["pool"], key: { keyId: string; at: string; before: string }) {
  await pool.query(
    "update api_keys set last_used_at = $2 where id = $1 and (last_used_at is null or last_used_at <= $3)",
    [key.keyId, key.at, key.before],
  );
}
