import { sql } from "kysely";
import type { ScriptRun } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";
import { behind, cursorValues, type Order, readAfter, timeKey, toPage, uuidKey } from "../../../kernel/page.ts";

/** The columns of protocol `ScriptRun`. */
export const runColumns = [
  "scriptRuns.id",
  "scriptRuns.scriptId",
  "scriptRuns.revision",
  sql<string | null>`(
    select orgs.slug || '/' || projects.slug from projects join orgs on orgs.id = projects.org_id
    where projects.id = script_runs.project_id
  )`.as("project"),
  sql<ScriptRun["trigger"]>`script_runs.trigger`.as("trigger"),
  "scriptRuns.stream",
  "scriptRuns.seq",
  "scriptRuns.eventType",
  "scriptRuns.scheduledFor",
  "scriptRuns.depth",
  "scriptRuns.attempt",
  sql<ScriptRun["status"]>`script_runs.status`.as("status"),
  sql<ScriptRun["error"]>`script_runs.error`.as("error"),
  "scriptRuns.output",
  "scriptRuns.durationMs",
  "scriptRuns.cpuMs",
  "scriptRuns.memoryBytes",
  "scriptRuns.hostCalls",
  "scriptRuns.mutations",
  "scriptRuns.startedAt",
  "scriptRuns.finishedAt",
] as const;

const latestFirst: Order = {
  name: "runs",
  keys: [timeKey(sql`script_runs.finished_at`), uuidKey(sql`script_runs.id`)],
  direction: "desc",
};

type Asked = {
  scriptId: string;
  status: ScriptRun["status"] | undefined;
  cursor: string | null | undefined;
  limit: number;
};

/** A page, latest first. */
export async function listRunRows(db: Db, of: Asked): Promise<{ items: ScriptRun[]; nextCursor: string | null }> {
  const after = readAfter(latestFirst, of.cursor);
  const { status } = of;
  let query = db
    .selectFrom("scriptRuns")
    .select(runColumns)
    .select(cursorValues(latestFirst).as("cursorValues"))
    .where("scriptId", "=", of.scriptId)
    .orderBy("finishedAt", "desc")
    .orderBy("id", "desc");
  if (status !== undefined) query = query.where("status", "=", status);
  if (after) query = query.where(behind(latestFirst, after));
  const page = toPage(await query.limit(of.limit + 1).execute(), of.limit, (row) => row.cursorValues);
  return { items: page.items.map(({ cursorValues: _, ...run }) => run), nextCursor: page.nextCursor };
}
