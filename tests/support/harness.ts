import { randomBytes } from "node:crypto";
import pg from "pg";
import { pino } from "pino";
import { inject, onTestFinished } from "vitest";
import { type App, createApp, type Overrides } from "../../src/app.ts";
import { type Config, readConfig } from "../../src/kernel/config.ts";
import { highLimits } from "./limits.ts";
import { TEMPLATE } from "./setup.ts";

export type Running = App & {
  url: string;
  databaseUrl: string;
  /** Log lines of level warn and above, parsed. */
  complaints: Record<string, unknown>[];
};

/** A database of its own, cloned from the migrated template. */
export async function createDatabase(): Promise<string> {
  const name = `t_${randomBytes(6).toString("hex")}`;
  const admin = new pg.Client({ connectionString: inject("postgresUrl") });
  await admin.connect();
  await admin.query(`create database ${name} template ${TEMPLATE} strategy file_copy`);
  await admin.end();
  const url = new URL(inject("postgresUrl"));
  url.pathname = name;
  return url.href;
}

type Options = Overrides & { settings?: Partial<Record<keyof Config, string>>; databaseUrl?: string };

/** A whole server on a free port. Close it yourself; `startAppForTest` does that. */
export async function startApp({ settings, databaseUrl, ...overrides }: Options = {}): Promise<Running> {
  const url = databaseUrl ?? (await createDatabase());
  const env = {
    NODE_ENV: "test",
    PORT: "0",
    JWT_SECRET: "for-tests-only-".repeat(3),
    DATABASE_URL: url,
    ...highLimits,
    ...settings,
  };
  const complaints: Record<string, unknown>[] = [];
  const log = pino({ level: "warn" }, { write: (line) => complaints.push(JSON.parse(line)) });
  const config = { ...readConfig(env), DATABASE_URL: url };
  // Who looks at statements wants those of commands.
  const usageFlushMs = overrides.onStatement ? null : 1000;
  const app = await createApp(config, { log, strict: true, usageFlushMs, drainOverMs: 0, ...overrides });
  const { url: address } = await app.listen();
  return { ...app, url: address, databaseUrl: url, complaints };
}

/** Like startApp, closed when the test ends. */
export async function startAppForTest(options: Options = {}): Promise<Running> {
  const app = await startApp(options);
  onTestFinished(() => app.close());
  return app;
}
