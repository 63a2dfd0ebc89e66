/**
 * Tells when the end of an active sprint has passed.
 * - The truth is the table: a sprint is due until `ended_at` is set, in the transaction of its event. So the end is told
 *   once over all instances, and late when no server ran.
 * - The timer aims at the next end; the poll finds the sprints that other instances started or put off.
 */

import { listUnended } from "../features/sprint/repository/sprint.ts";
import { endSprint } from "../features/sprint/service/end.ts";
import { type Parts, systemContext } from "../kernel/context.ts";
import type { CommittedEvent } from "../kernel/event-log.ts";

/** Ends told at once: fewer than there are database connections. */
const BATCH = 8;

export type SprintClock = {
  /** Looks again when a commit of this instance moved an end. */
  hear(committed: CommittedEvent[]): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
};

export function startSprintClock(parts: Parts, { pollMs }: { pollMs: number }): SprintClock {
  const { db, log, now } = parts;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let again = false;
  let looking: Promise<void> | undefined;

  async function tell({ id, projectId }: { id: string; projectId: string }): Promise<boolean> {
    try {
      await endSprint(systemContext(parts, { name: "sprint clock", emits: ["sprint.ended"] }), {
        id,
        projectId,
        now: now(),
      });
      return true;
    } catch (error) {
      log.warn({ err: error, sprintId: id }, "could not tell that a sprint has ended; trying again");
      return false;
    }
  }

  /** Tells of all ends that have passed; gives the ms until the next one, or until the poll. */
  async function tellAll(): Promise<number> {
    for (;;) {
      const sprints = await listUnended(db, BATCH);
      const due = sprints.filter(({ endsAt }) => Date.parse(endsAt) <= now().getTime());
      const next = sprints[due.length];
      const told = await Promise.all(due.map(tell));
      if (told.includes(false)) return pollMs;
      if (next) return Math.min(pollMs, Date.parse(next.endsAt) - now().getTime());
      if (due.length < BATCH) return pollMs;
    }
  }

  function look(): void {
    again = looking !== undefined;
    if (again || stopped) return;
    clearTimeout(timer);
    looking = tellAll()
      .catch((error: unknown) => {
        log.warn({ err: error }, "the sprint clock could not read; trying again");
        return pollMs;
      })
      .then((inMs) => {
        looking = undefined;
        if (again) look();
        else if (!stopped) timer = setTimeout(look, Math.max(1, inMs));
      });
  }

  look();
  return {
    hear(committed) {
      if (committed.some(({ event }) => event.type === "sprint.started" || event.type === "sprint.updated")) look();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await looking;
    },
  };
}
