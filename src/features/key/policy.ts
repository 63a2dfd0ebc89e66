import {
  type CommandName,
  commands,
  type KeyScope,
  keyScopes,
  type OrgRole,
  type UserRef,
} from "../../../protocol/index.ts";
import { needsSession, scopeNeeded } from "../../../protocol/scopes.ts";
import type { Caller } from "../../kernel/context.ts";
import { projectStream } from "../../kernel/event-log.ts";

/** Each scope includes the weaker ones. */
const includes = (scopes: readonly KeyScope[], needed: KeyScope): boolean =>
  scopes.some((scope) => keyScopes.indexOf(scope) >= keyScopes.indexOf(needed));

/** Its owner would be a bot, and outside of its organization. */
const leavesOrg = (command: CommandName): boolean => command === "org.create";

export const ONLY_PROJECTS = "This key is for chosen projects only";

/** Tells of one project, which the input names; of scripts `authorize` finds out. */
const isAboutProject = (command: CommandName): boolean => /^(project:|stream$|script$)/.test(commands[command].access);

/**
 * The rule of API keys: why a caller may not send a command at all, whatever the roles. undefined: the roles decide, in
 * the projects that the key is for.
 */
export function refusalOf({ actor, grant }: Pick<Caller, "actor" | "grant">, command: CommandName): string | undefined {
  if (!grant) return undefined;
  const needed = scopeNeeded(command);
  if (needed === "any") return undefined;
  if (!includes(grant.scopes, needed)) return `This key has not the scope ${needed}`;
  if (grant.projectIds && !isAboutProject(command)) return ONLY_PROJECTS;
  if (actor.kind === "bot") return leavesOrg(command) ? "A bot stays in its organization" : undefined;
  return needsSession(command) ? "Not with a key: sign in for this" : undefined;
}

/** A key that does not administer does no more in a project than a developer would. */
export const isCapped = (grant: Caller["grant"]): boolean => grant !== undefined && !includes(grant.scopes, "admin");

export const mayUseProject = (grant: Caller["grant"], projectId: string): boolean =>
  !grant?.projectIds || grant.projectIds.includes(projectId);

/** Streams of people and organizations tell of other projects too. */
export const mayUseStream = (grant: Caller["grant"], stream: string): boolean =>
  !grant?.projectIds || grant.projectIds.some((id) => stream === projectStream(id));

/** Everyone manages their own keys, and org admins those of the organization's bots. */
export const mayManageKeys = (actorId: string, owner: { id: string; actorRole: OrgRole | null }): boolean =>
  owner.id === actorId || owner.actorRole === "admin" || owner.actorRole === "owner";

export type KeyState = {
  expiresAt: string | null;
  previousExpiresAt: string | null;
  /** Whether the secret shown is the one since the last rotation. */
  isCurrent: boolean;
  kind: UserRef["kind"];
  /** Of a bot. */
  orgId: string | null;
  suspendedAt: string | null;
};

/** When a secret ends, in ms since 1970; undefined when it is not good now. */
export function endOfSecret(key: KeyState, now: Date): number | undefined {
  if (key.suspendedAt !== null || (key.kind === "bot" && key.orgId === null)) return undefined;
  const ends = [key.expiresAt, key.isCurrent ? null : key.previousExpiresAt];
  const end = Math.min(...ends.map((at) => (at === null ? Number.POSITIVE_INFINITY : Date.parse(at))));
  return end > now.getTime() ? end : undefined;
}
