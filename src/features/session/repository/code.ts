import { sql } from "kysely";
import type { Database } from "../../../kernel/db.ts";
import type { Tx } from "../../../kernel/transact.ts";

type NewCode = { email: string; id: string; hash: Buffer; triesLeft: number; expiresAt: string };

/** In place of the one before. */
export async function saveCode(tx: Tx, code: NewCode): Promise<void> {
  const { email, ...values } = code;
  await tx
    .insertInto("signInCodes")
    .values(code)
    .onConflict((conflict) => conflict.column("email").doUpdateSet(values))
    .execute();
}

/** Uses up a try, and gives what it is to be compared with; undefined when there is no code, or none any more. */
export async function takeTry(tx: Tx, key: { email: string; now: string }) {
  return tx
    .updateTable("signInCodes")
    .set({ triesLeft: sql`tries_left - 1` })
    .where("email", "=", key.email)
    .where("triesLeft", ">", 0)
    .where("expiresAt", ">", key.now)
    .returning(["id", "hash"])
    .executeTakeFirst();
}

/** Forgets codes that nobody can use any more. */
export async function pruneCodes(pool: Database["pool"]): Promise<number> {
  const { rowCount } = await pool.query("delete from sign_in_codes where expires_at < now()");
  return rowCount ?? 0;
}
