import type { OrgRole, ProjectRole } from "../../../protocol/index.ts";
import type { Db } from "../../kernel/db.ts";

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
  key: { userId: string } & ({ ref: string } | { id: string }),
): Promise<ProjectAccess | undefined> {
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
  if ("id" in key) return projects.where("projects.id", "=", key.id).executeTakeFirst();
  const [org = "", slug = ""] = key.ref.split("/");
  return projects.where("orgs.slug", "=", org).where("projects.slug", "=", slug).executeTakeFirst();
}
