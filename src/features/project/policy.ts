import { type OrgRole, type ProjectRole, projectRoles } from "../../../protocol/index.ts";

type Roles = { orgRole: OrgRole | null; projectRole: ProjectRole | null };
/** Someone inside has at least one of the two. */
type RolesInside = Roles & ({ orgRole: OrgRole } | { projectRole: ProjectRole });

/** What the organization alone gives: owners and admins run every project, members report, guests have nothing. */
export const impliedRole = (orgRole: OrgRole | null): ProjectRole | undefined => {
  if (orgRole === null) return undefined;
  return orgRole === "member" ? "reporter" : "admin";
};

/** The role that counts: undefined for outsiders. */
export function effectiveRole(roles: RolesInside): ProjectRole;
export function effectiveRole(roles: Roles): ProjectRole | undefined;
export function effectiveRole({ orgRole, projectRole }: Roles): ProjectRole | undefined {
  const implied = impliedRole(orgRole);
  return implied === "admin" ? implied : (projectRole ?? implied);
}

const rankOf = (role: ProjectRole | undefined): number => (role === undefined ? -1 : projectRoles.indexOf(role));

/** Whoever was made a viewer by hand would be a reporter after leaving. */
export const mayLeave = (roles: Roles): boolean => rankOf(impliedRole(roles.orgRole)) <= rankOf(effectiveRole(roles));
