/** Environment -> settings -> database -> migrations -> app -> listen -> wait for a signal -> close. */
import path from "node:path";
import { type App, createApp } from "./app.ts";
import { bannerText } from "./banner.ts";
import { seedDemo } from "./demo.ts";
import { type Config, ConfigError, readConfig } from "./kernel/config.ts";
import { type EmbeddedPostgres, startEmbedded } from "./kernel/embedded-postgres.ts";
import { type Logger, openLog } from "./kernel/log.ts";
import { migrate } from "./kernel/migrate.ts";

/** sysexits.h: configuration error. */
const EX_CONFIG = 78;

async function start(config: Config, log: Logger): Promise<void> {
  let embedded: EmbeddedPostgres | undefined;
  let app: App | undefined;
  let stopping = false;

  const stop = async (signal: string): Promise<void> => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal }, "stopping");
    await app?.close();
    await embedded?.stop();
    log.info("stopped");
    process.exit(0);
  };
  const stopOn = (signal: NodeJS.Signals) => process.on(signal, () => void stop(signal).catch(fail));
  const fail = (error: unknown): void => {
    log.fatal({ err: error }, "cannot go on");
    process.exit(1);
  };
  process.on("uncaughtException", fail);
  stopOn("SIGTERM");
  stopOn("SIGINT");

  let url = config.DATABASE_URL;
  if (url === undefined) {
    embedded = await startEmbedded({ dir: path.join(config.DATA_DIR, "postgres") });
    url = embedded.url;
  }
  const applied = await migrate(url);
  if (applied.length > 0) log.info({ applied }, "migrated");
  app = await createApp({ ...config, DATABASE_URL: url }, { log });
  if (config.SEED_DEMO) await seedDemo(app);
  const { url: address } = await app.listen();
  log.info({ address, version: process.version }, "ready");
  process.stdout.write(bannerText({ address, config, embedded: embedded !== undefined, seconds: process.uptime() }));
}

try {
  const config = readConfig(process.env);
  const log = openLog(config);
  start(config, log).catch((error: unknown) => {
    process.stderr.write(`rhythm cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
    log.debug({ err: error }, "start failed");
    process.exit(1);
  });
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(EX_CONFIG);
}
