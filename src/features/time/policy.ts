import type { ProjectRole } from "../../../protocol/index.ts";

/** Your own entries, or as project admin anyone's. */
export const mayDeleteEntry = (actor: { id: string; role: ProjectRole }, entry: { userId: string }): boolean =>
  actor.role === "admin" || actor.id === entry.userId;

/** Clocks differ, and some log the hour that they are about to finish. */
const MARGIN_MS = 3_600_000;

export const liesAhead = (loggedAt: string, now: Date): boolean =>
  new Date(loggedAt).getTime() > now.getTime() + MARGIN_MS;

/** What an issue's total can hold, an int4: 68 years. */
export const MAX_TOTAL_SECONDS = 2_147_483_647;
