/** One job in a process, as the server sees it: its clocks, the answers to its calls, its outcome. */
import type { Job, Limits, Outcome } from "./job.ts";
import type { Answer, Result } from "./messages.ts";

export type Stay = {
  job: Job;
  elapsedMs(): number;
  /** Without waiting for calls. */
  cpuMs(): number;
  /** Undefined when the job is over by then. */
  answer(call: number, op: string, args: string): Promise<Answer | undefined>;
  outcomeOf(result: Result, output: string): Outcome;
  /** Of a job that the process does not report on any more. */
  outcomeOfKill(status: Outcome["status"], rest: { output: string; memoryBytes: number; cause?: unknown }): Outcome;
};

const sizeOf = (bytes: number): string =>
  bytes >= 2 ** 20 ? `${Math.round(bytes / 2 ** 20)} MB` : `${Math.round(bytes / 2 ** 10)} KB`;

const sentences: Record<Exclude<Outcome["status"], "ok" | "error">, (limits: Limits) => string> = {
  cpu_limit: ({ cpuMs }) => `used more than ${cpuMs} ms of CPU time`,
  time_limit: ({ wallMs }) => `took longer than ${wallMs} ms`,
  memory_limit: ({ memoryBytes }) => `needed more than ${sizeOf(memoryBytes)} of memory`,
  log_limit: ({ outputBytes }) => `logged more than ${sizeOf(outputBytes)}`,
  aborted: () => "stopped by the server",
  crashed: () => "the Lua machine broke",
};

function errorOf(status: Outcome["status"], limits: Limits, message: string, line: number | null): Outcome["error"] {
  if (status === "ok") return null;
  return { message: status === "error" ? message : sentences[status](limits), line };
}

/** JSON that comes from a process. */
function parseJson(text: string): unknown {
  return JSON.parse(text, (key, value: unknown) => {
    if (key === "__proto__") throw new Error("a script sent the key __proto__");
    return value;
  });
}

/** `readCpu`: what the process has used since its start, where the system tells. */
export function openStay(job: Job, readCpu: (() => number) | undefined): Stay {
  const startedAt = performance.now();
  const cpuAtStart = readCpu?.() ?? 0;
  let waitedMs = 0;
  let waitingSince: number | undefined;
  let hostCalls = 0;
  let isOver = false;
  let aborted: { cause?: unknown } = {};

  const elapsedMs = () => performance.now() - startedAt;
  function cpuMs(): number {
    const waitingMs = waitingSince === undefined ? 0 : performance.now() - waitingSince;
    const busyMs = elapsedMs() - waitedMs - waitingMs;
    return readCpu ? Math.min(busyMs, readCpu() - cpuAtStart) : busyMs;
  }

  async function ask(call: number, op: string, args: string): Promise<Answer> {
    try {
      const reply = await job.call(op, parseJson(args));
      const json = JSON.stringify((reply.ok ? reply.value : reply.error) ?? null);
      return { kind: "answer", call, ok: reply.ok, json };
    } catch (cause) {
      aborted = { cause };
      return { kind: "answer", call, stop: "aborted" };
    }
  }

  async function answer(call: number, op: string, args: string): Promise<Answer | undefined> {
    hostCalls += 1;
    const since = performance.now();
    waitingSince = since;
    const reply = await ask(call, op, args);
    if (isOver) return undefined;
    waitedMs += performance.now() - since;
    waitingSince = undefined;
    return reply;
  }

  function outcomeOf({ status, value, message, line, cpuMs, memoryBytes }: Result, output: string): Outcome {
    isOver = true;
    const error = errorOf(status, job.limits, message, line);
    const parsed = value === null ? null : parseJson(value);
    const rest = status === "aborted" ? aborted : {};
    return { status, value: parsed, error, output, durationMs: elapsedMs(), cpuMs, memoryBytes, hostCalls, ...rest };
  }

  function outcomeOfKill(status: Outcome["status"], rest: Parameters<Stay["outcomeOfKill"]>[1]): Outcome {
    isOver = true;
    const error = errorOf(status, job.limits, "", null);
    return { status, value: null, error, durationMs: elapsedMs(), cpuMs: cpuMs(), hostCalls, ...rest };
  }

  return { job, elapsedMs, cpuMs, answer, outcomeOf, outcomeOfKill };
}
