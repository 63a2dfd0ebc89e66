import { sql } from "kysely";
import type { OrgRole, ProjectRole, UserRef } from "../../../protocol/index.ts";
import type { Db } from "../../kernel/db.ts";
import { prepare } from "../../kernel/prepare.ts";
import type { Tx } from "../../kernel/transact.ts";
import { type AfterName, byName } from "../org/by-name.ts";
import { isWithinReach, type Person, userRef } from "../org/person.ts";
import { roomFor } from "../plan/repository.ts";

/** The columns of protocol `Project`. */
const ownColumns = ["id", "orgId", "slug", "key", "name", "description"] as const;
const moreColumns = ["createdBy", "parallelSprints", "archivedAt", "createdAt", "updatedAt"] as const;
const ref = sql<string>`(select orgs.slug from orgs where orgs.id = projects.org_id) || '/' || projects.slug`.as("ref");
const projectColumns = [...ownColumns, ...moreColumns, ref] as const;

export type ProjectAccess = {
  id: string;
  orgId: string;
  orgSlug: string;
  slug: string;
  key: string;
  archivedAt: string | null;
  orgRole: OrgRole | null;
  projectRole: ProjectRole | null;
};

/** A project with both roles of the user in it; the roles are null for outsiders. */
export async function findProjectAccess(
  db: Db,
  { userId, ...key }: { userId: string } & ({ ref: string } | { id: string }),
): Promise<ProjectAccess | undefined> {
  if ("id" in key) return (await selectAccess(db, { userId, id: key.id }))[0];
  const [org = "", slug = ""] = key.ref.split("/");
  return (await selectAccess(db, { userId, org, slug }))[0];
}

type AccessKey = { userId: string } & ({ id: string } | { org: string; slug: string });

const selectAccess = prepare((db, key: AccessKey) => {
  const projects = db
    .selectFrom("projects")
    .innerJoin("orgs", "orgs.id", "projects.orgId")
    .leftJoin("orgMembers", (join) =>
      join.onRef("orgMembers.orgId", "=", "orgs.id").on("orgMembers.userId", "=", key.userId),
    )
    .leftJoin("projectMembers", (join) =>
      join.onRef("projectMembers.projectId", "=", "projects.id").on("projectMembers.userId", "=", key.userId),
    )
    .select(["projects.id", "projects.orgId", "orgs.slug as orgSlug", "projects.slug", "projects.key"])
    .select(["projects.archivedAt", "orgMembers.role as orgRole", "projectMembers.role as projectRole"]);
  if ("id" in key) return projects.where("projects.id", "=", key.id);
  return projects.where("orgs.slug", "=", key.org).where("projects.slug", "=", key.slug);
});

/** All projects of an organization with the explicit role of the user, if any. */
export async function listProjectRows(db: Db, of: { orgId: string; userId: string; after: AfterName; limit: number }) {
  const order = byName({ name: "projects.name", id: "projects.id" });
  return db
    .selectFrom("projects")
    .select(projectColumns)
    .select((eb) =>
      eb
        .selectFrom("projectMembers")
        .select("projectMembers.role")
        .whereRef("projectMembers.projectId", "=", "projects.id")
        .where("projectMembers.userId", "=", of.userId)
        .as("projectRole"),
    )
    .where("orgId", "=", of.orgId)
    .where(order.behind(of.after))
    .orderBy(order.name)
    .orderBy("id")
    .limit(of.limit)
    .execute();
}

export async function findProject(db: Db, projectId: string) {
  return db.selectFrom("projects").select(projectColumns).where("id", "=", projectId).executeTakeFirst();
}

type Names = { slug: string | undefined; key: string | undefined };

/** The project, and whether others of its organization have the slug and the key that it wants. */
export async function findProjectAndClashes(db: Db, { projectId, slug, key }: Names & { projectId: string }) {
  return db
    .selectFrom("projects")
    .select(projectColumns)
    .select((eb) => {
      const others = eb
        .selectFrom("projects as other")
        .select("other.id")
        .whereRef("other.orgId", "=", "projects.orgId")
        .whereRef("other.id", "!=", "projects.id");
      return [
        eb
          .exists(others.where("other.slug", "=", slug ?? ""))
          .$castTo<boolean>()
          .as("slugTaken"),
        eb
          .exists(others.where("other.key", "=", key ?? ""))
          .$castTo<boolean>()
          .as("keyTaken"),
      ];
    })
    .where("projects.id", "=", projectId)
    .executeTakeFirst();
}

/**
 * Those of the slugs and keys that the organization's projects have, and whether there is room for another; undefined
 * when there is no such organization.
 */
export async function findTakenNames(db: Db, { orgId, ...wanted }: { orgId: string; slugs: string[]; keys: string[] }) {
  return db
    .selectFrom("orgs")
    .select((eb) => {
      const projects = eb.selectFrom("projects").whereRef("projects.orgId", "=", "orgs.id");
      const slugs = projects.select("projects.slug").where("projects.slug", "=", eb.fn.any(eb.val(wanted.slugs)));
      const keys = projects.select("projects.key").where("projects.key", "=", eb.fn.any(eb.val(wanted.keys)));
      return [sql<string[]>`array(${slugs})`.as("slugs"), sql<string[]>`array(${keys})`.as("keys")];
    })
    .select(roomFor("projects", orgId).as("room"))
    .where("orgs.id", "=", orgId)
    .executeTakeFirst();
}

type NewProject = { orgId: string; slug: string; key: string; name: string; description: string; createdBy: string };

