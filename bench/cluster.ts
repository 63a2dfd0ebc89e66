import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import pg from "pg";
import { startEmbedded } from "../src/kernel/embedded-postgres.ts";
import { migrate } from "../src/kernel/migrate.ts";
import { cpuMs } from "./processes.ts";
import { createSeeder, type Seeder } from "./seed.ts";

/** A Postgres of our own with the settings of a real start: `fsync` and `synchronous_commit` stay on. */
export type Cluster = {
  settings: string;
  /** URL of a new database with the seeded data. */
  clone(name: string): Promise<string>;
  /** User and system time of all its processes since the call before. */
  cpuMs(): Promise<number>;
  /** URL of a new migrated database with other data. */
  create(name: string, fill: (client: pg.Client) => Promise<void>): Promise<string>;
  stop(): Promise<void>;
};

const TEMPLATE = "bench_template";

const databaseUrl = (url: string, name: string): string => Object.assign(new URL(url), { pathname: name }).href;

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export async function startCluster(fill: (seed: Seeder) => Promise<void>): Promise<Cluster> {
  const folder = await mkdtemp(path.join(tmpdir(), "rhythm-bench-"));
  // Postgres runs as another account when we are root.
  await chmod(folder, 0o755);
  const postgres = await startEmbedded({ dir: path.join(folder, "postgres") });
  const stop = async (): Promise<void> => {
    await postgres.stop();
    await rm(folder, { recursive: true, force: true });
  };
  const create: Cluster["create"] = async (name, work) => {
    const url = databaseUrl(postgres.url, name);
    await withClient(postgres.url, (admin) => admin.query(`create database ${name}`));
    await migrate(url);
    await withClient(url, work);
    return url;
  };
  try {
    await create(TEMPLATE, (client) => fill(createSeeder(client)));
  } catch (error) {
    await stop();
    throw error;
  }
  const settings = await withClient(postgres.url, async (admin) => {
    const { rows } = await admin.query<{ name: string; setting: string }>(
      "select name, setting from pg_settings where name in ('server_version', 'fsync', 'synchronous_commit')",
    );
    return rows.map(({ name, setting }) => `${name} ${setting}`).join(", ");
  });
  let times = new Map<number, number>();
  return {
    settings,
    async clone(name) {
      await withClient(postgres.url, (admin) =>
        admin.query(`create database ${name} template ${TEMPLATE} strategy file_copy`),
      );
      return databaseUrl(postgres.url, name);
    },
    async cpuMs() {
      const now = await timesOf(postgres.url);
      const spent = [...now].reduce((sum, [pid, ms]) => sum + ms - (times.get(pid) ?? 0), 0);
      times = now;
      return spent;
    },
    create,
    stop,
  };
}

/** CPU in ms of each process of Postgres. */
async function timesOf(url: string): Promise<Map<number, number>> {
  const { rows } = await withClient(url, (admin) => admin.query<{ pid: number }>("select pid from pg_stat_activity"));
  return new Map(rows.map(({ pid }) => [pid, cpuMs(pid) ?? 0]));
}
