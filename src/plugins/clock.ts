/**
 * Runs scripts by the clock: each tick once over all instances.
 * - The truth is the row of the schedule. It moves on to the next tick in the transaction that writes the run down, and
 *   the run's id is derived from the tick; so a tick whose instance died is the same run again, with the same effects.
 * - The next tick is the first one after the run is over: what passed while nobody ran, or while it ran, is made up for
 *   by one run at most, and runs of one schedule never overlap.
 */
import pLimit from "p-limit";
import { moveTick } from "../features/script/repository/finish.ts";
import {
  claimTick,
  type DueTick,
  listDueTicks,
  listStoredCalls,
  loadScript,
  postponeTick,
  renewTicks,
} from "../features/script/repository/running.ts";
import { finishRuns } from "../features/script/service/finish.ts";
import type { Parts } from "../kernel/context.ts";
import { deriveId } from "../kernel/derive-id.ts";
import { AppError, toAppError } from "../kernel/errors.ts";
import { orgStream, projectStream } from "../kernel/event-log.ts";
import { backOffMs, MAX_TRIES } from "./dispatcher.ts";
import { TryAgain } from "./host.ts";
import type { RunPlan, RunReport } from "./run.ts";
import { nextTick } from "./times.ts";

const LEASE_MS = 5000;
/** Ticks under way at once; more would only wait for a worker. */
const AT_ONCE = 8;

type Plan = Omit<RunPlan, "send" | "dryRun">;

type Options = {
  parts: Pick<Parts, "db" | "writer" | "log" | "now">;
  instance: string;
  everyMs: number;
  run: (plan: Plan) => Promise<RunReport>;
  giveUp: (plan: Plan, error: unknown) => RunReport;
};

export type ScriptClock = {
  start(): void;
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
};

export function createScriptClock({ parts, instance, everyMs, run, giveUp }: Options): ScriptClock {
  const { db, log, now } = parts;
  const limit = pLimit(AT_ONCE);
  const underWay = new Map<DueTick, Promise<void>>();
  let timers: NodeJS.Timeout[] = [];
  let running = false;

  async function begin(tick: DueTick): Promise<void> {
    if (!running || !(await claimTick(db, tick, { instance, now: now(), leaseMs: LEASE_MS }))) return;
    const script = await loadScript(db, tick.scriptId);
    if (!script?.enabled) return;
    const id = deriveId(script.id, tick.place, tick.nextAt);
    const plan: Plan = {
      id,
      script,
      trigger: { kind: "schedule", place: tick.place, scheduledFor: tick.nextAt },
      project: script.project,
      people: [],
      attempt: tick.attempt,
      stored: await listStoredCalls(db, { scriptId: script.id, runIds: [id] }),
      // The same each time that it is tried.
      now: new Date(tick.nextAt),
    };
    const report = await attempt(plan, tick);
    if (report) await finish(plan, tick, report);
  }

  /** undefined: not now; it is tried again later. */
  async function attempt(plan: Plan, tick: DueTick): Promise<RunReport | undefined> {
    try {
      return await run(plan);
    } catch (thrown) {
      const error = thrown instanceof TryAgain ? thrown.error : toAppError(thrown);
      // A tick that the plan leaves no room for is passed over, as the log tells.
      if (error.code === "quota_exceeded") return giveUp(plan, error);
      if (error.code !== "unavailable" && tick.attempt >= MAX_TRIES) return giveUp(plan, error);
      await postponeTick(db, tick, new Date(now().getTime() + (running ? backOffMs(tick.attempt) : 0)));
      return undefined;
    }
  }

  async function finish({ script }: Plan, tick: DueTick, { run: over }: RunReport): Promise<void> {
    const stream = script.project ? projectStream(script.project.id) : orgStream(script.org.id);
    const after = Math.max(now().getTime(), Date.parse(tick.nextAt));
    const to = nextTick(tick, new Date(after))?.toISOString() ?? null;
    const { scriptId, place, nextAt: from } = tick;
    const projectRef = script.project?.ref ?? null;
    await finishRuns(parts, { scriptId, stream, projectRef, runs: [over] }, async (tx) => {
      const isOurs = await moveTick(tx, { scriptId, place, from, to });
      if (!isOurs) throw new AppError("conflict", "Another instance was here before");
    });
  }

  async function look(): Promise<void> {
    for (const tick of await listDueTicks(db, { now: now(), limit: AT_ONCE })) {
      const done = limit(() => begin(tick))
        .catch((error: unknown) => {
          if (toAppError(error).code === "conflict") return;
          log.warn({ err: error, scriptId: tick.scriptId }, "a tick of a script broke off; it comes again");
        })
        .finally(() => underWay.delete(tick));
      underWay.set(tick, done);
    }
  }

  function every(ms: number, job: () => Promise<void>): NodeJS.Timeout {
    let busy = false;
    return setInterval(() => {
      if (busy) return;
      busy = true;
      job()
        .catch((error: unknown) => log.warn({ err: error }, "the clock of scripts could not read; trying again"))
        .finally(() => {
          busy = false;
        });
    }, ms);
  }

  return {
    start() {
      running = true;
      timers = [
        every(everyMs, look),
        every(LEASE_MS / 3, async () => {
          if (underWay.size === 0) return;
          await renewTicks(db, [...underWay.keys()], { instance, now: now(), leaseMs: LEASE_MS });
        }),
      ];
    },
    async stop() {
      running = false;
      for (const timer of timers) clearInterval(timer);
      await Promise.all(underWay.values());
    },
  };
}
