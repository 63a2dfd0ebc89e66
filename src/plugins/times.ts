import { Cron } from "croner";
import type { Schedule } from "../../protocol/index.ts";

const cronOf = ({ cron, timeZone }: Schedule): Cron => new Cron(cron, { timezone: timeZone, paused: true });

/** The first tick after a moment; null when there is none. Throws unless `checkSchedule` found nothing wrong. */
export const nextTick = (schedule: Schedule, after: Date): Date | null => cronOf(schedule).nextRun(after);

/** What is wrong with a schedule, in words. */
export function checkSchedule(schedule: Schedule): string | undefined {
  const { cron, timeZone } = schedule;
  try {
    Intl.DateTimeFormat("en", { timeZone });
  } catch {
    return `"${timeZone}" is no time zone: write one as Europe/Berlin`;
  }
  const fields = cron.trim().split(/\s+/).length;
  const fault = `"${cron}" is no schedule: write minute, hour, day, month and weekday as "0 9 * * 1", or a second before them`;
  if (fields !== 5 && fields !== 6) return fault;
  try {
    return nextTick(schedule, new Date()) === null ? `"${cron}" never comes` : undefined;
  } catch {
    return fault;
  }
}
