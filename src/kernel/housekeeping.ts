import type { Pool } from "pg";
import type { Logger } from "./log.ts";

const EVERY_MS = 10 * 60_000;
/** Clients may retry for 24 h; the rest is margin. */
const ANSWER_HOURS = 48;
/** Rows a round: a delete that takes long would hold up others. */
const BATCH = 5000;

/** Does all jobs now and then. Every instance may: each job may run twice. */
export function startHousekeeping(log: Logger, jobs: (() => Promise<unknown>)[]): { stop(): void } {
  const timer = setInterval(() => {
    for (const job of jobs) {
      job().catch((error: unknown) => log.warn({ err: error }, "housekeeping failed; trying again later"));
    }
  }, EVERY_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** Removes stored answers of command ids that nobody will retry. */
export async function pruneAnswers(pool: Pool): Promise<void> {
  await pool.query(
    `delete from command_answers where ctid = any(array(
      select ctid from command_answers where created_at < now() - make_interval(hours => $1) limit $2
    ))`,
    [ANSWER_HOURS, BATCH],
  );
}
