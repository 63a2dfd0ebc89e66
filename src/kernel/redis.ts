import { Redis } from "ioredis";
import type { Logger } from "./log.ts";

export type { Redis } from "ioredis";

/** A Redis that does not answer for this long is away. */
const SILENCE_MS = 3000;
/** Nobody waits longer for a counter. */
const PATIENCE_MS = 250;

/** For counters that have a second home: what Redis cannot take now is refused at once, and never sent later. */
export function openRedis(url: string, log: Logger): Redis {
  const redis = new Redis(url, {
    retryStrategy: (attempt) => Math.min(100 * attempt, 1000),
    keepAlive: 10_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    socketTimeout: SILENCE_MS,
    commandTimeout: PATIENCE_MS,
  });
  let told = "";
  redis.on("error", (error: Error) => {
    if (told !== error.message) log.warn({ err: error }, "Redis is away; each instance counts for itself");
    told = error.message;
  });
  redis.on("ready", () => {
    told = "";
  });
  return redis;
}
