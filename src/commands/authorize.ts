import { LRUCache } from "lru-cache";
import { type Access, commands, orgRoles, projectRoles } from "../../protocol/index.ts";
import { isCapped, mayUseProject, mayUseStream, refusalOf } from "../features/key/policy.ts";
import { findOrgAccess, type OrgAccess } from "../features/org/repository.ts";
import { effectiveRole, impliedRole } from "../features/project/policy.ts";
import { findProjectAccess, type ProjectAccess } from "../features/project/repository.ts";
import type { Context, OrgScope, ProjectScope } from "../kernel/context.ts";
import type { Db } from "../kernel/db.ts";
import { AppError, found } from "../kernel/errors.ts";
import { orgStream, projectStream, streamKind, userStream } from "../kernel/event-log.ts";

/** Longest that a lost hint can keep a revoked role alive; with hints it dies at once. */
const TTL_MS = 2000;
const MAX_ENTRIES = 20_000;

type OrgKey = { userId: string; slug: string } | { userId: string; id: string };
type ProjectKey = { userId: string; ref: string } | { userId: string; id: string };

/** Roles by user and org or project. */
type AccessReader = {
  org(key: OrgKey): Promise<OrgAccess | undefined>;
  project(key: ProjectKey): Promise<ProjectAccess | undefined>;
};
/** Remembers roles for a moment, forgets them whenever an event touches roles. */
export type AccessCache = AccessReader & { forget(): void };

/** Roles as they are now. */
export const readAccess = (db: Db): AccessReader => ({
  org: (key) => findOrgAccess(db, key),
  project: (key) => findProjectAccess(db, key),
});

export function createAccessCache(db: Db): AccessCache {
  const cache = new LRUCache<string, { access: OrgAccess | ProjectAccess | undefined }>({
    max: MAX_ENTRIES,
    ttl: TTL_MS,
  });
  const present = readAccess(db);
  let generation = 0;
  const remember = async <T extends OrgAccess | ProjectAccess>(
    kind: string,
    key: object,
    load: () => Promise<T | undefined>,
  ) => {
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
type Subject = { org?: unknown; project?: unknown; stream?: unknown };

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
  const userId = ctx.actor.id;
  const [kind, needed = ""] = access.split(":");
  if (kind === "org") {
    const org = toOrgScope(await cache.org({ userId, slug: String(input.org) }));
    if (!reaches(orgRoles, org.role, needed)) throw forbidden(needed);
    return { org };
  }
  if (kind === "project") {
    const project = narrow(toProjectScope(await cache.project({ userId, ref: String(input.project) })), ctx);
    if (!reaches(projectRoles, project.role, needed)) throw forbidden(needed);
    return { project };
  }
  if (kind === "stream") {
    if (!mayUseStream(ctx.caller.grant, String(input.stream))) throw new AppError("not_found", "Stream not found");
    await mayHear(cache, userId, String(input.stream));
  }
  return {};
}

/** Returns when the user may subscribe to the stream now, else throws `not_found`. */
export async function mayHear(access: AccessReader, userId: string, stream: string): Promise<void> {
  const id = stream.slice(stream.indexOf(":") + 1);
  const kind = streamKind(stream);
  if (kind === "org") toOrgScope(await access.org({ userId, id }));
  else if (kind === "project") toProjectScope(await access.project({ userId, id }));
  else if (stream !== userStream(userId)) throw new AppError("not_found", "Stream not found");
}
