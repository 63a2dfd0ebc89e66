import { LRUCache } from "lru-cache";
import { type Access, commands, orgRoles, projectRoles } from "../../protocol/index.ts";
import { isCapped, mayUseProject, mayUseStream, ONLY_PROJECTS, refusalOf } from "../features/key/policy.ts";
import { findOrgAccess, type OrgAccess } from "../features/org/repository.ts";
import { effectiveRole, impliedRole } from "../features/project/policy.ts";
import { findProjectAccess, type ProjectAccess } from "../features/project/repository.ts";
import { findScriptPlace, type ScriptPlace } from "../features/script/repository/place.ts";
import type { Context, OrgScope, ProjectScope } from "../kernel/context.ts";
import type { Db } from "../kernel/db.ts";
import { AppError, found, invalid } from "../kernel/errors.ts";
import { orgStream, projectStream, streamKind, userStream } from "../kernel/event-log.ts";

/** Longest that a lost hint can keep a revoked role alive; with hints it dies at once. */
const TTL_MS = 2000;
const MAX_ENTRIES = 20_000;

type OrgKey = { userId: string; slug: string } | { userId: string; id: string };
type ProjectKey = { userId: string; ref: string } | { userId: string; id: string };

/** Roles by user and org or project, and where scripts are. */
type AccessReader = {
  org(key: OrgKey): Promise<OrgAccess | undefined>;
  project(key: ProjectKey): Promise<ProjectAccess | undefined>;
  script(key: { id: string }): Promise<ScriptPlace | undefined>;
};
/** Remembers them for a moment, forgets them whenever an event touches roles. */
export type AccessCache = AccessReader & { forget(): void };

/** Roles as they are now. */
export const readAccess = (db: Db): AccessReader => ({
  org: (key) => findOrgAccess(db, key),
  project: (key) => findProjectAccess(db, key),
  script: (key) => findScriptPlace(db, key.id),
});

export function createAccessCache(db: Db): AccessCache {
  type Known = OrgAccess | ProjectAccess | ScriptPlace;
  const cache = new LRUCache<string, { access: Known | undefined }>({
    max: MAX_ENTRIES,
    ttl: TTL_MS,
  });
  const present = readAccess(db);
  let generation = 0;
  const remember = async <T extends Known>(kind: string, key: object, load: () => Promise<T | undefined>) => {
    const name = `${kind} ${Object.values(key).join(" ")}`;
    const known = cache.get(name);
    if (known) return known.access as T | undefined;
    const before = generation;
    const access = await load();
    // A role that changed while we read must not be remembered as it was.
    if (before === generation) cache.set(name, { access });
    return access;
  };
  return {
    org: (key) => remember("org", key, () => present.org(key)),
    project: (key) => remember("project", key, () => present.project(key)),
    script: (key) => remember("script", key, () => present.script(key)),
    forget() {
      generation += 1;
      cache.clear();
    },
  };
}

/** Events after which remembered roles may be wrong. */
export const touchesAccess = (type: string): boolean => /^(org|member|project|access|bot)\./.test(type);

/** Events after which someone may no longer hear a stream. */
export const endsAccess = (type: string): boolean =>
  ["org.deleted", "project.deleted", "member.removed", "project.member_removed"].includes(type);

const reaches = <R extends string>(ladder: readonly R[], role: R, needed: string): boolean =>
  ladder.indexOf(role) >= (ladder as readonly string[]).indexOf(needed);

function toOrgScope(access: OrgAccess | undefined): OrgScope {
  const { id, slug, role } = found(access, "Organization");
  return { id, slug, stream: orgStream(id), role };
}

function toProjectScope(access: ProjectAccess | undefined): ProjectScope {
  const { id, orgId, orgSlug, slug, key, orgRole, archivedAt } = found(access, "Project");
  const role = found(access && effectiveRole(access), "Project");
  const archived = archivedAt !== null;
  const ref = `${orgSlug}/${slug}`;
  return { id, orgId, orgSlug, ref, key, stream: projectStream(id), role, impliedRole: impliedRole(orgRole), archived };
}

type Scope = { org?: OrgScope; project?: ProjectScope };
type Asking = Pick<Context, "actor" | "caller" | "command">;
type Named = { project?: string; org?: string };
type Subject = { org?: unknown; project?: unknown; stream?: unknown; scriptId?: unknown };

