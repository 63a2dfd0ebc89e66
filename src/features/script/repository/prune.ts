import { sql } from "kysely";
import type { Db } from "../../../kernel/db.ts";

/** Rows a round: a delete that takes long would hold up others. */
const BATCH = 5000;

/** Deletes the logs of runs that are older than 30 days. */
export async function pruneRuns(db: Db): Promise<void> {
  await sql`delete from script_runs where ctid = any(array(
      select ctid from script_runs where finished_at < now() - interval '30 days' limit ${BATCH}
    ))`.execute(db);
}

/** Deletes the positions of scripts that went with their project, or that were claimed as they were disabled. */
export async function prunePositions(db: Db): Promise<void> {
  await sql`delete from positions where ctid = any(array(
      select ctid from positions where consumer like 'script:%'
        and not exists (select from scripts where scripts.enabled and 'script:' || scripts.id = consumer) limit ${BATCH}
    ))`.execute(db);
}
