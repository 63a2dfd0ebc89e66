import { randomUUID } from "node:crypto";
import type { Bot, Change, Input, Output } from "../../../protocol/index.ts";
import type { OrgContext } from "../../kernel/context.ts";
import { found } from "../../kernel/errors.ts";
import { projectStream } from "../../kernel/event-log.ts";
import { toPage } from "../../kernel/page.ts";
import { transact } from "../../kernel/transact.ts";
import { readNameCursor } from "../org/by-name.ts";
import { changesOf } from "../org/changes.ts";
import { findRoom } from "../plan/repository.ts";
import { checkRoom } from "../plan/service/quota.ts";
import { deleteBotRow, findBot, insertBot, listBotRows, updateBotRow } from "./repository.ts";

export async function createBot(ctx: OrgContext, { name }: Input<"bot.create">): Promise<Bot> {
  const { id: orgId, stream } = ctx.org;
  return transact(ctx, stream, async (tx) => {
    checkRoom("members", found(await findRoom(tx, "members", orgId), "Organization"));
    const bot = await insertBot(tx, { id: randomUUID(), orgId, name, now: ctx.now().toISOString() });
    tx.emit("bot.created", { bot });
    return bot;
  });
}

export async function listBots(ctx: OrgContext, { cursor, limit }: Input<"bot.list">): Promise<Output<"bot.list">> {
  const rows = await listBotRows(ctx.db, { orgId: ctx.org.id, after: readNameCursor(cursor), limit: limit + 1 });
  return toPage(rows, limit, ({ name, id }) => [name, id]);
}

export async function updateBot(ctx: OrgContext, { botId, patch }: Input<"bot.update">): Promise<Bot> {
  const { id: orgId, stream } = ctx.org;
  return transact(ctx, stream, async (tx) => {
    const present = found(await findBot(tx, { orgId, botId }), "Bot");
    const changes = changesOf(present, patch);
    if (changes.length === 0) return present;
    const { user, streams, ...bot } = await updateBotRow(tx, { orgId, botId, patch });
    tx.emit("bot.updated", { bot }, { changes });
    for (const shown of streams) tx.emit("profile.updated", { user }, { stream: shown, changes });
    return bot;
  });
}

export async function suspendBot(ctx: OrgContext, { botId, suspended }: Input<"bot.suspend">): Promise<Bot> {
  const { id: orgId, stream } = ctx.org;
  return transact(ctx, stream, async (tx) => {
    const present = found(await findBot(tx, { orgId, botId }), "Bot");
    if ((present.suspendedAt !== null) === suspended) return present;
    const patch = { suspendedAt: suspended ? ctx.now().toISOString() : null };
    const { user: _, streams: __, ...bot } = await updateBotRow(tx, { orgId, botId, patch });
    const changes: Change[] = [{ field: "suspendedAt", from: present.suspendedAt, to: bot.suspendedAt }];
    tx.emit(suspended ? "bot.suspended" : "bot.updated", { bot }, { changes });
    return bot;
  });
}

export async function deleteBot(ctx: OrgContext, { botId }: Input<"bot.delete">): Promise<Output<"bot.delete">> {
  const { id: orgId, stream } = ctx.org;
  return transact(ctx, stream, async (tx) => {
    const projectIds = found(await deleteBotRow(tx, { orgId, botId, now: ctx.now().toISOString() }), "Bot");
    tx.emit("bot.deleted", { botId });
    for (const id of projectIds) tx.emit("project.member_removed", { userId: botId }, { stream: projectStream(id) });
    return {};
  });
}
