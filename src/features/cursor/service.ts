import type { Cursor, Input } from "../../../protocol/index.ts";
import type { Context } from "../../kernel/context.ts";
import { AppError, invalid } from "../../kernel/errors.ts";
import { transact } from "../../kernel/transact.ts";
import { findCursor, moveCursor } from "./repository.ts";

/** Of one user in one stream: a program has few, and none of them is ever pruned. */
const MAX_CURSORS = 100;

export async function getCursor(ctx: Context, input: Input<"cursor.get">): Promise<Cursor> {
  const { head: _, ...cursor } = await findCursor(ctx.db, { userId: ctx.actor.id, ...input });
  return cursor;
}

/** In no stream's turn: nobody hears of it, so it waits for nobody, and a busy project does not wait for its bots. */
export async function commitCursor(ctx: Context, { stream, name, seq }: Input<"cursor.commit">): Promise<Cursor> {
  const key = { userId: ctx.actor.id, stream, name };
  return transact(ctx, `cursors of ${ctx.actor.id}`, async (tx) => {
    const moved = await moveCursor(tx, { ...key, seq, most: MAX_CURSORS });
    if (moved) return moved;
    const { head } = await findCursor(tx, key);
    if (seq > head) throw invalid("seq", `beyond the head of the stream, ${head}`);
    throw new AppError("conflict", `You have ${MAX_CURSORS} cursors in this stream: use one of those`);
  });
}
