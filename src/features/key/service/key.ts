import { randomUUID } from "node:crypto";
import type { EventKey, Input, Key, Output } from "../../../../protocol/index.ts";
import type { Context } from "../../../kernel/context.ts";
import { AppError, found, invalid } from "../../../kernel/errors.ts";
import { transact } from "../../../kernel/transact.ts";
import {
  deleteKeyRow,
  findVisibleProjects,
  insertKey,
  listKeyRows,
  type Owner,
  renameKeyRow,
  rotateKeyRow,
} from "../repository.ts";
import { createSecret, hashSecret, prefixOf } from "../secret.ts";
import { namedOwner, ownerOfKey, streamOf } from "./owner.ts";

const MAX_KEYS = 100;

type NewKey = Output<"key.create">;

const eventKey = ({ prefix: _, lastUsedAt: __, ...key }: Key): EventKey => key;

/** The answer that is kept has no secret, and so a replay has none. */
const withSecret = (ctx: Context, kept: NewKey, secret: string): NewKey =>
  ctx.receipt.replayed ? kept : { ...kept, secret };

/** Ids of the projects that a key is for; null for all. */
async function namedProjects(ctx: Context, owner: Owner, refs: string[] | undefined): Promise<string[] | null> {
  if (refs === undefined) return null;
  const wanted = [...new Set(refs)];
  const ids = await findVisibleProjects(ctx.db, { userId: owner.id, refs: wanted });
  if (ids.length < wanted.length) throw new AppError("not_found", "Project not found");
  return ids;
}

export async function createKey(ctx: Context, input: Input<"key.create">): Promise<NewKey> {
  const { botId, label, expiresAt = null } = input;
  if (expiresAt !== null && Date.parse(expiresAt) <= ctx.now().getTime()) throw invalid("expiresAt", "has passed");
  const owner = await namedOwner(ctx, botId);
  const projectIds = await namedProjects(ctx, owner, input.projects);
  const secret = createSecret();
  const kept = await transact(ctx, streamOf(owner), async (tx) => {
    const key = await insertKey(tx, {
      id: randomUUID(),
      owner,
      label,
      prefix: prefixOf(secret),
      hash: hashSecret(secret),
      scopes: [...new Set(input.scopes)],
      projectIds,
      expiresAt,
      most: MAX_KEYS,
    });
    if (!key) throw new AppError("conflict", `There are ${MAX_KEYS} keys: revoke one first`);
    tx.emit("key.created", { key: eventKey(key) });
    return { ...key, secret: null };
  });
  return withSecret(ctx, kept, secret);
}

export async function listKeys(ctx: Context, input: Input<"key.list">): Promise<Output<"key.list">> {
  const { id: userId } = await namedOwner(ctx, input.botId);
  return listKeyRows(ctx.db, { userId, cursor: input.cursor, limit: input.limit });
}

export async function renameKey(ctx: Context, input: Input<"key.rename">): Promise<Key> {
  const owner = await ownerOfKey(ctx, input.keyId);
  return transact(ctx, streamOf(owner), async (tx) => {
    const key = found(await renameKeyRow(tx, input), "Key");
    tx.emit("key.updated", { key: eventKey(key) });
    return key;
  });
}

export async function rotateKey(ctx: Context, input: Input<"key.rotate">): Promise<NewKey> {
  const { keyId, overlapSeconds } = input;
  const owner = await ownerOfKey(ctx, keyId);
  const secret = createSecret();
  const previousExpiresAt = new Date(ctx.now().getTime() + overlapSeconds * 1000).toISOString();
  const kept = await transact(ctx, streamOf(owner), async (tx) => {
    const rotation = { keyId, prefix: prefixOf(secret), hash: hashSecret(secret), previousExpiresAt };
    const key = found(await rotateKeyRow(tx, rotation), "Key");
    tx.emit("key.rotated", { key: eventKey(key) });
    return { ...key, secret: null };
  });
  return withSecret(ctx, kept, secret);
}

export async function revokeKey(ctx: Context, { keyId }: Input<"key.revoke">): Promise<Output<"key.revoke">> {
  const owner = await ownerOfKey(ctx, keyId);
  return transact(ctx, streamOf(owner), async (tx) => {
    tx.emit("key.revoked", found(await deleteKeyRow(tx, keyId), "Key"));
    return {};
  });
}
