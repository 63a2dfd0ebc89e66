import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startEmbedded } from "../../src/kernel/embedded-postgres.ts";
import { isPostgres } from "../../src/kernel/embedded-postgres-postmaster.ts";
import { freePort } from "../../src/kernel/free-port.ts";

/** A Postgres of our own that writes to disk for real, on one port through all its restarts. */
export type Postgres = {
  url: string;
  dir: string;
  /** SIGINT: fast. SIGQUIT: immediate, as a crash. SIGKILL: its main process is gone and cleans up nothing. */
  end(signal: "SIGINT" | "SIGQUIT" | "SIGKILL"): Promise<void>;
  start(): Promise<void>;
  remove(): Promise<void>;
};

const POLL_MS = 10;

export async function createFolder(name: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), `rhythm-${name}-`));
  // Postgres runs as another account when we are root.
  await chmod(folder, 0o755);
  return folder;
}

/** On a new folder, or on one that holds a copy of another's data. */
export async function startPostgres(folder?: string): Promise<Postgres> {
  const parent = folder ?? (await createFolder("drill"));
  const dir = path.join(parent, "postgres");
  const port = await freePort();
  // The last setting of a name wins.
  const flags = ["-c", `port=${port}`, "-c", "max_connections=200"];
  let running = await startEmbedded({ dir, flags });
  const end: Postgres["end"] = async (signal) => {
    process.kill(running.pid, signal);
    while (await isPostgres(running.pid)) await sleep(POLL_MS);
  };
  return {
    url: running.url,
    dir,
    end,
    async start() {
      running = await startEmbedded({ dir, flags });
    },
    async remove() {
      if (await isPostgres(running.pid)) await end("SIGQUIT");
      await rm(parent, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}
