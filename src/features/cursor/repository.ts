import { sql } from "kysely";
import type { Cursor } from "../../../protocol/index.ts";
import type { Db } from "../../kernel/db.ts";
import type { Tx } from "../../kernel/transact.ts";

type Key = { userId: string; stream: string; name: string };

/** Where the cursor stands, at 0 before the first commit, and the head of its stream. */
export async function findCursor(db: Db, { userId, stream, name }: Key): Promise<Cursor & { head: number }> {
  return db
    .selectFrom("streams")
    .leftJoin("cursors", (join) =>
      join.onRef("cursors.stream", "=", "streams.id").on("cursors.userId", "=", userId).on("cursors.name", "=", name),
    )
    .select(["streams.id as stream", sql<string>`cast(${name} as text)`.as("name"), "streams.epoch"])
    .select([sql<number>`coalesce(cursors.seq, 0)`.as("seq"), "cursors.updatedAt", "streams.seq as head"])
    .where("streams.id", "=", stream)
    .executeTakeFirstOrThrow();
}

/** Moves the cursor, never back; undefined when the seq lies beyond the head, or there are `most` others already. */
export async function moveCursor(
  tx: Tx,
  { userId, stream, name, seq, most }: Key & { seq: number; most: number },
): Promise<Cursor | undefined> {
  const { rows } = await sql<Cursor>`
    with head as (select id, epoch from streams where id = ${stream} and seq >= ${seq}), moved as (
      insert into cursors (user_id, stream, name, seq)
      select ${userId}::uuid, head.id, ${name}, ${seq}::bigint from head
      where (select count(*) from cursors where user_id = ${userId} and stream = ${stream} and name <> ${name}) < ${most}
      on conflict (user_id, stream, name) do update set
        seq = greatest(cursors.seq, excluded.seq),
        updated_at = case when excluded.seq > cursors.seq then now() else cursors.updated_at end
      returning stream, name, seq, updated_at
    )
    select stream, name, epoch, seq, updated_at from moved join head on head.id = stream`.execute(tx);
  return rows[0];
}
