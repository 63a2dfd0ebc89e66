import { createRequire } from "node:module";
import pino, { type Logger } from "pino";
import type { Config } from "./config.ts";

export type { Logger } from "pino";

/** Names of fields that never reach a log, wherever they stand. */
const secretFields = ["password", "old", "new", "token", "accessToken", "refreshToken", "authorization", "secret"];
/** An error of Redis carries the command that failed, as AUTH with its password. */
const redact = {
  paths: ["err.command.args", ...secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`])],
  censor: "[hidden]",
};

/** JSON lines to stdout or LOG_FILE; readable ones on a terminal, where pino-pretty is installed. */
export function openLog(config: Pick<Config, "LOG_LEVEL" | "LOG_FILE" | "NODE_ENV">): Logger {
  const options = { level: config.LOG_LEVEL, redact, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (config.LOG_FILE) {
    const file = pino.destination({ dest: config.LOG_FILE, mkdir: true, sync: false });
    // logrotate moves the file away and sends SIGHUP.
    process.on("SIGHUP", () => file.reopen());
    return pino(options, file);
  }
  if (config.NODE_ENV !== "production" && process.stdout.isTTY) {
    try {
      const pretty = createRequire(import.meta.url)("pino-pretty");
      return pino(options, pretty({ translateTime: "HH:MM:ss", ignore: "pid,hostname", sync: true }));
    } catch {
      // Not installed: JSON will do.
    }
  }
  return pino(options);
}

const REPEAT_MS = 1000;

/** Warns at once, and of what repeats once a second with how often: a flood must not fill the log too. */
export function createWarning(
  log: Logger,
): (fields: { command: string; [field: string]: unknown }, message: string) => void {
  const repeats = new Map<string, number>();
  return (fields, message) => {
    const { command } = fields;
    const key = `${command}: ${message}`;
    const before = repeats.get(key);
    repeats.set(key, before === undefined ? 0 : before + 1);
    if (before !== undefined) return;
    log.warn(fields, message);
    const timer = setInterval(() => {
      const times = repeats.get(key);
      repeats.set(key, 0);
      if (times) return log.warn({ command, times }, message);
      repeats.delete(key);
      clearInterval(timer);
    }, REPEAT_MS).unref();
  };
}
