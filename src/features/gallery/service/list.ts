import type { Input, Output } from "../../../../protocol/index.ts";
import type { Context } from "../../../kernel/context.ts";
import { found } from "../../../kernel/errors.ts";
import { findItem, listItems, type WholeItem } from "../repository/list.ts";
import type { TemplateFile } from "../template.ts";
import { findTemplate, templates } from "../templates.ts";

export const listGallery = (ctx: Context, input: Input<"gallery.list">): Promise<Output<"gallery.list">> =>
  listItems(ctx.db, input);

export async function listTemplates(): Promise<Output<"template.list">> {
  return { items: templates.map(({ document: _, source: __, ...template }) => template), nextCursor: null };
}

const toItem = ({ slug, position: _, ...file }: TemplateFile): WholeItem => ({
  ...file,
  id: slug,
  version: 1,
  latestVersion: 1,
  author: null,
  publishedAt: null,
});

/** Ids have another form than slugs of templates have. */
export const isItemId = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id);

export const getTemplate = ({ id, version = 1 }: Pick<Input<"gallery.get">, "id" | "version">): WholeItem =>
  toItem(found(version === 1 ? findTemplate(id) : undefined, "Template"));

/** A published automation or a template. */
export async function getItem(
  ctx: Context,
  { id, version }: Pick<Input<"gallery.get">, "id" | "version">,
): Promise<WholeItem> {
  if (isItemId(id)) return found(await findItem(ctx.db, { id, version }), "Published automation");
  return getTemplate({ id, version });
}