const forbidden = (needed: string) =>
  new AppError("forbidden", `This needs the role ${needed}`, { details: { needed } });

/** The project's scope for whoever asks: a key sees its own projects only, and may be weaker than its owner. */
function narrow(project: ProjectScope, { caller: { grant }, command }: Asking): ProjectScope {
  found(mayUseProject(grant, project.id) || undefined, "Project");
  const isWeaker = isCapped(grant) && commands[command].kind !== "query" && project.role === "admin";
  return isWeaker ? { ...project, role: "developer" } : project;
}

/**
 * What the caller may act on, by the rule of the command and that of API keys. Outsiders get `not_found`; too low a role,
 * or a key that is not made for this, `forbidden`.
 */
export async function authorize(cache: AccessCache, ctx: Asking, access: Access, input: Subject): Promise<Scope> {
  const refusal = refusalOf(ctx.caller, ctx.command);
  if (refusal !== undefined) throw new AppError("forbidden", refusal);
  const userId = ctx.caller.rightsOf ?? ctx.actor.id;
  const [kind, needed = ""] = access.split(":");
  const inOrg = async (slug: string, role: string): Promise<Scope> => {
    const org = toOrgScope(await cache.org({ userId, slug }));
    if (!reaches(orgRoles, org.role, role)) throw forbidden(role);
    return { org };
  };
  const inProject = async (ref: string, role: string): Promise<Scope> => {
    const project = narrow(toProjectScope(await cache.project({ userId, ref })), ctx);
    if (!reaches(projectRoles, project.role, role)) throw forbidden(role);
    return { project };
  };
  if (kind === "org") return inOrg(String(input.org), needed);
  if (kind === "project") return inProject(String(input.project), needed);
  if (kind === "script") {
    const { project, org = "" } = await placeOf(cache, ctx, input);
    if (project !== undefined) return inProject(project, "admin");
    const scope = await inOrg(org, "admin");
    if (ctx.caller.grant?.projectIds) throw new AppError("forbidden", ONLY_PROJECTS);
    return scope;
  }
  if (kind === "stream") {
    if (!mayUseStream(ctx.caller.grant, String(input.stream))) throw new AppError("not_found", "Stream not found");
    await mayHear(cache, userId, String(input.stream));
  }
  return {};
}

/** Where the script is that the input names, or is to be. Whoever may not see that place learns nothing of it. */
async function placeOf(cache: AccessCache, { caller, actor }: Asking, input: Subject): Promise<Named> {
  const named: Named = {
    ...(input.project !== undefined && { project: String(input.project) }),
    ...(input.org !== undefined && { org: String(input.org) }),
  };
  if (input.scriptId === undefined) {
    if (Object.keys(named).length !== 1) throw invalid("project", "name either a project or an org");
    return named;
  }
  const place = found(await cache.script({ id: String(input.scriptId) }), "Script");
  const { orgSlug: org, projectId, projectRef } = place;
  const userId = caller.rightsOf ?? actor.id;
  const isOpen = projectId === null || mayUseProject(caller.grant, projectId);
  found((isOpen && (await seesPlace(cache, userId, place))) || undefined, "Script");
  // One of an organization may be asked about any project of it.
  const inNamed = projectRef === null ? named.project?.startsWith(`${org}/`) : named.project === projectRef;
  const isNamed = (named.project === undefined || inNamed) && (named.org ?? org) === org;
  found(isNamed || undefined, "Script");
  return projectRef === null ? { org } : { project: projectRef };
}

async function seesPlace(cache: AccessCache, userId: string, { orgSlug, projectRef }: ScriptPlace): Promise<boolean> {
  if (projectRef === null) return (await cache.org({ userId, slug: orgSlug })) !== undefined;
  const access = await cache.project({ userId, ref: projectRef });
  return access !== undefined && effectiveRole(access) !== undefined;
}

/** Returns when the user may subscribe to the stream now, else throws `not_found`. */
export async function mayHear(access: AccessReader, userId: string, stream: string): Promise<void> {
  const id = stream.slice(stream.indexOf(":") + 1);
  const kind = streamKind(stream);
  if (kind === "org") toOrgScope(await access.org({ userId, id }));
  else if (kind === "project") toProjectScope(await access.project({ userId, id }));
  else if (stream !== userStream(userId)) throw new AppError("not_found", "Stream not found");
}
