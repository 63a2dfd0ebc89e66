import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from "rate-limiter-flexible";
import { AppError } from "./errors.ts";
import type { Redis } from "./redis.ts";

const tooFast = (retryAfterMs: number): AppError =>
  new AppError("rate_limited", "Too many requests; try again later", { retryAfterMs: Math.max(1, retryAfterMs) });

/** So many in so many seconds from the first; per key. */
export type Window = {
  /** Counts one; gives how many more may follow. Throws `rate_limited`. */
  take(key: string): Promise<number>;
  /** Takes one back. */
  giveBack(key: string): Promise<void>;
};

type WindowOptions = {
  name: string;
  points: number;
  seconds: number;
  redis: Redis | undefined;
  refused: () => void;
};

/** Counted in Redis for all instances; while it is away each process counts for itself. undefined: no limit. */
export function createWindow({ name, points, seconds, redis, refused }: WindowOptions): Window | undefined {
  if (points === 0) return undefined;
  const options = { keyPrefix: `rhythm:limit:${name}`, points, duration: seconds };
  const memory = new RateLimiterMemory(options);
  const limiter = redis
    ? new RateLimiterRedis({ ...options, storeClient: redis, rejectIfRedisNotReady: true, insuranceLimiter: memory })
    : memory;
  return {
    async take(key) {
      try {
        return (await limiter.consume(key)).remainingPoints;
      } catch (thrown) {
        if (!(thrown instanceof RateLimiterRes)) throw thrown;
        refused();
        throw tooFast(thrown.msBeforeNext);
      }
    },
    async giveBack(key) {
      const { consumedPoints } = await limiter.reward(key);
      // The window ended meanwhile: the next one must not begin with more than its own.
      if (consumedPoints < 0) await limiter.penalty(key);
    },
  };
}

export type Bucket = { tokens: number; at: number };
export type Rate = { perSecond: number; burst: number };

/** Takes one from a bucket that fills at the rate; gives how many are left. Throws `rate_limited`. */
export function takeFrom(bucket: Bucket, { perSecond, burst }: Rate, now: number): number {
  bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
  bucket.at = now;
  if (bucket.tokens < 1) throw tooFast(Math.ceil(((1 - bucket.tokens) / perSecond) * 1000));
  bucket.tokens -= 1;
  return Math.floor(bucket.tokens);
}
