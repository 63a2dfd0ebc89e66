import { sql } from "kysely";
import type { OrgRole } from "../../../protocol/index.ts";
import type { Db } from "../../kernel/db.ts";
import { prepare } from "../../kernel/prepare.ts";
import type { Tx } from "../../kernel/transact.ts";
import { roomFor } from "../plan/repository.ts";
import { type AfterName, byName } from "./by-name.ts";
import { isWithinReach, type Person, userRef } from "./person.ts";

/** The columns of protocol `Org`. */
const orgColumns = [
  "orgs.id",
  "orgs.slug",
  "orgs.name",
  "orgs.description",
  "orgs.createdAt",
  "orgs.updatedAt",
] as const;

export type OrgAccess = { id: string; slug: string; role: OrgRole };

/** What the user is in an organization; undefined for outsiders. */
export async function findOrgAccess(db: Db, key: AccessKey): Promise<OrgAccess | undefined> {
  return (await selectAccess(db, key))[0];
}

type AccessKey = { userId: string } & ({ slug: string } | { id: string });

const selectAccess = prepare((db, key: AccessKey) => {
  const memberships = db
    .selectFrom("orgs")
    .innerJoin("orgMembers", "orgMembers.orgId", "orgs.id")
    .select(["orgs.id", "orgs.slug", "orgMembers.role"])
    .where("orgMembers.userId", "=", key.userId);
  return "id" in key ? memberships.where("orgs.id", "=", key.id) : memberships.where("orgs.slug", "=", key.slug);
});

export async function listOrgRows(db: Db, of: { userId: string; after: AfterName; limit: number }) {
  const order = byName({ name: "orgs.name", id: "orgs.id" });
  return db
    .selectFrom("orgMembers")
    .innerJoin("orgs", "orgs.id", "orgMembers.orgId")
    .select(orgColumns)
    .select("orgMembers.role")
    .where("orgMembers.userId", "=", of.userId)
    .where(order.behind(of.after))
    .orderBy(order.name)
    .orderBy("orgs.id")
    .limit(of.limit)
    .execute();
}

export async function findOrg(db: Db, orgId: string) {
  return db.selectFrom("orgs").select(orgColumns).where("id", "=", orgId).executeTakeFirst();
}

/** The organization, and whether another one has the slug that it wants. */
export async function findOrgAndClash(db: Db, key: { orgId: string; slug: string | undefined }) {
  return db
    .selectFrom("orgs")
    .select(orgColumns)
    .select((eb) => {
      const others = eb.selectFrom("orgs as other").select("other.id").whereRef("other.id", "!=", "orgs.id");
      return eb
        .exists(others.where("other.slug", "=", key.slug ?? ""))
        .$castTo<boolean>()
        .as("slugTaken");
    })
    .where("orgs.id", "=", key.orgId)
    .executeTakeFirst();
}

export async function listTakenSlugs(db: Db, slugs: string[]): Promise<string[]> {
  const rows = await db
    .selectFrom("orgs")
    .select("slug")
    .where((eb) => eb("slug", "=", eb.fn.any(eb.val(slugs))))
    .execute();
  return rows.map(({ slug }) => slug);
}

/** With its first owner; undefined when the slug was taken meanwhile, after waiting for whoever takes it. */
export async function insertOrg(
  tx: Tx,
  org: { id: string; slug: string; name: string; description: string; plan: string; ownerId: string },
) {
  const { ownerId, ...values } = org;
  return tx
    .with("made", (db) =>
      db
        .insertInto("orgs")
        .values(values)
        .onConflict((clash) => clash.column("slug").doNothing())
        .returning(orgColumns),
    )
    .with("owner", (db) =>
      db
        .insertInto("orgMembers")
        .columns(["orgId", "userId", "role"])
        .expression((eb) =>
          eb
            .selectFrom("made")
            .select(["made.id", sql<string>`cast(${ownerId} as uuid)`.as("userId")])
            .select(sql<OrgRole>`'owner'`.as("role")),
        ),
    )
    .selectFrom("made")
    .select(["id", "slug", "name", "description", "createdAt", "updatedAt"])
    .executeTakeFirst();
}

export async function updateOrgRow(
  tx: Tx,
  { orgId, patch }: { orgId: string; patch: { [field in "name" | "slug" | "description"]?: string | undefined } },
) {
  return tx
    .updateTable("orgs")
    .set({ ...patch, updatedAt: sql`now()` })
    .where("id", "=", orgId)
    .returning(orgColumns)
    .executeTakeFirstOrThrow();
}

/** Waits for what is under way in its projects; what waits there for us finds nothing then. */
export async function lockProjects(tx: Tx, orgId: string): Promise<void> {
  await sql`select from streams where id in (select 'project:' || id from projects where org_id = ${orgId})
    order by id for update`.execute(tx);
}

