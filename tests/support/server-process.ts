import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { readPostmaster } from "../../src/kernel/embedded-postgres-postmaster.ts";
import { highLimits } from "./limits.ts";

const project = fileURLToPath(new URL("../..", import.meta.url));

/** A whole server as people run it: a process of its own with its own Postgres, which writes to disk for real. */
export type ServerProcess = {
  url: string;
  /** Log lines and whatever else it said. */
  said(): string;
  isRunning(): boolean;
  kill(): Promise<void>;
  /** Gives the exit code. */
  stop(): Promise<number | null>;
};

/** A folder for the data of a server, and what may be done to the Postgres in it. */
export async function createDataFolder() {
  const folder = await mkdtemp(path.join(tmpdir(), "rhythm-kill-"));
  // Postgres runs as another account when we are root.
  await chmod(folder, 0o755);
  const running: ChildProcess[] = [];
  const postmaster = async () => {
    const found = await readPostmaster(path.join(folder, "postgres"));
    return found?.state === "gone" ? undefined : found?.pid;
  };
  const killPostgres = async () => {
    const pid = await postmaster();
    if (pid !== undefined) process.kill(pid, "SIGKILL");
  };
  return {
    postmaster,
    killPostgres,
    /** Kills one of its processes, upon which it ends all others and starts again by itself. */
    async crashPostgres() {
      const dir = path.join(folder, "postgres");
      const password = await readFile(path.join(dir, "rhythm-password"), "utf8");
      const port = (await readPostmaster(dir))?.port;
      const client = new pg.Client({ connectionString: `postgres://rhythm:${password}@127.0.0.1:${port}/postgres` });
      client.on("error", () => undefined);
      await client.connect();
      const { rows } = await client.query("select pid from pg_stat_activity where application_name = 'rhythm' limit 1");
      process.kill(rows[0].pid, "SIGKILL");
    },
    async start(): Promise<ServerProcess> {
      const child = launch({ DATA_DIR: folder });
      running.push(child);
      return whenReady(child);
    },
    async remove() {
      for (const child of running) child.kill("SIGKILL");
      await killPostgres();
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

/** A server beside others, on a database that is there. */
export const startServerProcess = (settings: Record<string, string>): Promise<ServerProcess> =>
  whenReady(launch(settings));

function launch(settings: Record<string, string>): ChildProcess {
  return spawn(process.execPath, ["--import", "tsx", "src/main.ts"], {
    cwd: project,
    env: { PATH: process.env["PATH"], LANG: "C", PORT: "0", ...highLimits, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Far more than a start takes on a full machine. */
const READY_PATIENCE_MS = 60_000;

async function whenReady(child: ChildProcess): Promise<ServerProcess> {
  const ended = once(child, "exit");
  let said = "";
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (text: Buffer) => {
        said += text;
        const ready = /"address":"([^"]+)".*"msg":"ready"/.exec(said);
        if (ready?.[1]) resolve(ready[1]);
      });
    }
    void ended.then(() => reject(new Error(`the server ended before it was ready: ${said}`)));
    const late = () => {
      reject(new Error(`the server was not ready after ${READY_PATIENCE_MS} ms: ${said}`));
      if (!/"msg":"ready"/.test(said)) child.kill("SIGKILL");
    };
    setTimeout(late, READY_PATIENCE_MS).unref();
  });
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
  };
  return {
    url,
    said: () => said,
    isRunning,
    kill: () => end("SIGKILL"),
    async stop() {
      await end("SIGTERM");
      return child.exitCode;
    },
  };
}
