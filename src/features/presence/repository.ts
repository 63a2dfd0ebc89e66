import type { Db } from "../../kernel/db.ts";

export async function findDisplayName(db: Db, userId: string): Promise<string | undefined> {
  const user = await db.selectFrom("users").select("displayName").where("id", "=", userId).executeTakeFirst();
  return user?.displayName;
}
