import type { Input, Output } from "../../../../protocol/index.ts";
import type { OrgContext } from "../../../kernel/context.ts";
import { AppError, found } from "../../../kernel/errors.ts";
import { projectStream, userStream } from "../../../kernel/event-log.ts";
import { toPage } from "../../../kernel/page.ts";
import { transact } from "../../../kernel/transact.ts";
import { checkRoom } from "../../plan/service/quota.ts";
import { readNameCursor } from "../by-name.ts";
import { namedPerson, roleChanges } from "../person.ts";
import { leavesNoOwner, mayChangeRole, mayHold, mayRemove } from "../policy.ts";
import { deleteMember, findMember, findPerson, insertMember, listMemberRows, updateMemberRole } from "../repository.ts";

const ownersOnly = () =>
  new AppError("forbidden", "Your role does not allow that; only an owner makes or unmakes owners");
const noBot = () => new AppError("forbidden", "A bot is never an owner");
const lastOwner = () => new AppError("conflict", "An organization keeps at least one owner");

export async function listMembers(ctx: OrgContext, input: Input<"member.list">): Promise<Output<"member.list">> {
  const { cursor, limit } = input;
  const rows = await listMemberRows(ctx.db, { orgId: ctx.org.id, after: readNameCursor(cursor), limit: limit + 1 });
  return toPage(rows, limit, ({ user }) => [user.displayName, user.id]);
}

export async function addMember(ctx: OrgContext, input: Input<"member.add">): Promise<Output<"member.add">> {
  const { id: orgId, slug, stream } = ctx.org;
  const { role } = input;
  const person = namedPerson(input);
  return transact(ctx, stream, async (tx) => {
    const present = found(await findPerson(tx, { orgId, person, actorId: ctx.actor.id }), "User");
    const { user, email } = present;
    const actorRole = found(present.actorRole, "Organization");
    if (!mayChangeRole(actorRole, { from: null, to: role })) throw ownersOnly();
    if (!mayHold(user, role)) throw noBot();
    if (present.role !== null) {
      throw new AppError("conflict", "Already a member", { details: { current: { role: present.role } } });
    }
    checkRoom("members", found(present.room, "Organization"));
    const { joinedAt } = await insertMember(tx, { orgId, userId: user.id, role });
    const changes = roleChanges(user, { from: null, to: role });
    tx.emit("member.added", { member: { user, role, joinedAt } }, { changes });
    tx.emit("access.granted", { org: slug, role }, { stream: userStream(user.id) });
    return { user, email, role, joinedAt };
  });
}

export async function setMemberRole(
  ctx: OrgContext,
  input: Input<"member.setRole">,
): Promise<Output<"member.setRole">> {
  const { id: orgId, stream } = ctx.org;
  const { userId, role } = input;
  return transact(ctx, stream, async (tx) => {
    const present = found(await findMember(tx, { orgId, userId, actorId: ctx.actor.id }), "Member");
    const { user, email, joinedAt, ownerCount } = present;
    const actorRole = found(present.actorRole, "Organization");
    const change = { from: present.role, to: role };
    if (!mayChangeRole(actorRole, change)) throw ownersOnly();
    if (!mayHold(user, role)) throw noBot();
    if (leavesNoOwner(ownerCount, change)) throw lastOwner();
    if (change.from !== change.to) {
      await updateMemberRole(tx, { orgId, userId, role });
      tx.emit("member.role_changed", { member: { user, role, joinedAt } }, { changes: roleChanges(user, change) });
    }
    return { user, email, role, joinedAt };
  });
}

export async function removeMember(ctx: OrgContext, input: Input<"member.remove">): Promise<Output<"member.remove">> {
  const { id: orgId, slug, stream } = ctx.org;
  const { userId } = input;
  const actorId = ctx.actor.id;
  return transact(ctx, stream, async (tx) => {
    const { user, role, actorRole, ownerCount } = found(await findMember(tx, { orgId, userId, actorId }), "Member");
    const actor = { userId: actorId, role: found(actorRole, "Organization") };
    if (!mayRemove(actor, { userId: user.id, role })) throw new AppError("forbidden", "You may not remove this member");
    const change = { from: role, to: null };
    if (leavesNoOwner(ownerCount, change)) throw lastOwner();
    const projectIds = await deleteMember(tx, { orgId, userId });
    tx.emit("member.removed", { userId: user.id }, { changes: roleChanges(user, change) });
    for (const id of projectIds) {
      tx.emit("project.member_removed", { userId: user.id }, { stream: projectStream(id) });
    }
    tx.emit("access.revoked", { org: slug }, { stream: userStream(user.id) });
    return {};
  });
}
