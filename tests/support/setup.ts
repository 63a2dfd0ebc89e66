/** Once a run: Postgres with a migrated template database, and Redis; nothing on the machine is needed but npm and apt. */
import pg from "pg";
import type { TestProject } from "vitest/node";
import { migrate } from "../../src/kernel/migrate.ts";
import { startCluster } from "./cluster.ts";
import { startRedis } from "./redis.ts";

declare module "vitest" {
  export interface ProvidedContext {
    postgresUrl: string;
    /** Empty when REQUIRE_REDIS=0 and none was found. */
    redisUrl: string;
  }
}

export const TEMPLATE = "rhythm_template";

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [cluster, redis] = await Promise.all([startCluster(), redisOrNone()]);
  const admin = new pg.Client({ connectionString: cluster.url });
  await admin.connect();
  await admin.query(`create database ${TEMPLATE}`);
  await admin.end();
  const template = new URL(cluster.url);
  template.pathname = TEMPLATE;
  await migrate(template.href);
  project.provide("postgresUrl", cluster.url);
  project.provide("redisUrl", redis?.url ?? "");
  return async () => {
    await redis?.stop();
    await cluster.stop();
  };
}

async function redisOrNone(): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  try {
    return await startRedis();
  } catch (error) {
    if (process.env["REQUIRE_REDIS"] !== "0") throw error;
    process.stdout.write(`Tests with Redis are skipped (REQUIRE_REDIS=0): ${error}\n`);
    return undefined;
  }
}
