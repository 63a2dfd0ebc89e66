import { type Draft, type DraftHead, type Input, MAX_DRAFT_BYTES, type Output } from "../../../protocol/index.ts";
import type { Context } from "../../kernel/context.ts";
import { AppError, found } from "../../kernel/errors.ts";
import { userStream } from "../../kernel/event-log.ts";
import { transact } from "../../kernel/transact.ts";
import { deleteDraftRow, findDraft, findStanding, listDraftHeads, saveDraftRow } from "./repository.ts";

/** Lists of drafts have no pages. */
const MAX_DRAFTS = 100;

export async function listDrafts(ctx: Context): Promise<Output<"draft.list">> {
  return { items: await listDraftHeads(ctx.db, ctx.actor.id), nextCursor: null };
}

export async function getDraft(ctx: Context, { name }: Input<"draft.get">): Promise<Draft> {
  return found(await findDraft(ctx.db, { userId: ctx.actor.id, name }), "Draft");
}

export async function saveDraft(ctx: Context, input: Input<"draft.save">): Promise<DraftHead> {
  const { name, expect } = input;
  const payload = JSON.stringify(input.payload);
  if (Buffer.byteLength(payload) > MAX_DRAFT_BYTES) {
    throw new AppError("payload_too_large", `A draft holds up to ${MAX_DRAFT_BYTES / 1024} KiB`);
  }
  const key = { userId: ctx.actor.id, name };
  return transact(ctx, userStream(ctx.actor.id), async (tx) => {
    const { version, otherCount } = await findStanding(tx, key);
    if (expect !== undefined && expect !== version) {
      const current = (await findDraft(tx, key)) ?? null;
      throw new AppError("conflict", "The draft was saved elsewhere meanwhile", { details: { current } });
    }
    if (version === 0 && otherCount >= MAX_DRAFTS) {
      throw new AppError("conflict", `You have ${MAX_DRAFTS} drafts: delete one first`);
    }
    return saveDraftRow(tx, { ...key, payload });
  });
}

export async function deleteDraft(ctx: Context, { name }: Input<"draft.delete">): Promise<Output<"draft.delete">> {
  return transact(ctx, userStream(ctx.actor.id), async (tx) => {
    found(await deleteDraftRow(tx, { userId: ctx.actor.id, name }), "Draft");
    return {};
  });
}
