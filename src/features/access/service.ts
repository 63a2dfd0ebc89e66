import {
  type Access,
  type CommandName,
  commands,
  type Input,
  isCommandName,
  type OrgRole,
  type Output,
  orgRoles,
  type ProjectRole,
  projectRoles,
} from "../../../protocol/index.ts";
import type { Context } from "../../kernel/context.ts";
import { AppError, found, invalid } from "../../kernel/errors.ts";
import { refusalOf } from "../key/policy.ts";
import { findOrgAccess } from "../org/repository.ts";
import { effectiveRole } from "../project/policy.ts";
import { findProjectAccess } from "../project/repository.ts";
import { originOf, reachesOrgRole, reachesProjectRole } from "./policy.ts";

/** Scripts are where one says. */
function accessIn(command: CommandName, project: string | undefined): Access {
  const access: Access = commands[command].access;
  if (access !== "script") return access;
  return project === undefined ? "org:admin" : "project:admin";
}

type Explanation = Output<"access.explain">;

/** Outsiders get the `not_found` that the command itself would give them, whether or not there is something. */
export async function explainAccess(ctx: Context, input: Input<"access.explain">): Promise<Explanation> {
  const { command, project, org } = input;
  if (!isCommandName(command)) throw new AppError("not_found", `There is no command ${JSON.stringify(command)}`);
  const access = accessIn(command, project);
  if (access === "public") return { allowed: true, by: `Anyone may send ${command}, also without signing in` };
  const refusal = refusalOf(ctx.caller, command);
  if (refusal !== undefined) return { allowed: false, by: refusal };
  if (access === "any") return { allowed: true, by: `Anyone who is signed in may send ${command}` };
  if (access === "stream" && project === undefined && org === undefined) {
    return {
      allowed: true,
      by: `You may send ${command} for your own stream, and for those that you may subscribe to`,
    };
  }

  const projectRole = projectRoles.find((role) => access === `project:${role}`);
  const orgRole = orgRoles.find((role) => access === `org:${role}`);
  if (projectRole !== undefined || (orgRole === undefined && project !== undefined)) {
    if (project === undefined) throw invalid("project", `${command} acts in a project: name it`);
    return explainInProject(ctx, { command, project, needed: projectRole ?? "viewer" });
  }
  if (org === undefined) throw invalid("org", `${command} acts in an organization: name it`);
  return explainInOrg(ctx, { command, org, needed: orgRole ?? "member" });
}

async function explainInProject(
  ctx: Context,
  asked: { command: CommandName; project: string; needed: ProjectRole },
): Promise<Explanation> {
  const { command, project, needed } = asked;
  const access = found(await findProjectAccess(ctx.db, { userId: ctx.actor.id, ref: project }), "Project");
  const role = found(effectiveRole(access), "Project");
  const by = `You are ${role} in ${project}, ${originOf(access)}; ${command} needs ${needed}`;
  if (!reachesProjectRole(role, needed)) return { allowed: false, by };
  const { kind, whenArchived } = commands[command];
  if (access.archivedAt !== null && kind === "mutation" && !whenArchived) {
    return { allowed: false, by: `${by}, but the project is archived` };
  }
  return { allowed: true, by };
}

async function explainInOrg(
  ctx: Context,
  asked: { command: CommandName; org: string; needed: OrgRole },
): Promise<Explanation> {
  const { command, org, needed } = asked;
  const { role } = found(await findOrgAccess(ctx.db, { userId: ctx.actor.id, slug: org }), "Organization");
  return { allowed: reachesOrgRole(role, needed), by: `You are ${role} of ${org}; ${command} needs ${needed}` };
}
