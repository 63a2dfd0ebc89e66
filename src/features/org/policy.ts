import type { OrgRole, UserRef } from "../../../protocol/index.ts";

/** null: no member, before or after. */
type RoleChange = { from: OrgRole | null; to: OrgRole | null };

/** Admins decide who is a member; only an owner makes or unmakes owners. */
export const mayChangeRole = (actor: OrgRole, { from, to }: RoleChange): boolean =>
  actor === "owner" || (actor === "admin" && from !== "owner" && to !== "owner");

/** An organization is someone's who can answer for it. */
export const mayHold = ({ kind }: UserRef, role: OrgRole): boolean => kind === "user" || role !== "owner";

/** Anyone may leave. */
export const mayRemove = (
  actor: { userId: string; role: OrgRole },
  member: { userId: string; role: OrgRole },
): boolean => actor.userId === member.userId || mayChangeRole(actor.role, { from: member.role, to: null });

/** Without an owner nobody could delete the organization or hand it over. */
export const leavesNoOwner = (ownerCount: number, { from, to }: RoleChange): boolean =>
  from === "owner" && to !== "owner" && ownerCount === 1;
