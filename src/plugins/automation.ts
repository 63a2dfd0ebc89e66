/** All that runs scripts, joined: by events, by the clock, and when someone asks. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Ack } from "../../protocol/index.ts";
import type { Request } from "../commands/execute.ts";
import type { Automation } from "../kernel/automation.ts";
import type { Parts } from "../kernel/context.ts";
import { toAppError } from "../kernel/errors.ts";
import type { CommittedEvent } from "../kernel/event-log.ts";
import { createScriptClock } from "./clock.ts";
import { declareSource } from "./declare.ts";
import { createDispatcher } from "./dispatcher.ts";
import { callerOf, causeOf } from "./host.ts";
import { createManualRuns } from "./manual.ts";
import { depthOf, isTooDeep, type RunPlan, type RunReport, refuseRun, runScript, tooDeep } from "./run.ts";
import { createSandbox } from "./sandbox/sandbox.ts";
import { nextTick } from "./times.ts";

export type ScriptRunner = Automation & {
  /** A hint that these were committed. */
  wake(committed: CommittedEvent[]): void;
  start(): void;
  /** Finishes what runs, within a while; what does not end is run again by another instance. */
  stop(): Promise<void>;
};

/** How long an orderly end waits for scripts. */
const STOP_PATIENCE_MS = 2000;

type Options = {
  parts: Omit<Parts, "automation">;
  execute: (request: Request) => Promise<Ack>;
  instance: string;
  sweepMs: number;
  tickMs: number;
};

export function createScriptRunner({ parts, execute, instance, sweepMs, tickMs }: Options): ScriptRunner {
  const { config, log, metrics } = parts;
  const sandbox = createSandbox({ workers: config.SCRIPT_WORKERS || undefined, log });

  /** What all commands of a run have in common. */
  const commonOf = ({ id, script, trigger }: Pick<RunPlan, "id" | "script" | "trigger">) => {
    const seq = trigger.kind === "event" ? trigger.event.seq : null;
    const cause = causeOf({ id, seq, depth: depthOf(trigger) });
    return { caller: callerOf(script), requestId: id, cause } satisfies Partial<Request>;
  };

  /** Runs it for real. Throws TryAgain, or `quota_exceeded`. */
  async function run(plan: Omit<RunPlan, "send" | "dryRun">): Promise<RunReport> {
    const { script, attempt } = plan;
    if (script.owner.suspended) {
      const error = { code: "script_error" as const, message: "Its owner is suspended", line: null };
      return refuseRun({ ...plan, send: nobody, dryRun: false }, error, "refused");
    }
    const common = commonOf(plan);
    const real: RunPlan = { ...plan, send: (request) => execute({ ...common, ...request }), dryRun: false };
    if (isTooDeep(real)) return counted(tooDeep(real));
    if (attempt === 1) parts.usage.count({ orgId: script.org.id, principalId: script.id, quota: "scriptRuns" });
    return counted(await runScript({ config, sandbox }, real).catch(count));
  }

  function counted(report: RunReport): RunReport {
    const { trigger, error, durationMs } = report.run;
    metrics.scriptRuns.inc({ trigger, code: error?.code ?? "ok" });
    metrics.scriptSeconds.observe(durationMs / 1000);
    return report;
  }

  function count(error: unknown): never {
    metrics.scriptRetries.inc();
    throw error;
  }

  const giveUp = (plan: Omit<RunPlan, "send" | "dryRun">, thrown: unknown): RunReport => {
    const { code, message } = toAppError(thrown);
    const kind = code === "quota_exceeded" ? ("refused" as const) : ("failed" as const);
    return refuseRun({ ...plan, send: nobody, dryRun: false }, { code: "internal", message, line: null }, kind);
  };

  const dispatcher = createDispatcher({ parts, instance, sweepMs, run, giveUp });
  const clock = createScriptClock({ parts, instance, everyMs: tickMs, run, giveUp });
  const manual = createManualRuns({ parts, sandbox, execute, commonOf, run });
  const isOff = config.SCRIPT_WORKERS === 0;

  return {
    declare: (source) => declareSource({ config, sandbox }, source),
    nextTick,
    run: manual.run,
    replay: manual.replay,
    wake: (committed) => dispatcher.wake(committed),
    start() {
      if (isOff) return;
      dispatcher.start();
      clock.start();
    },
    async stop() {
      const ended = Promise.all([dispatcher.stop(), clock.stop()]);
      await Promise.race([ended, sleep(STOP_PATIENCE_MS, undefined, { ref: false })]);
      // What still runs is broken off.
      await sandbox.close();
      await ended;
    },
  };
}

const nobody: RunPlan["send"] = () => Promise.reject(new Error("This run sends nothing"));
