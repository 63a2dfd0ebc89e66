/**
 * Runs the Postgres that npm installed, for servers without DATABASE_URL.
 * - Postgres is a process of its own: it outlives us when we are killed, and the next start finds it by its pid file.
 * - Whoever uses it holds a shared advisory lock; the system frees it when a process dies, however it dies.
 * - Whoever leaves frees its lock and stops Postgres only if it then gets the lock alone, so the last to leave stops it.
 *   Nobody else gets in meanwhile: a newcomer waits for the lock, loses its connection and starts Postgres again.
 */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client, DatabaseError } from "pg";
import { type Cluster, openCluster, superuser } from "./embedded-postgres-cluster.ts";
import {
  explainEnd,
  isPostgres,
  type Launch,
  launchPostgres,
  logOf,
  readPostmaster,
} from "./embedded-postgres-postmaster.ts";

export type EmbeddedPostgres = {
  url: string;
  pid: number;
  /** It ran already: left behind by a killed server, or in use by another one. */
  adopted: boolean;
  /** Stops Postgres unless another server still uses it. Close your own connections first. */
  stop(): Promise<void>;
};

const pollMs = 10;
const retryMs = 200;
const launchesAtMost = 10;
const patienceMs = 60_000;
const useLock = "hashtext('rhythm embedded postgres')";

/** Starts Postgres on the data folder `dir`, or joins the one that runs there; `flags` count only for a start. */
export async function startEmbedded(options: { dir: string; flags?: string[] }): Promise<EmbeddedPostgres> {
  try {
    const cluster = await openCluster(path.resolve(options.dir));
    return await startOrJoin(cluster, options.flags ?? []);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const advice = "Set DATABASE_URL to use another Postgres, or DATA_DIR to keep the data elsewhere.";
    throw new Error(`The embedded Postgres cannot run in ${options.dir}: ${reason}. ${advice}`, { cause });
  }
}

async function startOrJoin(cluster: Cluster, flags: string[]): Promise<EmbeddedPostgres> {
  let launch: Launch | undefined;
  let launches = 0;
  for (const giveUpAt = Date.now() + patienceMs; Date.now() < giveUpAt; await sleep(pollMs)) {
    const found = await readPostmaster(cluster.dir);
    if (found?.state === "ready") {
      const url = `postgres://${superuser}:${cluster.password}@127.0.0.1:${found.port}/postgres`;
      const use = await takeUse(url);
      if (use) return hold({ url, pid: found.pid, adopted: found.pid !== launch?.pid }, use);
    } else if (found?.state !== "busy" && (launch === undefined || launch.ended)) {
      if (launch && launches === launchesAtMost) throw new Error(await explainEnd(cluster.dir, launch));
      // What fails once may pass: the port was taken, or a killed Postgres has backends that still end.
      if (launch) await sleep(retryMs);
      launch = await launchPostgres(cluster, flags, found?.pid);
      launches += 1;
    }
  }
  throw new Error(`it was not ready after ${patienceMs / 1000} s, see ${logOf(cluster.dir)}`);
}

/** Holds the lock of those who use Postgres; undefined while it is starting or stopping. */
async function takeUse(url: string): Promise<Client | undefined> {
  const client = await connect(url);
  try {
    await client?.query(`select pg_advisory_lock_shared(${useLock})`);
    return client;
  } catch {
    await client?.end();
    return undefined;
  }
}

function hold(running: Omit<EmbeddedPostgres, "stop">, use: Client): EmbeddedPostgres {
  let stopped: Promise<void> | undefined;
  const leave = async () => {
    await use.query(`select pg_advisory_unlock_shared(${useLock})`).catch(() => undefined);
    await use.end();
    await stopUnlessUsed(running);
  };
  return {
    ...running,
    stop: () => {
      stopped ??= leave();
      return stopped;
    },
  };
}

async function stopUnlessUsed({ url, pid }: { url: string; pid: number }): Promise<void> {
  const client = await connect(url);
  if (!client) return;
  const alone = await client.query<{ alone: boolean }>(`select pg_try_advisory_lock(${useLock}) as alone`).then(
    ({ rows }) => rows[0]?.alone,
    () => false,
  );
  if (alone) {
    process.kill(pid, "SIGINT");
    while (await isPostgres(pid)) await sleep(pollMs);
  }
  await client.end();
}

/** undefined when Postgres does not take connections now. */
async function connect(url: string): Promise<Client | undefined> {
  const client = new Client({ connectionString: url, application_name: "rhythm embedded" });
  // A lost connection frees the lock; the server notices by its own connections.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end();
    const wrongPassword = error instanceof DatabaseError && error.code === "28P01";
    if (wrongPassword) throw new Error("the Postgres on its port has another password", { cause: error });
    return undefined;
  }
}
