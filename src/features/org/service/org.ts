import { randomUUID } from "node:crypto";
import type { Input, Output } from "../../../../protocol/index.ts";
import type { Context, OrgContext } from "../../../kernel/context.ts";
import { AppError, found } from "../../../kernel/errors.ts";
import { orgStream } from "../../../kernel/event-log.ts";
import { toPage } from "../../../kernel/page.ts";
import { transact } from "../../../kernel/transact.ts";
import { readNameCursor } from "../by-name.ts";
import { changesOf } from "../changes.ts";
import { mayHold } from "../policy.ts";
import {
  deleteOrgRow,
  findMember,
  findOrg,
  findOrgAndClash,
  handOverOrg,
  insertOrg,
  listOrgRows,
  listTakenSlugs,
  lockProjects,
  updateOrgRow,
} from "../repository.ts";
import { slugCandidates, toSlug } from "../slug.ts";

export async function createOrg(ctx: Context, input: Input<"org.create">): Promise<Output<"org.create">> {
  const { name, description = "" } = input;
  const wanted = input.slug === undefined ? slugCandidates(toSlug(name, "org")) : [input.slug];
  const id = randomUUID();
  const plan = ctx.config.DEFAULT_PLAN;

  return transact(ctx, orgStream(id), async (tx) => {
    // Again when another creation, which holds another stream, took the slug in between.
    for (;;) {
      const taken = await listTakenSlugs(tx, wanted);
      const slug = wanted.find((candidate) => !taken.includes(candidate));
      if (slug === undefined) throw new AppError("conflict", `The slug ${wanted[0]} is taken`);
      const org = await insertOrg(tx, { id, slug, name, description, plan, ownerId: ctx.actor.id });
      if (!org) continue;
      tx.emit("org.created", { org });
      return { ...org, role: "owner" };
    }
  });
}

export async function listOrgs(ctx: Context, input: Input<"org.list">): Promise<Output<"org.list">> {
  const { cursor, limit } = input;
  const rows = await listOrgRows(ctx.db, { userId: ctx.actor.id, after: readNameCursor(cursor), limit: limit + 1 });
  return toPage(rows, limit, ({ name, id }) => [name, id]);
}

export async function getOrg(ctx: OrgContext): Promise<Output<"org.get">> {
  return { ...found(await findOrg(ctx.db, ctx.org.id), "Organization"), role: ctx.org.role };
}

export async function updateOrg(ctx: OrgContext, { patch }: Input<"org.update">): Promise<Output<"org.update">> {
  const { id: orgId, role, stream } = ctx.org;
  return transact(ctx, stream, async (tx) => {
    const present = found(await findOrgAndClash(tx, { orgId, slug: patch.slug }), "Organization");
    const { slugTaken, ...org } = present;
    const changes = changesOf(org, patch);
    if (changes.length === 0) return { ...org, role };
    if (slugTaken) throw new AppError("conflict", `The slug ${patch.slug} is taken`);
    const updated = await updateOrgRow(tx, { orgId, patch });
    tx.emit("org.updated", { org: updated }, { changes });
    return { ...updated, role };
  });
}

export async function deleteOrg(ctx: OrgContext): Promise<Output<"org.delete">> {
  const { id: orgId, stream } = ctx.org;
  return transact(ctx, stream, async (tx) => {
    await lockProjects(tx, orgId);
    found(await deleteOrgRow(tx, orgId), "Organization");
    tx.emit("org.deleted", { orgId });
    return {};
  });
}

export async function transferOrg(ctx: OrgContext, input: Input<"org.transfer">): Promise<Output<"org.transfer">> {
  const { id: orgId, stream } = ctx.org;
  const fromUserId = ctx.actor.id;
  return transact(ctx, stream, async (tx) => {
    const member = found(await findMember(tx, { orgId, userId: input.userId, actorId: fromUserId }), "Member");
    if (member.actorRole !== "owner") throw new AppError("forbidden", "Only an owner hands an organization over");
    if (!mayHold(member.user, "owner")) throw new AppError("forbidden", "A bot is never an owner");
    if (member.role === "owner") throw new AppError("conflict", `${member.user.displayName} is an owner already`);
    const toUserId = member.user.id;
    const org = await handOverOrg(tx, { orgId, fromUserId, toUserId });
    tx.emit("org.owner_changed", { fromUserId, toUserId });
    return { ...org, role: "admin" };
  });
}
