import type { Redis } from "../../../kernel/redis.ts";
import type { Counts, Use } from "../../../kernel/usage.ts";
import { dayText, endOfDay } from "../day.ts";

/** Totals of all instances in Redis. It may lose them: they are only ever a lower bound. */
export type SharedTotals = {
  /** Adds, and gives the new totals in the same order; undefined where Redis did not answer. */
  add(day: number, uses: (Pick<Use, "orgId" | "quota"> & { by: number })[]): Promise<(number | undefined)[]>;
  read(day: number, orgId: string): Promise<Counts | undefined>;
};

const keyOf = (day: number, orgId: string): string => `rhythm:usage:${dayText(day)}:${orgId}`;

export function createSharedTotals(redis: Redis): SharedTotals {
  return {
    async add(day, uses) {
      const pipeline = redis.pipeline();
      for (const { orgId, quota, by } of uses) {
        pipeline.hincrby(keyOf(day, orgId), quota, by);
        pipeline.expireat(keyOf(day, orgId), endOfDay(day).getTime() / 1000);
      }
      const answers = await pipeline.exec().catch(() => null);
      return uses.map((_, i) => {
        const [error, total] = answers?.[2 * i] ?? [true, undefined];
        return error ? undefined : Number(total);
      });
    },
    async read(day, orgId) {
      const totals = await redis.hmget(keyOf(day, orgId), "commands", "scriptRuns").catch(() => undefined);
      return totals && { commands: Number(totals[0]), scriptRuns: Number(totals[1]) };
    },
  };
}
