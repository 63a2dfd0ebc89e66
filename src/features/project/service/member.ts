import type { Input, Output, ProjectRole } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { AppError, found } from "../../../kernel/errors.ts";
import { userStream } from "../../../kernel/event-log.ts";
import { toPage } from "../../../kernel/page.ts";
import { type Tx, transact } from "../../../kernel/transact.ts";
import { readNameCursor } from "../../org/by-name.ts";
import { namedPerson, roleChanges } from "../../org/person.ts";
import { effectiveRole, impliedRole, mayLeave } from "../policy.ts";
import {
  deleteMember,
  findPerson,
  joinAsReporter,
  listMemberRows,
  type RoleHolder,
  saveMember,
} from "../repository.ts";

export async function listProjectMembers(
  ctx: ProjectContext,
  input: Input<"project.listMembers">,
): Promise<Output<"project.listMembers">> {
  const { id: projectId, orgId } = ctx.project;
  const { cursor, limit } = input;
  const rows = await listMemberRows(ctx.db, { projectId, orgId, after: readNameCursor(cursor), limit: limit + 1 });
  const { items, nextCursor } = toPage(rows, limit, ({ user }) => [user.displayName, user.id]);
  return {
    items: items.map((row) => ({
      user: row.user,
      role: found(effectiveRole(row), "Role"),
      explicit: row.projectRole !== null,
    })),
    nextCursor,
  };
}

export async function joinProject(ctx: ProjectContext): Promise<Output<"project.join">> {
  const { id: projectId, orgId, stream } = ctx.project;
  const person = namedPerson({ userId: ctx.actor.id });
  return transact(ctx, stream, async (tx) => {
    const { user, orgRole, projectRole } = found(await findPerson(tx, { projectId, orgId, person }), "User");
    if (projectRole !== null) return { user, role: effectiveRole({ orgRole, projectRole }) };
    const joined = found(await joinAsReporter(tx, { projectId, userId: user.id }), "Project");
    const { role } = joined;
    tx.emit(
      "project.member_added",
      { member: { user, role } },
      { changes: roleChanges(user, { from: null, to: role }) },
    );
    return { user, role: effectiveRole({ orgRole, projectRole: role }) };
  });
}

export async function leaveProject(ctx: ProjectContext): Promise<Output<"project.leave">> {
  const { id: projectId, orgId, stream } = ctx.project;
  const person = namedPerson({ userId: ctx.actor.id });
  return transact(ctx, stream, async (tx) => {
    const self = found(await findPerson(tx, { projectId, orgId, person }), "User");
    if (self.projectRole === null) return {};
    if (!mayLeave(self)) throw new AppError("forbidden", "Leaving would raise your role; ask a project admin");
    return takeRole(ctx, tx, self);
  });
}

export async function addProjectMember(
  ctx: ProjectContext,
  input: Input<"project.addMember">,
): Promise<Output<"project.addMember">> {
  const { id: projectId, orgId, stream } = ctx.project;
  const person = namedPerson(input);
  return transact(ctx, stream, async (tx) => {
    const present = found(await findPerson(tx, { projectId, orgId, person }), "User");
    if (present.projectRole !== null) {
      throw new AppError("conflict", "Already has a role here", {
        details: { current: { role: present.projectRole } },
      });
    }
    return giveRole(ctx, tx, { ...present, role: input.role });
  });
}

export async function setProjectRole(
  ctx: ProjectContext,
  input: Input<"project.setRole">,
): Promise<Output<"project.setRole">> {
  const { id: projectId, orgId, stream } = ctx.project;
  const { role } = input;
  const person = namedPerson(input);
  return transact(ctx, stream, async (tx) => {
    const present = found(await findPerson(tx, { projectId, orgId, person }), "User");
    const { user, orgRole, projectRole } = present;
    if (projectRole === null) return giveRole(ctx, tx, { ...present, role });
    const member = { user, role: effectiveRole({ orgRole, projectRole: role }) };
    if (projectRole === role) return member;
    await saveMember(tx, { projectId, userId: user.id, role });
    const changes = roleChanges(user, { from: projectRole, to: role });
    tx.emit("project.member_role_changed", { member: { user, role } }, { changes });
    return member;
  });
}

export async function removeProjectMember(
  ctx: ProjectContext,
  input: Input<"project.removeMember">,
): Promise<Output<"project.removeMember">> {
  const { id: projectId, orgId, stream } = ctx.project;
  const person = namedPerson(input);
  return transact(ctx, stream, async (tx) => {
    const present = found(await findPerson(tx, { projectId, orgId, person }), "User");
    found(present.projectRole, "Member");
    return takeRole(ctx, tx, present);
  });
}

/**
 * A first explicit role here, told to the person too. The project's events carry the explicit role, which only this
 * project changes; the answer and the person's own event the one that counts now.
 */
async function giveRole(ctx: ProjectContext, tx: Tx, given: RoleHolder & { role: ProjectRole }) {
  const { id: projectId, orgSlug, ref } = ctx.project;
  const { user, orgRole, role } = given;
  found(await saveMember(tx, { projectId, userId: user.id, role }), "Project");
  const member = { user, role: effectiveRole({ orgRole, projectRole: role }) };
  tx.emit("project.member_added", { member: { user, role } }, { changes: roleChanges(user, { from: null, to: role }) });
  tx.emit("access.granted", { org: orgSlug, project: ref, role: member.role }, { stream: userStream(user.id) });
  return member;
}

/** The explicit role away; a guest is told that nothing is left. */
async function takeRole(ctx: ProjectContext, tx: Tx, from: RoleHolder) {
  const { id: projectId, orgSlug, ref } = ctx.project;
  const { user, orgRole, projectRole } = from;
  await deleteMember(tx, { projectId, userId: user.id });
  const changes = roleChanges(user, { from: projectRole, to: null });
  tx.emit("project.member_removed", { userId: user.id }, { changes });
  if (impliedRole(orgRole) === undefined) {
    tx.emit("access.revoked", { org: orgSlug, project: ref }, { stream: userStream(user.id) });
  }
  return {};
}
