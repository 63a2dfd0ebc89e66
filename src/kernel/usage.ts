import type { DailyQuota } from "../../protocol/index.ts";

export type Counts = Record<DailyQuota, number>;
/** What counts for whom. */
export type Use = { orgId: string; principalId: string; quota: DailyQuota };
/** A day's figures; the limits are null where the plan sets none. */
export type DayUsage = { day: string; resetsAt: string; used: Counts; limits: Record<DailyQuota, number | null> };

/** Counts what organizations use, a day in UTC at a time. */
export type Meter = {
  /** Counts one; throws `quota_exceeded` when the plan is used up. Call what it gives to take the one back. */
  count(use: Use): () => void;
  /** All counts of this instance, and those of the others as far as they have told them. */
  today(orgId: string): Promise<DayUsage>;
  /** Its plan has changed: what is known of its limits is wrong. */
  forgetPlan(orgId: string): void;
  /** Writes down what is not written yet. */
  stop(): Promise<void>;
};
