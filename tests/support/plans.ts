import pg from "pg";
import { createDatabase, type Running, startApp } from "./harness.ts";

/** How one node of a plan read a table: how often, which rows, kept or not, and the blocks of table and index. */
export type Scan = { table: string; by: string; loops: number; rows: number; blocks: number };
export type Plan = { query: string; scans: Scan[] };

type Node = {
  "Node Type": string;
  "Relation Name"?: string;
  "Index Name"?: string;
  "Actual Rows": number;
  "Actual Loops": number;
  "Rows Removed by Filter"?: number;
  "Rows Removed by Index Recheck"?: number;
  "Shared Hit Blocks": number;
  "Shared Read Blocks": number;
  Plans?: Node[];
};

function scansOf(node: Node): Scan[] {
  const inner = (node.Plans ?? []).flatMap(scansOf);
  const table = node["Relation Name"];
  if (table === undefined || !node["Node Type"].endsWith("Scan")) return inner;
  const removed = (node["Rows Removed by Filter"] ?? 0) + (node["Rows Removed by Index Recheck"] ?? 0);
  const loops = node["Actual Loops"];
  const rows = Math.round((node["Actual Rows"] + removed) * loops);
  const blocks = node["Shared Hit Blocks"] + node["Shared Read Blocks"];
  return [{ table, by: node["Index Name"] ?? node["Node Type"], loops, rows, blocks }, ...inner];
}

export type Explained = Running & { plansOf(act: () => Promise<unknown>): Promise<Plan[]> };

/**
 * A server on a database that was filled first, which tells how it carries out each statement, with the parameters that
 * were really sent; the statements within functions too.
 */
export async function startExplained(fill: (client: pg.Client) => Promise<void>): Promise<Explained> {
  const databaseUrl = await createDatabase();
  const admin = new pg.Client({ connectionString: databaseUrl });
  await admin.connect();
  await fill(admin);
  const database = new URL(databaseUrl).pathname.slice(1);
  for (const setting of [
    "session_preload_libraries = 'auto_explain'",
    "auto_explain.log_min_duration = 0",
    "auto_explain.log_level = 'notice'",
    "auto_explain.log_format = 'json'",
    "auto_explain.log_analyze = on",
    "auto_explain.log_buffers = on",
    "auto_explain.log_timing = off",
    "auto_explain.log_nested_statements = on",
  ]) {
    await admin.query(`alter database ${database} set ${setting}`);
  }
  await admin.end();

  const app = await startApp({
    databaseUrl,
    pollMs: 3_600_000,
    headEveryMs: 3_600_000,
    sweepMs: null,
    usageFlushMs: null,
  });
  let plans: Plan[] = [];
  const heard = new WeakSet<pg.PoolClient>();
  app.parts.database.pool.on("acquire", (client) => {
    if (heard.has(client)) return;
    heard.add(client);
    client.on("notice", ({ message }) => {
      const json = message?.slice(message.indexOf("{"));
      if (!message?.startsWith("duration:") || !json) return;
      const { "Query Text": query, Plan: root } = JSON.parse(json) as { "Query Text": string; Plan: Node };
      plans.push({ query, scans: scansOf(root) });
    });
  });
  return {
    ...app,
    async plansOf(act) {
      plans = [];
      await act();
      return plans;
    },
  };
}
