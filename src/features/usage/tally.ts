import { type DailyQuota, dailyQuotas } from "../../../protocol/index.ts";

export type Limits = Record<DailyQuota, number | null>;

/**
 * What one instance knows of one quota of an organization today. `own` is exact; `others` is what all others counted,
 * as far as it was heard of, and this instance in an earlier life. What is heard late, twice, or from a Redis that forgot
 * never makes it less or too much.
 */
export type Tally = {
  own: number;
  others: number;
  /** How much of `own` is in Postgres, and in Redis. */
  written: number;
  shared: number;
};
export type Tallies = Record<DailyQuota, Tally>;

export function mapQuotas<T>(value: (quota: DailyQuota) => T): Record<DailyQuota, T> {
  const [commands, scriptRuns] = dailyQuotas;
  return { commands: value(commands), scriptRuns: value(scriptRuns) };
}

export const newTallies = (): Tallies => mapQuotas(() => ({ own: 0, others: 0, written: 0, shared: 0 }));

export const usedOf = ({ own, others }: Tally): number => own + others;

/** Takes in a total that holds `included` of the own count. */
export function hearTotal(tally: Tally, total: number, included: number): void {
  tally.others = Math.max(tally.others, total - included);
}

export const limitsOf = (plan: { commandsPerDay: number | null; scriptRunsPerDay: number | null }): Limits => ({
  commands: plan.commandsPerDay,
  scriptRuns: plan.scriptRunsPerDay,
});
