/** A server in a process of its own, to be attacked; and a second instance on its database, to set scenes and look. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createDatabase, type Running, startApp } from "../support/harness.ts";
import { highLimits } from "../support/limits.ts";

/** ATTACK_LONG=1 runs the long forms, with the figures that docs and issues speak of. */
const isLong = process.env["ATTACK_LONG"] === "1";
export const size = (short: number, long: number): number => (isLong ? long : short);

/** One line of figures for each attack. */
export const report = (attack: string, figures: object): void =>
  void process.stdout.write(`${JSON.stringify({ attack, form: isLong ? "long" : "short", ...figures })}\n`);

export type Target = {
  url: string;
  near: Running;
  /** All that it wrote to its log, and whatever else. */
  said(): string;
  isRunning(): boolean;
  /** Resident memory in MB; undefined where the system does not tell. */
  memory(): number | undefined;
  /** Gives the exit code. */
  stop(): Promise<number | null>;
};

const project = fileURLToPath(new URL("../..", import.meta.url));
const secret = "for-tests-only-".repeat(3);

export async function openTarget(settings: Record<string, string> = {}): Promise<Target> {
  const databaseUrl = await createDatabase();
  const near = await startApp({ databaseUrl, settings: { JWT_SECRET: settings["JWT_SECRET"] ?? secret } });
  const env = { PATH: process.env["PATH"], LANG: "C", PORT: "0", LOG_LEVEL: "info", JWT_SECRET: secret };
  const child = spawn(process.execPath, ["--import", "tsx", "src/main.ts"], {
    cwd: project,
    env: { ...env, ...highLimits, DATABASE_URL: databaseUrl, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = once(child, "exit");
  const { url, said } = await whenReady(child, ended);
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  return {
    url,
    near,
    said,
    isRunning,
    memory: () => memoryOf(child.pid),
    async stop() {
      await near.close();
      if (isRunning()) child.kill("SIGTERM");
      await ended;
      return child.exitCode;
    },
  };
}

async function whenReady(child: ChildProcess, ended: Promise<unknown>) {
  let text = "";
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (more: Buffer) => {
        text += more;
        const ready = /"address":"([^"]+)".*"msg":"ready"/.exec(text);
        if (ready?.[1]) resolve(ready[1]);
      });
    }
    void ended.then(() => reject(new Error(`the server ended before it was ready: ${text}`)));
  });
  return { url, said: () => text };
}

function memoryOf(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
  } catch {
    return undefined;
  }
}

/** What was logged as a fault: nothing that people send may cause one. */
export const faultsIn = (said: string): string[] =>
  said.split("\n").filter((line) => /"level":(50|60)/.test(line) || (line !== "" && /^\s+at |Error:/.test(line)));

/** How many rows there are, by table; heartbeats aside. */
export async function countRows({ near }: { near: Running }): Promise<Record<string, number>> {
  const { pool } = near.parts.database;
  const { rows: tables } = await pool.query(
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_name <> 'instances'",
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    const { rows } = await pool.query(`select count(*)::int as count from "${name}"`);
    counts[name] = rows[0].count;
  }
  return counts;
}

/** The value below which a share of the values lie. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) / 10;
}

export function tally(words: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}
