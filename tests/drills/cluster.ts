/** Real processes: servers as `npm start` runs them, Postgres that writes to disk, Redis, and a balancer in front. */
import pg from "pg";
import { serverSettings } from "../../bench/processes.ts";
import { createSeeder } from "../../bench/seed.ts";
import { migrate } from "../../src/kernel/migrate.ts";
import { type RedisServer, startRedis } from "../support/redis.ts";
import { type Balancer, startBalancer } from "./balancer.ts";
import { createInstance, type Instance } from "./instance.ts";
import { type Postgres, startPostgres } from "./postgres.ts";

export type Cluster = {
  /** Of the balancer. */
  url: string;
  postgres: Postgres;
  redis: RedisServer | undefined;
  instances: Instance[];
  balancer: Balancer;
  /** Settings of a further instance. */
  settings: NodeJS.ProcessEnv;
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** The sum of a metric's lines that contain all of `labels`, over the instances that answer. */
  metric(name: string, ...labels: string[]): Promise<number>;
  crashes(): number;
  stop(): Promise<void>;
};

export type Size = {
  instances: number;
  people: number;
  projects: number;
  /** In each project at the start. */
  issues?: number;
  /** In one more project, which nobody works on. */
  big?: number;
  redis?: boolean;
  settings?: NodeJS.ProcessEnv;
};

export async function withDatabase<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

export async function readMetric(url: string, name: string, labels: readonly string[]): Promise<number> {
  const text = await fetch(`${url}/metrics`, { signal: AbortSignal.timeout(5000) }).then(
    (response) => response.text(),
    () => "",
  );
  return text
    .split("\n")
    .filter((line) => line.startsWith(name) && /^[ {]/.test(line.slice(name.length)))
    .filter((line) => labels.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

async function seed(url: string, { people, projects, issues = 30, big }: Size): Promise<void> {
  await migrate(url);
  await withDatabase(url, async (client) => {
    const seeder = createSeeder(client);
    await seeder.people(people);
    for (let project = 1; project <= projects; project += 1) await seeder.project(project, { issues });
    if (big !== undefined) await seeder.project(projects + 1, { issues: big });
    await seeder.finish();
  });
}

/** What runs now, for when this process is told to end. */
const running = new Set<() => Promise<void>>();
export const stopAll = async (): Promise<void> => void (await Promise.allSettled([...running].map((stop) => stop())));

export async function startCluster(size: Size): Promise<Cluster> {
  const postgres = await startPostgres();
  const started: { redis?: RedisServer; instances?: Instance[]; cluster?: Cluster } = {};
  const stop = async (): Promise<void> => {
    running.delete(stop);
    const { cluster, redis, instances = [] } = started;
    cluster?.balancer.close();
    await Promise.all((cluster?.instances ?? instances).map((instance) => instance.kill()));
    await redis?.stop();
    await (cluster?.postgres ?? postgres).remove();
  };
  running.add(stop);
  try {
    await seed(postgres.url, size);
    if (size.redis !== false) started.redis = await startRedis();
    const { redis } = started;
    const settings = {
      ...serverSettings(postgres.url),
      ...(redis && { REDIS_URL: redis.url }),
      ...size.settings,
    };
    const instances = await Promise.all(Array.from({ length: size.instances }, () => createInstance(settings)));
    started.instances = instances;
    await Promise.all(instances.map((instance) => instance.start()));
    const balancer = await startBalancer(instances.map(({ port }) => port));
    const cluster: Cluster = {
      ...{ url: balancer.url, postgres, redis, instances, balancer, settings, stop },
      query: (text, values) =>
        withDatabase(cluster.postgres.url, async (client) => (await client.query(text, values)).rows),
      metric: async (name, ...labels) => {
        const values = await Promise.all(cluster.instances.map(({ url }) => readMetric(url, name, labels)));
        return values.reduce((sum, value) => sum + value, 0);
      },
      crashes: () => cluster.instances.reduce((sum, instance) => sum + instance.crashes(), 0),
    };
    started.cluster = cluster;
    return cluster;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Runs `work` on a cluster that is gone afterwards, however it ends. */
export async function withCluster<T>(size: Size, work: (cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = await startCluster(size);
  try {
    return await work(cluster);
  } finally {
    await cluster.stop();
  }
}
