import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import argon2 from "argon2";
import pLimit from "p-limit";
import { AppError } from "./errors.ts";

/** OWASP Password Storage: argon2id with 19 MiB, t=2, p=1; about 30 ms on one core. */
const parameters = { type: argon2.argon2id, memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** Hashing takes whole cores from the board, so two at once at most, one core always free, and a bounded queue. */
const AT_ONCE = Math.max(1, Math.min(2, availableParallelism() - 1));
const QUEUE = 100;
/** After each hash, a pause of so many times what it took: a flood of sign-ins gets a quarter of a core at most. */
const REST = 3;

export type Passwords = {
  /** Throws `unavailable` when so many wait for a hash that no more may, before anything is read for them. */
  checkRoom(): void;
  hash(password: string): Promise<string>;
  /** How many wait for their hash. */
  waiting(): number;
  /** false too when there is no hash, after the same work: an unknown user costs as much as a wrong password. */
  verify(hash: string | null | undefined, password: string): Promise<boolean>;
};

export function createPasswords(): Passwords {
  const limit = pLimit(AT_ONCE);
  const checkRoom = (): void => {
    if (limit.pendingCount < QUEUE) return;
    throw new AppError("unavailable", "Too many sign-ins at once; try again", { retryAfterMs: 2000 });
  };
  const queued = <T>(work: () => Promise<T>): Promise<T> => {
    checkRoom();
    return new Promise((resolve, reject) => {
      void limit(async () => {
        const started = performance.now();
        await work().then(resolve, reject);
        await sleep(REST * (performance.now() - started));
      });
    });
  };
  const hash = async (password: string) => queued(() => argon2.hash(password, parameters));
  let nobody: Promise<string> | undefined;
  return {
    checkRoom,
    hash,
    waiting: () => limit.pendingCount,
    async verify(stored, password) {
      nobody ??= argon2.hash(randomBytes(16), parameters);
      const against = stored ?? (await nobody);
      const same = await queued(() => argon2.verify(against, password));
      return same && stored !== null && stored !== undefined;
    },
  };
}
