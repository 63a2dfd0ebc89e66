import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { statements } from "./bare-statements.ts";
import { org, projectId, stageId, userId } from "./seed.ts";

const run = promisify(execFile);

export const hasPgbench = (): Promise<boolean> =>
  run("pgbench", ["--version"]).then(
    () => true,
    () => false,
  );

/** Puts SQL in the places of $1, $2 and so on. */
const fill = (statement: string, values: string[]): string =>
  statement.replace(/\$(\d)/g, (_, place) => values[Number(place) - 1] ?? "null");
const numbered = (someId: string, n: string): string => `('${someId.slice(0, 24)}' || lpad(${n}, 12, '0'))::uuid`;

// pgbench takes ":name" for a variable even within quotes. "\\gset" makes variables of the columns, and fails without a row.
const project = numbered(projectId(0), ":home");
const stream = `'project' || chr(58) || '${projectId(0).slice(0, 24)}' || lpad(:home, 12, '0')`;
const anyRank = "'b' || :any";

// Each client has projects of its own, as the clients of the other sides.
const begin = `\\set home 1 + mod(:client_id, :homes) + :clients * random(0, :share - 1)
\\set issue random(1, 100)
\\set stage :home * 10 + random(0, 2)
\\set any random(1, 1000000000)
begin;
${fill(statements.lockStream, [stream])} \\gset`;
const end = (type: string): string =>
  `${fill(statements.insertEvent, [stream, `'${type}'`, `'${userId(1)}'`, ":number", ":data"])} \\gset\ncommit;\n`;

const scripts = {
  "issue.create": `${begin}
${fill(statements.findPlaceForNew, [project])} \\gset
${fill(statements.insertIssue, [project, "'Fix the cart after a reload'", ":stageId", anyRank, `'${userId(1)}'`, ":status"])} \\gset
${end("issue.created")}`,
  "issue.move": `${begin}
${fill(statements.findForMove, [project, ":issue", numbered(stageId(0, 0), ":stage")])} \\gset
${fill(statements.updateIssue, [":id", numbered(stageId(0, 0), ":stage"), anyRank, ":newStatus"])} \\gset
${end("issue.moved")}`,
};
/** Of the size of the real ones. */
const eventData = {
  "issue.create": { issue: { org: org.id, filler: "x".repeat(560) } },
  "issue.move": { number: 1, changes: { filler: "x".repeat(150) } },
};

export type Script = keyof typeof scripts;
type Load = { url: string; clients: number; projects: number; seconds: number };

/** Commands per second of the bare server's statements, without any server of ours. */
export async function runPgbench(name: Script, { url, clients, projects, seconds }: Load): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), "rhythm-pgbench-"));
  const file = path.join(folder, "script.sql");
  await writeFile(file, scripts[name]);
  const { hostname, port, username, password, pathname } = new URL(url);
  const share = projects === 1 ? 1 : Math.floor(projects / clients);
  const variables = {
    homes: projects,
    clients: projects === 1 ? 0 : clients,
    share,
    data: JSON.stringify(eventData[name]),
  };
  try {
    const { stdout } = await run(
      "pgbench",
      [
        ...["-n", "-M", "prepared", "-c", String(clients), "-T", String(Math.max(1, Math.round(seconds))), "-f", file],
        ...Object.entries(variables).flatMap(([variable, value]) => ["-D", `${variable}=${value}`]),
        pathname.slice(1),
      ],
      { env: { ...process.env, PGHOST: hostname, PGPORT: port, PGUSER: username, PGPASSWORD: password } },
    );
    const tps = Number(/tps = ([\d.]+) \(without/.exec(stdout)?.[1]);
    if (!(tps > 0) || !/failed transactions: 0 /.test(stdout)) throw new Error(`pgbench said: ${stdout}`);
    return tps;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
