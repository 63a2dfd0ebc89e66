import { performance } from "node:perf_hooks";
import type { SentCommand } from "../../protocol/index.ts";
import type { FinishedRun } from "../features/script/repository/finish.ts";
import type { LoadedProject, LoadedScript, Person, StoredCall } from "../features/script/repository/running.ts";
import type { Config } from "../kernel/config.ts";
import { AppError } from "../kernel/errors.ts";
import { inputOf, type Trigger } from "./context.ts";
import { createHost, type Host, type Send, TooManyCalls, TryAgain } from "./host.ts";
import type { Outcome, Sandbox } from "./sandbox/job.ts";

/** A chain of scripts that set each other off ends here. */
export const MAX_DEPTH = 5;
const OUTPUT_BYTES = 100 * 1024;
/** More of it would take the core from others; waiting for answers does not count. */
const CPU_MS = 1000;

export type RunPlan = {
  id: string;
  script: LoadedScript;
  trigger: Trigger;
  /** In the log: `manual` when a person asked for it. */
  manual?: boolean;
  project: LoadedProject | null;
  people: readonly Person[];
  attempt: number;
  stored: StoredCall[];
  dryRun: boolean;
  now: Date;
  send: Send;
  /** Stands between the script and what answers it; for replays. */
  wrap?: (host: Host) => Host["call"];
};

export type RunReport = { run: FinishedRun; sent: SentCommand[] };

export const depthOf = (trigger: Trigger): number =>
  trigger.kind === "event" ? (trigger.event.cause?.depth ?? 0) + 1 : 1;

type RunError = FinishedRun["error"];

/** The error of a run that did not end well; throws TryAgain where the fault is ours. */
function errorOf({ status, error, cause }: Outcome): RunError {
  const line = error?.line ?? null;
  const message = error?.message ?? "";
  switch (status) {
    case "ok":
      return null;
    case "error":
      return { code: "script_error", message: storable(message), line };
    case "cpu_limit":
      return { code: status, message: message || "It computed for too long", line };
    case "time_limit":
      return { code: status, message: message || "It took too long", line };
    case "memory_limit":
      return { code: status, message: message || "It needs too much memory", line };
    case "log_limit":
      return { code: status, message: message || `It logged more than ${OUTPUT_BYTES / 1024} KB`, line };
    case "crashed":
      return { code: status, message: "The Lua machine broke down", line };
    case "aborted":
      if (cause instanceof TooManyCalls) return { code: "call_limit", message: cause.message, line };
      if (cause instanceof TryAgain) throw cause;
      if (cause instanceof AppError && cause.code === "conflict") {
        return { code: "diverged", message: cause.message, line };
      }
      throw new TryAgain(new AppError("internal", "The run was broken off", { cause }));
  }
}

/** What is the same in the record of every run of a plan. */
function recordOf({ id, script, trigger, project, attempt, manual }: RunPlan) {
  const event = trigger.kind === "event" ? trigger : undefined;
  return {
    id,
    scriptId: script.id,
    revision: script.revision,
    projectId: project?.id ?? null,
    trigger: manual ? ("manual" as const) : trigger.kind,
    stream: event?.stream ?? null,
    seq: event?.event.seq ?? null,
    eventType: event?.event.type ?? null,
    scheduledFor: trigger.kind === "schedule" ? trigger.scheduledFor : null,
    depth: depthOf(trigger),
    attempt,
  };
}

const nothing = { output: "", durationMs: 0, cpuMs: 0, memoryBytes: 0, hostCalls: 0, mutations: 0 };

/** A run that did not begin, or that we could not bring to an end. */
export function refuseRun(plan: RunPlan, error: NonNullable<RunError>, status: "refused" | "failed"): RunReport {
  const at = new Date().toISOString();
  return { run: { ...recordOf(plan), ...nothing, status, error, startedAt: at, finishedAt: at }, sent: [] };
}

export const isTooDeep = (plan: RunPlan): boolean => depthOf(plan.trigger) > MAX_DEPTH;

export const tooDeep = (plan: RunPlan): RunReport =>
  refuseRun(
    plan,
    {
      code: "chain_too_deep",
      message: `Scripts set each other off ${MAX_DEPTH} times in a row: this event came of such a chain, so it ends here`,
      line: null,
    },
    "refused",
  );

/** Postgres holds neither NUL nor halves of characters. */
const storable = (text: string): string => text.replaceAll("\0", "\uFFFD").toWellFormed();

/** It took too long since others had the processor, which is no fault of its own. */
const isStarved = ({ status, durationMs, cpuMs }: Outcome, waitedMs: number): boolean =>
  status === "time_limit" && cpuMs < (durationMs - waitedMs) / 4;

/** Runs a script to its end. Throws TryAgain when that was not possible for a fault of ours. */
export async function runScript(
  { config, sandbox }: { config: Config; sandbox: Sandbox },
  plan: RunPlan,
): Promise<RunReport> {
  const { id, script, trigger, project, people, stored, send, dryRun } = plan;
  const host = createHost({ run: { id }, script, projectRef: project?.ref ?? null, stored, send });
  const wallMs = script.timeoutMs ?? config.SCRIPT_TIMEOUT_MS;
  const startedAt = new Date();
  const waited = performance.now();
  const outcome = await sandbox.run({
    orgId: script.org.id,
    source: script.source,
    input: inputOf(trigger, {
      script,
      project,
      people,
      run: { id, depth: depthOf(trigger), dryRun },
      now: plan.now.toISOString(),
    }),
    limits: {
      cpuMs: Math.min(CPU_MS, wallMs),
      wallMs,
      memoryBytes: config.SCRIPT_MEMORY_MB * 1024 * 1024,
      outputBytes: OUTPUT_BYTES,
    },
    call: plan.wrap?.(host) ?? host.call,
  });
  // A run that was killed may have left a command on its way: nothing may overtake it.
  await host.settled();
  if (isStarved(outcome, host.waitedMs())) {
    throw new TryAgain(new AppError("unavailable", "The machine is too busy for scripts", { retryAfterMs: 1000 }));
  }
  const error = errorOf(outcome);
  const { durationMs, cpuMs, memoryBytes } = outcome;
  const output = storable(outcome.output);
  // It began when a worker was free.
  const began = new Date(startedAt.getTime() + Math.max(0, performance.now() - waited - durationMs));
  const run: FinishedRun = {
    ...recordOf(plan),
    status: error ? "failed" : "ok",
    error,
    output,
    durationMs,
    cpuMs,
    memoryBytes: Math.round(memoryBytes),
    hostCalls: host.counts.calls,
    mutations: host.counts.mutations,
    startedAt: began.toISOString(),
    finishedAt: new Date().toISOString(),
  };
  return { run, sent: host.sent };
}
