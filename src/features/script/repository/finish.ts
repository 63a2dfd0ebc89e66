/** What the runner writes. */
import { sql } from "kysely";
import type { ScriptRun } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";
import type { Tx } from "../../../kernel/transact.ts";

/** A run that is over, as it is kept: the project by its id. */
export type FinishedRun = Omit<ScriptRun, "project"> & { projectId: string | null };

/** One that is there already, from an instance that was thought dead, is left as it is. */
export async function insertRuns(tx: Tx, runs: FinishedRun[]): Promise<void> {
  const rows = runs.map(({ error, ...run }) => ({ ...run, error: error && JSON.stringify(error) }));
  await tx
    .insertInto("scriptRuns")
    .values(rows)
    .onConflict((conflict) => conflict.column("id").doNothing())
    .execute();
}

/**
 * How many runs have failed in a row by now: `inRow` of these, and those before unless `since` one went well. undefined
 * when the script is gone. Most go well, and then nothing is written.
 */
export async function countFailures(
  tx: Tx,
  { scriptId, since, inRow }: { scriptId: string; since: boolean; inRow: number },
): Promise<number | undefined> {
  const { rows } = await sql<{ failures: number }>`
    with present as (
      select id, ${inRow}::int + case when ${since} then 0 else failures end as failures
      from scripts where id = ${scriptId} for no key update
    ), changed as (
      update scripts set failures = present.failures from present
      where scripts.id = present.id and scripts.failures <> present.failures
    ) select failures from present`.execute(tx);
  return rows[0]?.failures;
}

/** How the last runs ended, latest first: the code of the error, or null. */
export async function listLastErrors(
  db: Db,
  { scriptId, limit }: { scriptId: string; limit: number },
): Promise<(string | null)[]> {
  const rows = await db
    .selectFrom("scriptRuns")
    .select(sql<string | null>`error ->> 'code'`.as("code"))
    .where("scriptId", "=", scriptId)
    .where("trigger", "<>", "manual")
    .orderBy("finishedAt", "desc")
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
  return rows.map(({ code }) => code);
}

/** Goes on to the next tick; false when another instance has done so. */
export async function moveTick(
  tx: Tx,
  { scriptId, place, from, to }: { scriptId: string; place: number; from: string; to: string | null },
): Promise<boolean> {
  const { rows } = await sql`
    update script_schedules
    set next_at = ${to}, attempt = 1, retry_at = null, claimed_by = null, claimed_until = null
    where script_id = ${scriptId} and place = ${place} and next_at = ${from}
    returning place`.execute(tx);
  return rows.length > 0;
}
