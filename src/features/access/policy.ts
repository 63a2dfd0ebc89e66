import { type OrgRole, orgRoles, type ProjectRole, projectRoles } from "../../../protocol/index.ts";
import { impliedRole } from "../project/policy.ts";

export const reachesOrgRole = (role: OrgRole, needed: OrgRole): boolean =>
  orgRoles.indexOf(role) >= orgRoles.indexOf(needed);

export const reachesProjectRole = (role: ProjectRole, needed: ProjectRole): boolean =>
  projectRoles.indexOf(role) >= projectRoles.indexOf(needed);

/** Where a role in a project comes from, in words. */
export function originOf({
  orgRole,
  projectRole,
}: {
  orgRole: OrgRole | null;
  projectRole: ProjectRole | null;
}): string {
  if (orgRole !== null && impliedRole(orgRole) === "admin") return `as ${orgRole} of the organization`;
  return projectRole === null ? "as member of the organization" : "by a role given in the project";
}
