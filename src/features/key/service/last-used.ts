import { LRUCache } from "lru-cache";
import type { Parts } from "../../../kernel/context.ts";
import { markKeyUsed } from "../repository.ts";

const EVERY_MS = 60_000;
const MAX_KEYS = 20_000;

/** Writes down when keys are used, once a minute each, while their commands go on. A write that fails is left out. */
export function createKeyUse({ database, log, now }: Pick<Parts, "database" | "log" | "now">): (keyId: string) => void {
  const written = new LRUCache<string, number>({ max: MAX_KEYS });
  return (keyId) => {
    const at = now();
    if (at.getTime() - (written.get(keyId) ?? Number.NEGATIVE_INFINITY) < EVERY_MS) return;
    written.set(keyId, at.getTime());
    const before = new Date(at.getTime() - EVERY_MS).toISOString();
    markKeyUsed(database.pool, { keyId, at: at.toISOString(), before }).catch((error: unknown) =>
      log.warn({ err: error, keyId }, "the use of a key was not written down"),
    );
  };
}
