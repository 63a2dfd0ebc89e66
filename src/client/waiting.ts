/** Waits that can be ended early: each `wake` ends all that are under way. */
export function createAlarm() {
  const sleepers = new Set<() => void>();
  return {
    wake(): void {
      for (const stop of [...sleepers]) stop();
    },
    /** Resolves at the next `wake`, or after `ms`. */
    next: (ms = Number.POSITIVE_INFINITY): Promise<void> =>
      new Promise((resolve) => {
        const stop = () => {
          clearTimeout(timer);
          sleepers.delete(stop);
          resolve();
        };
        const timer = ms === Number.POSITIVE_INFINITY ? undefined : setTimeout(stop, ms);
        sleepers.add(stop);
      }),
  };
}

/** Doubles with each attempt, and varies so that many clients do not come back at once. */
export function backoff(attempt: number, { minMs, maxMs }: { minMs: number; maxMs: number }): number {
  return Math.min(maxMs, minMs * 2 ** Math.min(attempt, 20)) * (0.5 + Math.random() / 2);
}
