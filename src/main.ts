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

const say = (text: string): void => void process.stderr.write(`${text}\n`);

async function run(config: Config, log: Logger): Promise<void> {
  let embedded: EmbeddedPostgres | undefined;
  let app: App | undefined;
  let ending = false;

  // Postgres last: everything before still writes.
  const close = async (): Promise<void> => {
    await app?.close();
    await embedded?.stop();
  };
  const end = (code: number): void => {
    // A second signal does not wait.
    if (ending) process.exit(1);
    ending = true;
    close().then(
      () => process.exit(code),
      (error: unknown) => {
        log.fatal({ err: error }, "could not stop in order");
        process.exit(1);
      },
    );
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      log.info({ signal }, "stopping");
      end(0);
    });
  }
  process.on("uncaughtException", (error) => {
    log.fatal({ err: error }, "fault of the server; stopping");
    end(1);
  });

  try {
    if (config.DATABASE_URL === undefined) {
      embedded = await startEmbedded({ dir: path.join(config.DATA_DIR, "postgres") });
    }
    const url = config.DATABASE_URL ?? embedded?.url ?? "";
    const applied = await migrate(url);
    if (applied.length > 0) log.info({ applied }, "migrated");
    app = await createApp({ ...config, DATABASE_URL: url }, { log });
    if (config.SEED_DEMO) await seedDemo(app);
    const { url: address } = await app.listen();
    log.info({ address, node: process.version }, "ready");
    process.stdout.write(bannerText({ address, config, embedded: embedded !== undefined, seconds: process.uptime() }));
  } catch (error) {
    if (ending) return;
    say(`rhythm cannot start: ${error instanceof Error ? error.message : String(error)}`);
    log.debug({ err: error }, "start failed");
    end(1);
  }
}

try {
  const config = readConfig(process.env);
  await run(config, openLog(config));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  say(error.message);
  process.exitCode = EX_CONFIG;
}
