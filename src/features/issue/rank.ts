import { generateKeyBetween, generateNKeysBetween } from "fractional-indexing";

/** Above this the neighbourhood is spread anew: ecosystem research measured 19 characters after 100 inserts in one gap. */
export const MAX_RANK_LENGTH = 40;

/** Ranks on both sides of a place; null: there is none on that side. */
export type Gap = { low: string | null; high: string | null };

/** A base-62 fractional key between two others, compared bytewise. */
export const rankBetween = ({ low, high }: Gap): string => generateKeyBetween(low, high);

/** `count` keys in a gap, in order and as short as may be. */
export const ranksBetween = ({ low, high }: Gap, count: number): string[] => generateNKeysBetween(low, high, count);
