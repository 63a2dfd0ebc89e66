import { sql } from "kysely";
import type { Db } from "../../../kernel/db.ts";

export type ScriptPlace = { orgId: string; orgSlug: string; projectId: string | null; projectRef: string | null };

/** Where a script is; undefined when there is none. */
export async function findScriptPlace(db: Db, scriptId: string): Promise<ScriptPlace | undefined> {
  return db
    .selectFrom("scripts")
    .innerJoin("orgs", "orgs.id", "scripts.orgId")
    .leftJoin("projects", "projects.id", "scripts.projectId")
    .select(["scripts.orgId", "orgs.slug as orgSlug", "scripts.projectId"])
    .select(sql<string | null>`orgs.slug || '/' || projects.slug`.as("projectRef"))
    .where("scripts.id", "=", scriptId)
    .executeTakeFirst();
}
