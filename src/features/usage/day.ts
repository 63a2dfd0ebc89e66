const DAY_MS = 86_400_000;

/** Days in UTC since 1970. */
export const dayNumber = (at: Date): number => Math.floor(at.getTime() / DAY_MS);
/** As Postgres and clients write it: 2026-01-31. */
export const dayText = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);
export const endOfDay = (day: number): Date => new Date((day + 1) * DAY_MS);
