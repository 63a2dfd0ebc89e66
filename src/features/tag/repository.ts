import { sql } from "kysely";
import type { TagRef } from "../../../protocol/index.ts";
import type { Db } from "../../kernel/db.ts";
import type { Tx } from "../../kernel/transact.ts";

/** The columns of protocol `TagRef`. */
const tagColumns = ["id", "name", "color"] as const;

/** Bytewise, in every database alike, so that clients can keep the order. */
const byName = sql<string>`name collate "C"`;

/** By name; `after` is the name of the last one seen. */
export async function listTags(
  db: Db,
  { projectId, after, limit }: { projectId: string; after?: string; limit?: number },
): Promise<TagRef[]> {
  return db
    .selectFrom("tags")
    .select(tagColumns)
    .where("projectId", "=", projectId)
    .$if(after !== undefined, (query) => query.where(byName, ">", after ?? ""))
    .$if(limit !== undefined, (query) => query.limit(limit ?? 0))
    .orderBy(byName)
    .execute();
}

/** Of those of these names that there are. */
export async function listTagIds(db: Db, projectId: string, names: string[]): Promise<string[]> {
  const rows = await db
    .selectFrom("tags")
    .select("id")
    .where("projectId", "=", projectId)
    .where((eb) => eb("name", "=", eb.fn.any(eb.val(names))))
    .execute();
  return rows.map(({ id }) => id);
}

export async function findTag(db: Db, key: { projectId: string; id: string }): Promise<TagRef | undefined> {
  return db
    .selectFrom("tags")
    .select(tagColumns)
    .where("id", "=", key.id)
    .where("projectId", "=", key.projectId)
    .executeTakeFirst();
}

/** undefined: the name is taken. */
export async function insertTag(tx: Tx, tag: Omit<TagRef, "id"> & { projectId: string }): Promise<TagRef | undefined> {
  return tx
    .insertInto("tags")
    .values(tag)
    .onConflict((conflict) => conflict.columns(["projectId", "name"]).doNothing())
    .returning(tagColumns)
    .executeTakeFirst();
}

export async function updateTagRow(tx: Tx, { id, ...fields }: TagRef): Promise<TagRef> {
  return tx.updateTable("tags").set(fields).where("id", "=", id).returning(tagColumns).executeTakeFirstOrThrow();
}

/** Takes it off all issues too, whose versions stay: the tag went, not they. */
export async function deleteTagRow(tx: Tx, { projectId, id }: { projectId: string; id: string }): Promise<void> {
  await sql`with untagged as (
      update issues set tag_ids = array_remove(tag_ids, ${id}) where project_id = ${projectId} and tag_ids <> '{}' and tag_ids @> array[${id}]::uuid[]
    ) delete from tags where id = ${id}`.execute(tx);
}
