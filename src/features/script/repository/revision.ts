import { sql } from "kysely";
import type { Script, UserRef } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";
import { behind, cursorValues, intKey, type Order, readAfter } from "../../../kernel/page.ts";
import { userRef } from "../../org/person.ts";

const newestFirst: Order = { name: "revisions", keys: [intKey(sql`script_revisions.number`)], direction: "desc" };

/** Newest first. */
export async function listRevisionRows(
  db: Db,
  of: { scriptId: string; cursor: string | null | undefined; limit: number },
) {
  const after = readAfter(newestFirst, of.cursor);
  return db
    .selectFrom("scriptRevisions")
    .select(["number", "createdAt", "source"])
    .select([
      sql<UserRef>`(select ${userRef} from users where users.id = script_revisions.author_id)`.as("author"),
      sql<Script["params"]>`params`.as("params"),
      cursorValues(newestFirst).as("cursorValues"),
    ])
    .where("scriptId", "=", of.scriptId)
    .$if(after !== undefined, (query) => query.where(behind(newestFirst, after ?? [])))
    .orderBy("number", "desc")
    .limit(of.limit)
    .execute();
}
