/** A value that changes; the shape that `useSyncExternalStore` and its like expect. */
export type Observable<T> = {
  readonly current: T;
  /** Calls `listener` at each change from now on; gives the way to end that. */
  subscribe(listener: (value: T) => void): () => void;
};

/** Calls what a user of this library gave us: its faults are theirs, and must not stop us half way. */
export function tell(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

export function createObservable<T>(initial: T): Observable<T> & { set(value: T): void } {
  const listeners = new Set<(value: T) => void>();
  let current = initial;
  return {
    get current() {
      return current;
    },
    subscribe(listener) {
      // Of its own, so that one function subscribed twice is called twice.
      const own = (value: T) => listener(value);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    set(value) {
      current = value;
      for (const listener of [...listeners]) tell(() => listener(value));
    },
  };
}
