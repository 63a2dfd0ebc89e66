import type { Input, Output, TagRef } from "../../../protocol/index.ts";
import type { ProjectContext } from "../../kernel/context.ts";
import { AppError, found } from "../../kernel/errors.ts";
import { readCursor, toPage } from "../../kernel/page.ts";
import { transact } from "../../kernel/transact.ts";
import { changesOf } from "../org/changes.ts";
import { deleteTagRow, findTag, insertTag, listTags, updateTagRow } from "./repository.ts";

const nameTaken = (name: string) => new AppError("conflict", `There is a tag named ${name} already`);

export async function listProjectTags(ctx: ProjectContext, input: Input<"tag.list">): Promise<Output<"tag.list">> {
  const after = readCursor(input.cursor, 1)?.map(String)[0];
  const page = { projectId: ctx.project.id, limit: input.limit + 1, ...(after !== undefined && { after }) };
  return toPage(await listTags(ctx.db, page), input.limit, ({ name }) => [name]);
}

export async function createTag(ctx: ProjectContext, input: Input<"tag.create">): Promise<TagRef> {
  const { name, color } = input;
  return transact(ctx, ctx.project.stream, async (tx) => {
    const tag = await insertTag(tx, { projectId: ctx.project.id, name, color });
    if (!tag) throw nameTaken(name);
    tx.emit("tag.created", { tag });
    return tag;
  });
}

export async function updateTag(ctx: ProjectContext, input: Input<"tag.update">): Promise<TagRef> {
  const projectId = ctx.project.id;
  return transact(ctx, ctx.project.stream, async (tx) => {
    const tags = await listTags(tx, { projectId });
    const before = found(
      tags.find(({ id }) => id === input.tagId),
      "Tag",
    );
    const wanted = { ...before, name: input.patch.name ?? before.name, color: input.patch.color ?? before.color };
    if (tags.some(({ id, name }) => id !== before.id && name === wanted.name)) throw nameTaken(wanted.name);
    const changes = changesOf<typeof input.patch>(before, input.patch);
    if (changes.length === 0) return before;
    const tag = await updateTagRow(tx, wanted);
    tx.emit("tag.updated", { tag }, { changes });
    return tag;
  });
}

export async function deleteTag(ctx: ProjectContext, input: Input<"tag.delete">): Promise<Output<"tag.delete">> {
  const key = { projectId: ctx.project.id, id: input.tagId };
  return transact(ctx, ctx.project.stream, async (tx) => {
    const tag = found(await findTag(tx, key), "Tag");
    await deleteTagRow(tx, key);
    tx.emit("tag.removed", { tagId: tag.id }, { changes: [{ field: "name", from: tag.name, to: null }] });
    return {};
  });
}
