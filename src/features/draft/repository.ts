import { sql } from "kysely";
import type { Draft, DraftHead } from "../../../protocol/index.ts";
import type { Db } from "../../kernel/db.ts";
import type { Tx } from "../../kernel/transact.ts";

type Key = { userId: string; name: string };
const headColumns = ["name", "version", "updatedAt"] as const;

/** Latest first. */
export async function listDraftHeads(db: Db, userId: string): Promise<DraftHead[]> {
  return db
    .selectFrom("drafts")
    .select(headColumns)
    .where("userId", "=", userId)
    .orderBy("updatedAt", "desc")
    .orderBy("name")
    .execute();
}

export async function findDraft(db: Db, { userId, name }: Key): Promise<Draft | undefined> {
  return db
    .selectFrom("drafts")
    .select(headColumns)
    .select(sql<Draft["payload"]>`payload`.as("payload"))
    .where("userId", "=", userId)
    .where("name", "=", name)
    .executeTakeFirst();
}

/** The version of a draft, 0 without one, and how many drafts the user has under other names. */
export async function findStanding(db: Db, { userId, name }: Key): Promise<{ version: number; otherCount: number }> {
  return db
    .selectFrom("drafts")
    .select([
      sql<number>`coalesce(max(version) filter (where name = ${name}), 0)`.as("version"),
      sql<number>`count(*) filter (where name <> ${name})`.as("otherCount"),
    ])
    .where("userId", "=", userId)
    .executeTakeFirstOrThrow();
}

/** `payload` is JSON. */
export async function saveDraftRow(tx: Tx, { payload, ...key }: Key & { payload: string }): Promise<DraftHead> {
  return tx
    .insertInto("drafts")
    .values({ ...key, payload: sql`cast(${payload} as jsonb)` })
    .onConflict((conflict) =>
      conflict.columns(["userId", "name"]).doUpdateSet({
        payload: sql`excluded.payload`,
        version: sql`drafts.version + 1`,
        updatedAt: sql`now()`,
      }),
    )
    .returning(headColumns)
    .executeTakeFirstOrThrow();
}

export async function deleteDraftRow(tx: Tx, { userId, name }: Key): Promise<{ name: string } | undefined> {
  return tx
    .deleteFrom("drafts")
    .where("userId", "=", userId)
    .where("name", "=", name)
    .returning("name")
    .executeTakeFirst();
}
