import type { OrgRole, Parameter, ProjectRole, Script } from "../../../protocol/index.ts";
import { effectiveRole, impliedRole } from "../project/policy.ts";

type Values = Script["params"];
type Fault = { path: string; message: string };

/** What someone is where a script is; undefined for outsiders. Of an organization the role in all its projects counts. */
export const roleAtScript = (at: {
  projectId: string | null;
  orgRole: OrgRole | null;
  projectRole: ProjectRole | null;
}): ProjectRole | undefined => (at.projectId === null ? impliedRole(at.orgRole) : effectiveRole(at));

/** Of one person. */
export const MAX_ITEMS = 100;

/** The values that a script begins with who installs it with these, or what is wrong with them. */
export function fillParams(
  parameters: readonly Parameter[],
  given: Values,
): { values: Values; faults?: never } | { faults: Fault[]; values?: never } {
  const values: Values = {};
  const known = new Set(parameters.map(({ name }) => name));
  const faults = Object.keys(given)
    .filter((name) => !known.has(name))
    .map((name) => ({ path: `params.${name}`, message: "there is no such parameter" }));
  for (const { name, type, required, default: usual } of parameters) {
    const value = given[name] ?? usual;
    if (value !== undefined && typeof value !== type) {
      faults.push({ path: `params.${name}`, message: `must be a ${type}` });
    } else if (required && (value === undefined || value === "")) {
      faults.push({ path: `params.${name}`, message: "is needed" });
    } else if (value !== undefined) {
      values[name] = value;
    }
  }
  return faults.length > 0 ? { faults } : { values };
}

/** What parameters that have a usual value begin with. */
export const usualParams = (parameters: readonly Parameter[]): Values =>
  Object.fromEntries(parameters.flatMap(({ name, default: usual }) => (usual === undefined ? [] : [[name, usual]])));
