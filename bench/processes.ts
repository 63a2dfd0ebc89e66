import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { settingNames } from "../src/kernel/config.ts";
import { packageRoot } from "../src/kernel/package-root.ts";

export type Server = { port: number; pid: number; stop(): Promise<void> };

/** Checked, but far away. */
const limits = Object.fromEntries(
  settingNames.filter((name) => name.startsWith("RATE_LIMIT_")).map((name) => [name, "100000000"]),
);

/** All else as it comes. */
export const serverSettings = (databaseUrl: string) => ({
  DATABASE_URL: databaseUrl,
  PORT: "0",
  JWT_SECRET: "for-the-bench-only-".repeat(3),
  ACCESS_TTL_SECONDS: "86400",
  ...limits,
});
const STOP_PATIENCE_MS = 15_000;

export const builtFile = (file: string): string => fileURLToPath(new URL(`dist/${file}`, packageRoot));

/** Compiles the servers: what is measured is what `npm start` runs. */
export async function build(): Promise<void> {
  const tsc = fileURLToPath(new URL("node_modules/typescript/bin/tsc", packageRoot));
  const child = spawn(process.execPath, [tsc, "-b", fileURLToPath(new URL("bench", packageRoot))], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error("the build failed");
}

/** The product, as a process of its own. */
export const startOurs = (databaseUrl: string, nodeFlags: string[] = [], settings: object = {}): Promise<Server> =>
  startServer(["--enable-source-maps", ...nodeFlags, builtFile("src/main.js")], {
    ...serverSettings(databaseUrl),
    ...settings,
  });

export const startBare = (databaseUrl: string): Promise<Server> =>
  startServer([builtFile("bench/bare-server.js")], { DATABASE_URL: databaseUrl });

async function startServer(args: string[], env: NodeJS.ProcessEnv): Promise<Server> {
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(process.execPath, args, {
    env: { PATH, HOME, TMPDIR, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const said: string[] = [];
  const port = await new Promise<number>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${args.at(-1)} ended with ${code}: ${said.join("\n")}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const address = /"address":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(line)?.[1];
      if (address) resolve(Number(address));
      else if (said.length < 20) said.push(line);
      if (/"level":(40|50|60)/.test(line)) process.stderr.write(`${line}\n`);
    });
  });
  return { port, pid: child.pid ?? 0, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  const patience = new AbortController();
  await Promise.race([ended, sleep(STOP_PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => undefined)]);
  patience.abort();
  if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
  await ended;
}

/** proc(5): USER_HZ, 100 on all Linux. */
const MS_PER_TICK = 10;

/** User and system time that a process has used; undefined where there is no /proc. */
export function cpuMs(pid: number): number | undefined {
  if (process.platform !== "linux" || !existsSync(`/proc/${pid}`)) return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** Resident memory in MiB; undefined where there is no /proc. */
export function residentMiB(pid: number): number | undefined {
  if (process.platform !== "linux") return undefined;
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}
