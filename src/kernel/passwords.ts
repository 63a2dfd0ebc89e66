import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import { AppError } from "./errors.ts";
import { createHasher } from "./hasher.ts";

/** Hashing takes whole cores from the board, so two at once at most, one core always free, and a bounded queue. */
const AT_ONCE = Math.max(1, Math.min(2, availableParallelism() - 1));
const QUEUE = 100;
/** After each hash, a pause of so many times what it took: a flood of sign-ins gets a quarter of a core at most. */
const REST = 3;
const MAX_REST_MS = 200;
const IDLE_MS = 60_000;
/** Costs as much as a true hash, and no password is right for it. */
const NOBODY = `$argon2id$v=19$m=19456,t=2,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;

export type Passwords = {
  /** Throws `unavailable` when so many wait for a hash that no more may, before anything is read for them. */
  checkRoom(): void;
  hash(password: string): Promise<string>;
  /** How many wait for their hash. */
  waiting(): number;
  /** false too when there is no hash, after the same work: an unknown user costs as much as a wrong password. */
  verify(hash: string | null | undefined, password: string): Promise<boolean>;
  close(): void;
};

export function createPasswords(): Passwords {
  const limit = pLimit(AT_ONCE);
  const hasher = createHasher({ threads: AT_ONCE, idleMs: IDLE_MS });
  const checkRoom = (): void => {
    if (limit.pendingCount < QUEUE) return;
    throw new AppError("unavailable", "Too many sign-ins at once; try again", { retryAfterMs: 2000 });
  };
  const queued = async <T>(work: () => Promise<T>): Promise<T> => {
    checkRoom();
    return new Promise((resolve, reject) => {
      void limit(async () => {
        const started = performance.now();
        await work().then(resolve, reject);
        await sleep(Math.min(MAX_REST_MS, REST * (performance.now() - started)));
      });
    });
  };
  return {
    checkRoom,
    hash: (password) => queued(() => hasher.hash(password)),
    waiting: () => limit.pendingCount,
    async verify(stored, password) {
      const same = await queued(() => hasher.verify(stored ?? NOBODY, password));
      return same && stored !== null && stored !== undefined;
    },
    close: hasher.close,
  };
}
