import { generateKeyBetween, generateNKeysBetween } from "fractional-indexing";

/** Above this the neighbourhood is spread anew: ecosystem research measured 19 characters after 100 inserts in one gap. */
export const MAX_RANK_LENGTH = 40;
/** Issues on either side that are spread: more than the 220 inserts into one gap that make a rank too long. */
export const SPREAD_REACH = 256;

/** Ranks on both sides of a place; null: there is none on that side. */
export type Gap = { low: string | null; high: string | null };

/** A base-62 fractional key between two others, compared bytewise. */
export const rankBetween = ({ low, high }: Gap): string => generateKeyBetween(low, high);

/** `count` keys in a gap, in order and as short as may be. */
export const ranksBetween = ({ low, high }: Gap, count: number): string[] => generateNKeysBetween(low, high, count);

export type Ranked = { id: string; rank: string };

/**
 * The same issues with short ranks in the same order; none when no rank is too long. Given are up to SPREAD_REACH on
 * either side of a place, top to bottom: a side that has as many may go on, so its outermost stays where it is.
 */
export function spread({ above, below }: { above: Ranked[]; below: Ranked[] }): Ranked[] {
  const first = above.length === SPREAD_REACH ? above[0] : undefined;
  const last = below.length === SPREAD_REACH ? below.at(-1) : undefined;
  const inner = [...above, ...below].filter((issue) => issue !== first && issue !== last);
  if (!inner.some(({ rank }) => rank.length > MAX_RANK_LENGTH)) return [];
  const ranks = ranksBetween({ low: first?.rank ?? null, high: last?.rank ?? null }, inner.length);
  return inner.map(({ id, rank }, i) => ({ id, rank: ranks[i] ?? rank }));
}
