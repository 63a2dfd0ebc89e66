import { createAlarm } from "../client/waiting.ts";
import type { BotContext } from "./context.ts";

type Job = (ctx: BotContext) => unknown;
/** Which job, and which of its periods since 1970: the same again when the bot starts anew within it. */
export type Due = { key: string; tick: number };
type Entry = { periodMs: number; key: string; job: Job };

/** Node's timers take no more. */
const MAX_SLEEP_MS = 2 ** 31 - 1;

/** Runs each job at the start and at the begin of each of its periods. */
export function createSchedule() {
  const entries: Entry[] = [];
  const alarm = createAlarm();
  let running: Promise<unknown> = Promise.resolve();
  let stopped = false;

  async function repeat({ periodMs, key, job }: Entry, run: (job: Job, due: Due) => Promise<unknown>): Promise<void> {
    for (let done = -1; !stopped; ) {
      const now = Date.now();
      const tick = Math.floor(now / periodMs);
      if (tick !== done) await run(job, { key, tick });
      done = tick;
      const left = (tick + 1) * periodMs - Date.now();
      if (left > 0 && !stopped) await alarm.next(Math.min(left, MAX_SLEEP_MS));
    }
  }

  return {
    add(periodMs: number, job: Job): void {
      entries.push({ periodMs, job, key: `every ${periodMs} ${entries.length}` });
    },
    start(run: (job: Job, due: Due) => Promise<unknown>): void {
      running = Promise.allSettled(entries.map((entry) => repeat(entry, run)));
    },
    async stop(): Promise<void> {
      stopped = true;
      alarm.wake();
      await running;
    },
  };
}
