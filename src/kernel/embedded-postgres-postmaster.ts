import { spawn } from "node:child_process";
import { open, readFile } from "node:fs/promises";
import path from "node:path";
import type { Cluster } from "./embedded-postgres-cluster.ts";
import { freePort } from "./free-port.ts";

/** Postgres's main process, as its pid file tells; `gone` when the file outlived it. */
export type Postmaster = { pid: number; port: number; state: "ready" | "busy" | "gone" };
/** A start of ours; `ended` says how it went down, as all but one do when several start at once. */
export type Launch = { pid: number | undefined; logFrom: number; ended?: string };

export async function readPostmaster(dir: string): Promise<Postmaster | undefined> {
  const text = await readFile(path.join(dir, "postmaster.pid"), "utf8").catch(() => "");
  // One a line: pid, folder, start time, port, socket folder, address, memory key, status.
  const [pid, , , port, , , , status] = text.split("\n");
  if (!Number(pid)) return undefined;
  const state = !(await isPostgres(Number(pid))) ? "gone" : status?.trim() === "ready" ? "ready" : "busy";
  return { pid: Number(pid), port: Number(port), state };
}

/** Whether Postgres runs under this pid: not another program, nor a zombie, which lasts where init does not reap. */
export async function isPostgres(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
    if (process.platform !== "linux") return true;
    return /^\d+ \(postgres\) [^ZX]/.test(await readFile(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

export async function launchPostgres(cluster: Cluster, flags: string[], gonePid: number | undefined): Promise<Launch> {
  const { dir, binaries, options } = cluster;
  const settings = [`port=${await freePort()}`, "listen_addresses=127.0.0.1", "unix_socket_directories="];
  const log = await open(logOf(dir), "a");
  const logFrom = (await log.stat()).size;
  const child = spawn(binaries.postgres, ["-D", dir, ...settings.flatMap((setting) => ["-c", setting]), ...flags], {
    ...options,
    // pg_ctl's way to say whose pid file to ignore. Deleting the file would skip the check for surviving backends.
    env: { ...options.env, ...(gonePid && { PG_GRANDPARENT_PID: String(gonePid) }) },
    // Ctrl-C goes to the whole process group, and Postgres must outlive our last query.
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
  });
  const launch: Launch = { pid: child.pid, logFrom };
  child.once("error", (error) => {
    launch.ended = error.message;
  });
  child.once("exit", (code, signal) => {
    launch.ended ??= `it ended with ${signal ?? code}`;
  });
  child.unref();
  await log.close();
  return launch;
}

/** Why a launch ended: Postgres's last complaint since then, and where to read on. */
export async function explainEnd(dir: string, { ended, logFrom }: Launch): Promise<string> {
  const lines = (await readFile(logOf(dir))).subarray(logFrom).toString().split("\n");
  const complaint = lines.findLast((line) => /(FATAL|PANIC):/.test(line))?.replace(/^.*?(FATAL|PANIC): +/, "");
  return `${complaint ?? ended}, see ${logOf(dir)}`;
}

export const logOf = (dir: string) => `${dir}.log`;
