import type { Input, Output } from "../../../../protocol/index.ts";
import type { OrgContext, ProjectContext } from "../../../kernel/context.ts";
import { AppError, found } from "../../../kernel/errors.ts";
import { orgStream } from "../../../kernel/event-log.ts";
import { toPage } from "../../../kernel/page.ts";
import { transact } from "../../../kernel/transact.ts";
import { readNameCursor } from "../../org/by-name.ts";
import { changesOf } from "../../org/changes.ts";
import { slugCandidates, toSlug } from "../../org/slug.ts";
import { checkRoom } from "../../plan/service/quota.ts";
import { keyCandidates, toKey } from "../key.ts";
import { effectiveRole } from "../policy.ts";
import {
  deleteProjectRow,
  findProject,
  findProjectAndClashes,
  findTakenNames,
  insertProject,
  listProjectRows,
  setArchived,
  updateProjectRow,
} from "../repository.ts";

const free = (wanted: string[], taken: string[], what: string): string => {
  const name = wanted.find((candidate) => !taken.includes(candidate));
  if (name === undefined) throw new AppError("conflict", `The ${what} ${wanted[0]} is taken`);
  return name;
};

export async function createProject(
  ctx: OrgContext,
  input: Input<"project.create">,
): Promise<Output<"project.create">> {
  const { id: orgId, stream } = ctx.org;
  const { name, description = "" } = input;
  const slugs = input.slug === undefined ? slugCandidates(toSlug(name, "project")) : [input.slug];
  const keys = input.key === undefined ? keyCandidates(toKey(name)) : [input.key];

  return transact(ctx, stream, async (tx) => {
    // Again when another project, in its own stream, was given the slug or key in between.
    for (;;) {
      const taken = found(await findTakenNames(tx, { orgId, slugs, keys }), "Organization");
      checkRoom("projects", taken.room);
      const names = { slug: free(slugs, taken.slugs, "slug"), key: free(keys, taken.keys, "key") };
      const project = await insertProject(tx, { orgId, ...names, name, description, createdBy: ctx.actor.id });
      if (!project) continue;
      tx.emit("project.created", { project });
      return { ...project, role: "admin" };
    }
  });
}

export async function listProjects(ctx: OrgContext, input: Input<"project.list">): Promise<Output<"project.list">> {
  const { id: orgId, role: orgRole } = ctx.org;
  const { cursor, limit } = input;
  const at = { orgId, userId: ctx.actor.id, after: readNameCursor(cursor), limit: limit + 1 };
  const { items, nextCursor } = toPage(await listProjectRows(ctx.db, at), limit, ({ name, id }) => [name, id]);
  return {
    items: items.map(({ projectRole, ...project }) => ({ ...project, role: effectiveRole({ orgRole, projectRole }) })),
    nextCursor,
  };
}

export async function getProject(ctx: ProjectContext): Promise<Output<"project.get">> {
  return { ...found(await findProject(ctx.db, ctx.project.id), "Project"), role: ctx.project.role };
}

export async function updateProject(
  ctx: ProjectContext,
  { patch }: Input<"project.update">,
): Promise<Output<"project.update">> {
  const { id: projectId, role, stream } = ctx.project;
  return transact(ctx, stream, async (tx) => {
    const wanted = { projectId, slug: patch.slug, key: patch.key };
    const present = found(await findProjectAndClashes(tx, wanted), "Project");
    const { slugTaken, keyTaken, ...project } = present;
    const changes = changesOf(project, patch);
    if (changes.length === 0) return { ...project, role };
    if (slugTaken) throw new AppError("conflict", `The slug ${patch.slug} is taken`);
    if (keyTaken) throw new AppError("conflict", `The key ${patch.key} is taken`);
    const updated = await updateProjectRow(tx, { projectId, patch });
    tx.emit("project.updated", { project: updated }, { changes });
    return { ...updated, role };
  });
}

export async function deleteProject(ctx: ProjectContext): Promise<Output<"project.delete">> {
  const { id: projectId, orgId, ref, stream } = ctx.project;
  return transact(ctx, stream, async (tx) => {
    found(await deleteProjectRow(tx, projectId), "Project");
    tx.emit("project.deleted", { projectId, ref });
    tx.emit("project.deleted", { projectId, ref }, { stream: orgStream(orgId) });
    return {};
  });
}

export const archiveProject = (ctx: ProjectContext) => changeArchived(ctx, true);
export const unarchiveProject = (ctx: ProjectContext) => changeArchived(ctx, false);

async function changeArchived(ctx: ProjectContext, archived: boolean): Promise<Output<"project.archive">> {
  const { id: projectId, role, stream } = ctx.project;
  return transact(ctx, stream, async (tx) => {
    const present = found(await findProject(tx, projectId), "Project");
    if ((present.archivedAt !== null) === archived) return { ...present, role };
    const project = await setArchived(tx, { projectId, archived });
    const changes = [{ field: "archivedAt", from: present.archivedAt, to: project.archivedAt }];
    tx.emit(archived ? "project.archived" : "project.unarchived", { project }, { changes });
    return { ...project, role };
  });
}