/** With its projects and all that is in them; undefined when it was gone already. */
export async function deleteOrgRow(tx: Tx, orgId: string) {
  return tx.deleteFrom("orgs").where("id", "=", orgId).returning("id").executeTakeFirst();
}

/** Both roles in one statement, so that there is an owner at every moment. */
export async function handOverOrg(tx: Tx, key: { orgId: string; fromUserId: string; toUserId: string }) {
  return tx
    .updateTable("orgMembers")
    .from("orgs")
    .set({ role: sql<OrgRole>`case when user_id = ${key.toUserId} then 'owner'::org_role else 'admin' end` })
    .whereRef("orgs.id", "=", "orgMembers.orgId")
    .where("orgMembers.orgId", "=", key.orgId)
    .where("orgMembers.userId", "in", [key.fromUserId, key.toUserId])
    .returning(orgColumns)
    .executeTakeFirstOrThrow();
}

export async function listMemberRows(db: Db, of: { orgId: string; after: AfterName; limit: number }) {
  const order = byName({ name: "users.displayName", id: "users.id" });
  return db
    .selectFrom("orgMembers")
    .innerJoin("users", "users.id", "orgMembers.userId")
    .select([userRef.as("user"), "users.email", "orgMembers.role", "orgMembers.joinedAt"])
    .where("orgMembers.orgId", "=", of.orgId)
    .where(order.behind(of.after))
    .orderBy(order.name)
    .orderBy("users.id")
    .limit(of.limit)
    .execute();
}

const roleIn = (db: Db, key: { orgId: string; userId: string }) =>
  db
    .selectFrom("orgMembers as acting")
    .select("acting.role")
    .where("acting.orgId", "=", key.orgId)
    .where("acting.userId", "=", key.userId);

/**
 * A member, the role of whoever acts on it, and the count of owners. Keeps the membership as it is until the commit,
 * so that whoever joins a project on the strength of it is done before or comes too late.
 */
export async function findMember(db: Db, key: { orgId: string; userId: string; actorId: string }) {
  return db
    .selectFrom("orgMembers")
    .innerJoin("users", "users.id", "orgMembers.userId")
    .select([userRef.as("user"), "users.email", "orgMembers.role", "orgMembers.joinedAt"])
    .select(roleIn(db, { orgId: key.orgId, userId: key.actorId }).as("actorRole"))
    .select((eb) => {
      const owners = eb.selectFrom("orgMembers as others").where("others.orgId", "=", key.orgId);
      return owners
        .where("others.role", "=", "owner")
        .select((count) => count.fn.countAll<number>().as("count"))
        .$asScalar()
        .$notNull()
        .as("ownerCount");
    })
    .where("orgMembers.orgId", "=", key.orgId)
    .where("orgMembers.userId", "=", key.userId)
    .forUpdate("orgMembers")
    .executeTakeFirst();
}

/** Anyone by id or e-mail with the role in the organization, the role of whoever acts, and whether there is room. */
export async function findPerson(db: Db, key: { orgId: string; person: Person; actorId: string }) {
  return db
    .selectFrom("users")
    .leftJoin("orgMembers", (join) =>
      join.onRef("orgMembers.userId", "=", "users.id").on("orgMembers.orgId", "=", key.orgId),
    )
    .select([userRef.as("user"), "users.email", "orgMembers.role"])
    .select(roleIn(db, { orgId: key.orgId, userId: key.actorId }).as("actorRole"))
    .select(roomFor("members", key.orgId).as("room"))
    .where(key.person.column, "=", key.person.value)
    .where(isWithinReach(key.orgId))
    .executeTakeFirst();
}

export async function insertMember(tx: Tx, member: { orgId: string; userId: string; role: OrgRole }) {
  return tx.insertInto("orgMembers").values(member).returning("joinedAt").executeTakeFirstOrThrow();
}

export async function updateMemberRole(
  tx: Tx,
  { orgId, userId, role }: { orgId: string; userId: string; role: OrgRole },
) {
  await tx.updateTable("orgMembers").set({ role }).where("orgId", "=", orgId).where("userId", "=", userId).execute();
}

/** With the explicit roles in the org's projects; gives the ids of those projects. */
export async function deleteMember(tx: Tx, { orgId, userId }: { orgId: string; userId: string }): Promise<string[]> {
  const rows = await tx
    .with("roles", (db) =>
      db
        .deleteFrom("projectMembers")
        .where("userId", "=", userId)
        .where("projectId", "in", (eb) => eb.selectFrom("projects").select("id").where("projects.orgId", "=", orgId))
        .returning("projectId"),
    )
    .with("gone", (db) => db.deleteFrom("orgMembers").where("orgId", "=", orgId).where("userId", "=", userId))
    .selectFrom("roles")
    .select("projectId")
    .orderBy("projectId")
    .execute();
  return rows.map(({ projectId }) => projectId);
}
