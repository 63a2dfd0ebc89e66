import { z } from "zod";
import { type GalleryItem, type Input, Params, type Script, Source } from "../../../../protocol/index.ts";
import type { Context } from "../../../kernel/context.ts";
import { AppError, found, invalid } from "../../../kernel/errors.ts";
import { orgStream, userStream } from "../../../kernel/event-log.ts";
import { type Tx, transact } from "../../../kernel/transact.ts";
import { findDraft } from "../../draft/repository.ts";
import { declareSource } from "../../script/service/declare.ts";
import { MAX_ITEMS, roleAtScript, usualParams } from "../policy.ts";
import { findItem } from "../repository/list.ts";
import { findScriptToPublish, insertItem, insertNextVersion, type NewVersion } from "../repository/publish.ts";

/** What is published; of a script with its organization. */
type Origin = { source: string; params: Script["params"]; orgId: string | undefined };

/** Other fields belong to whatever the draft was written in. */
const Payload = z.object({ source: Source, params: Params.default({}) });

async function readDraft(ctx: Context, name: string): Promise<Origin> {
  const { payload } = found(await findDraft(ctx.db, { userId: ctx.actor.id, name }), "Draft");
  const parsed = Payload.safeParse(payload);
  if (!parsed.success) throw invalid("draft", `must hold { source, params? }: ${z.prettifyError(parsed.error)}`);
  return { ...parsed.data, orgId: undefined };
}

async function readScript(ctx: Context, scriptId: string): Promise<Origin> {
  const script = found(await findScriptToPublish(ctx.db, { scriptId, userId: ctx.actor.id }), "Script");
  if (found(roleAtScript(script), "Script") !== "admin") {
    throw new AppError("forbidden", "Only who administers a script publishes it", { details: { needed: "admin" } });
  }
  return script;
}

async function readOrigin(ctx: Context, { draft, scriptId }: Input<"gallery.publish">): Promise<Origin> {
  if (draft !== undefined && scriptId === undefined) return readDraft(ctx, draft);
  if (scriptId !== undefined && draft === undefined) return readScript(ctx, scriptId);
  throw invalid("draft", "name either a draft or a script");
}

/** It will be in some project: what only organizations hear is a fault. */
const anyProject = "any project";

export async function publishItem(ctx: Context, input: Input<"gallery.publish">): Promise<GalleryItem> {
  const { galleryId, title, summary, document, category, parameters } = input;
  const { source, params, orgId } = await readOrigin(ctx, input);
  const authorId = ctx.actor.id;
  // Who has no organization takes turns as a person.
  const place = { orgId: orgId ?? authorId, projectId: anyProject };
  await declareSource(ctx, place, { source, params: { ...usualParams(parameters), ...params } });
  const version = { title, summary, document, category, parameters, authorId, source };
  return transact(ctx, orgId === undefined ? userStream(authorId) : orgStream(orgId), async (tx) => {
    const item = galleryId === undefined ? await addItem(tx, version) : await addVersion(tx, version, galleryId);
    if (orgId !== undefined) tx.emit("gallery.published", { item });
    return item;
  });
}

async function addItem(tx: Tx, version: NewVersion): Promise<GalleryItem> {
  const item = await insertItem(tx, { ...version, most: MAX_ITEMS });
  if (!item) throw new AppError("conflict", `You have published ${MAX_ITEMS} already: publish next versions of those`);
  return item;
}

async function addVersion(tx: Tx, version: NewVersion, itemId: string): Promise<GalleryItem> {
  const item = await insertNextVersion(tx, { ...version, itemId });
  if (item) return item;
  found(await findItem(tx, { id: itemId, version: undefined }), "Published automation");
  throw new AppError("forbidden", "Only its author publishes a next version");
}