/** With its stages and its first admin; undefined when slug or key were taken meanwhile. */
export async function insertProject(tx: Tx, project: NewProject) {
  return tx
    .with("made", (db) =>
      db
        .insertInto("projects")
        .values(project)
        .onConflict((clash) => clash.doNothing())
        .returning(projectColumns),
    )
    .with("admin", (db) =>
      db
        .insertInto("projectMembers")
        .columns(["projectId", "userId", "role"])
        .expression((eb) => eb.selectFrom("made").select(["id", "createdBy", sql<ProjectRole>`'admin'`.as("role")])),
    )
    .with("firstStages", (db) =>
      db
        .insertInto("stages")
        .columns(["projectId", "name", "status", "position"])
        .expression(
          sql`select made.id, stage.* from made, (values
            ('Todo', 'open'::issue_status, 0), ('In Progress', 'in_progress', 1), ('Done', 'resolved', 2)
          ) as stage`,
        ),
    )
    .selectFrom("made")
    .select([...ownColumns, ...moreColumns, "ref"])
    .executeTakeFirst();
}

type Patch = { [field in "name" | "slug" | "key" | "description"]?: string | undefined };

export async function updateProjectRow(tx: Tx, { projectId, patch }: { projectId: string; patch: Patch }) {
  return tx
    .updateTable("projects")
    .set({ ...patch, updatedAt: sql`now()` })
    .where("id", "=", projectId)
    .returning(projectColumns)
    .executeTakeFirstOrThrow();
}

export async function setArchived(tx: Tx, { projectId, archived }: { projectId: string; archived: boolean }) {
  return tx
    .updateTable("projects")
    .set({ archivedAt: archived ? sql`now()` : null, updatedAt: sql`now()` })
    .where("id", "=", projectId)
    .returning(projectColumns)
    .executeTakeFirstOrThrow();
}

/** With all that is in it; undefined when it was gone already. */
export async function deleteProjectRow(tx: Tx, projectId: string) {
  return tx.deleteFrom("projects").where("id", "=", projectId).returning("id").executeTakeFirst();
}

/** Everyone with a role of either kind. */
export async function listMemberRows(
  db: Db,
  of: { projectId: string; orgId: string; after: AfterName; limit: number },
) {
  const order = byName({ name: "users.displayName", id: "users.id" });
  const explicit = db.selectFrom("projectMembers").select("userId").where("projectId", "=", of.projectId);
  const implied = db.selectFrom("orgMembers").select("userId").where("orgId", "=", of.orgId);
  return peopleWithRoles(db, of)
    .where("users.id", "in", explicit.union(implied))
    .where(order.behind(of.after))
    .orderBy(order.name)
    .orderBy("users.id")
    .limit(of.limit)
    .execute();
}

const peopleWithRoles = (db: Db, at: { projectId: string; orgId: string }) =>
  db
    .selectFrom("users")
    .leftJoin("orgMembers", (join) =>
      join.onRef("orgMembers.userId", "=", "users.id").on("orgMembers.orgId", "=", at.orgId),
    )
    .leftJoin("projectMembers", (join) =>
      join.onRef("projectMembers.userId", "=", "users.id").on("projectMembers.projectId", "=", at.projectId),
    )
    .select([userRef.as("user"), "orgMembers.role as orgRole", "projectMembers.role as projectRole"]);

/** A person with both roles, either of which may be missing. */
export type RoleHolder = { user: UserRef; orgRole: OrgRole | null; projectRole: ProjectRole | null };

export async function findPerson(
  db: Db,
  at: { projectId: string; orgId: string; person: Person },
): Promise<RoleHolder | undefined> {
  return peopleWithRoles(db, at)
    .where(at.person.column, "=", at.person.value)
    .where(isWithinReach(at.orgId))
    .executeTakeFirst();
}

/** Adds the explicit role or changes it; undefined when the project is gone. */
export async function saveMember(
  tx: Tx,
  { projectId, userId, role }: { projectId: string; userId: string; role: ProjectRole },
) {
  return tx
    .insertInto("projectMembers")
    .columns(["projectId", "userId", "role"])
    .expression((eb) =>
      eb
        .selectFrom("projects")
        .select("projects.id")
        .select([
          sql<string>`cast(${userId} as uuid)`.as("userId"),
          sql<ProjectRole>`cast(${role} as project_role)`.as("role"),
        ])
        .where("projects.id", "=", projectId)
        .forKeyShare(),
    )
    .onConflict((known) => known.columns(["projectId", "userId"]).doUpdateSet({ role }))
    .returning("role")
    .executeTakeFirst();
}

/**
 * Makes a reporter of a member of the organization; undefined when it is none. Keeps the membership from being
 * removed until the commit: `member.remove` takes this row away too.
 */
export async function joinAsReporter(tx: Tx, key: { projectId: string; userId: string }) {
  return tx
    .insertInto("projectMembers")
    .columns(["projectId", "userId", "role"])
    .expression((eb) =>
      eb
        .selectFrom("orgMembers")
        .innerJoin("projects", "projects.orgId", "orgMembers.orgId")
        .select(["projects.id", "orgMembers.userId", sql<ProjectRole>`'reporter'`.as("role")])
        .where("projects.id", "=", key.projectId)
        .where("orgMembers.userId", "=", key.userId)
        .forKeyShare(["orgMembers", "projects"]),
    )
    .returning("role")
    .executeTakeFirst();
}

export async function deleteMember(tx: Tx, { projectId, userId }: { projectId: string; userId: string }) {
  await tx.deleteFrom("projectMembers").where("projectId", "=", projectId).where("userId", "=", userId).execute();
}
