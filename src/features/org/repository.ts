import type { OrgRole } from "../../../protocol/index.ts";
import type { Db } from "../../kernel/db.ts";

export type OrgAccess = { id: string; slug: string; role: OrgRole };

/** What the user is in an organization; undefined for outsiders. */
export async function findOrgAccess(
  db: Db,
  key: { userId: string } & ({ slug: string } | { id: string }),
): Promise<OrgAccess | undefined> {
  const memberships = db
    .selectFrom("orgs")
    .innerJoin("orgMembers", "orgMembers.orgId", "orgs.id")
    .select(["orgs.id", "orgs.slug", "orgMembers.role"])
    .where("orgMembers.userId", "=", key.userId);
  const named = "id" in key ? memberships.where("orgs.id", "=", key.id) : memberships.where("orgs.slug", "=", key.slug);
  return named.executeTakeFirst();
}
