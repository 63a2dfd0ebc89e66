import { sql } from "kysely";
import type { Transition } from "../../../protocol/index.ts";
import type { Db } from "../../kernel/db.ts";
import type { Tx } from "../../kernel/transact.ts";

export async function findTransitions(db: Db, projectId: string): Promise<Transition[] | undefined> {
  const row = await db
    .selectFrom("projects")
    .select(sql<Transition[]>`transitions`.as("transitions"))
    .where("id", "=", projectId)
    .executeTakeFirst();
  return row?.transitions;
}

export async function updateTransitions(tx: Tx, projectId: string, transitions: Transition[]): Promise<void> {
  await tx
    .updateTable("projects")
    .set({ transitions: JSON.stringify(transitions) })
    .where("id", "=", projectId)
    .execute();
}
