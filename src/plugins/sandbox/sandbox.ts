/** The processes that run scripts: few, shared fairly by the organizations, none before the first job. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { packageRoot } from "../../kernel/package-root.ts";
import { apiSource } from "../api.ts";
import type { Job, Outcome, Sandbox } from "./job.ts";
import type { Chunks } from "./messages.ts";
import { openProcess, type SandboxProcess } from "./process.ts";
import { createQueue } from "./queue.ts";

const restMs = 60_000;

export type SandboxOptions = {
  /** Jobs at the same time; one core stays free. */
  workers?: number | undefined;
  /** Trusted Lua: gets the sandbox, returns `enter`. */
  api?: string;
  log?: { warn(facts: object, message: string): void };
};

const readLua = (name: string): string => readFileSync(new URL(`src/plugins/lua/${name}.lua`, packageRoot), "utf8");
const defaultWorkers = (): number => Math.min(2, Math.max(1, availableParallelism() - 1));

const unstarted: Outcome = {
  status: "aborted",
  value: null,
  error: { message: "stopped by the server", line: null },
  output: "",
  durationMs: 0,
  cpuMs: 0,
  memoryBytes: 0,
  hostCalls: 0,
};

export function createSandbox({ workers = defaultWorkers(), api, log }: SandboxOptions = {}): Sandbox {
  const queue = createQueue<{ job: Job; settle(outcome: Outcome): void }>();
  const processes = new Set<SandboxProcess>();
  const idle: SandboxProcess[] = [];
  let busy = 0;
  let mostBusy = 0;
  let isClosed = false;
  let chunks: Chunks | undefined;
  let rest: NodeJS.Timeout | undefined;

  function open(): SandboxProcess {
    chunks ??= { json: readLua("json"), sandbox: readLua("sandbox"), api: api ?? apiSource() };
    const one = openProcess(chunks);
    processes.add(one);
    return one;
  }

  function takeProcess(): SandboxProcess {
    for (let one = idle.pop(); one; one = idle.pop()) {
      if (!one.isSpent()) return one;
      void end(one);
    }
    return open();
  }

  async function end(one: SandboxProcess): Promise<void> {
    processes.delete(one);
    await one.end();
  }

  /** One more than were busy at once, so that the job after a kill need not wait for a start. */
  function keepSpare(): void {
    while (processes.size <= mostBusy && !isClosed) idle.unshift(open());
  }

  function restartRest(): void {
    if (rest) rest.refresh();
    else rest = setTimeout(endIdle, restMs).unref();
  }
  function endIdle(): void {
    mostBusy = busy;
    for (const one of idle.splice(0)) void end(one);
  }

  async function stay(job: Job): Promise<Outcome> {
    const one = takeProcess();
    try {
      await one.ready;
      const outcome = isClosed ? unstarted : await one.run(job);
      if (outcome.status === "crashed") log?.warn({ err: outcome.cause }, "a process of the sandbox broke");
      return outcome;
    } catch (error) {
      if (isClosed) return unstarted;
      log?.warn({ err: error }, "a process of the sandbox did not start");
      return {
        ...unstarted,
        status: "crashed",
        error: { message: "the Lua machine did not start", line: null },
        cause: error,
      };
    } finally {
      if (one.isSpent() || isClosed) void end(one);
      else idle.push(one);
      keepSpare();
    }
  }

  function next(): void {
    while (busy < workers) {
      const waiting = queue.take();
      if (!waiting) return;
      busy += 1;
      mostBusy = Math.max(mostBusy, busy);
      void stay(waiting.job).then((outcome) => {
        busy -= 1;
        waiting.settle(outcome);
        next();
      });
    }
  }

  return {
    run: (job) =>
      new Promise((settle) => {
        if (isClosed) return settle(unstarted);
        restartRest();
        queue.add(job.orgId, { job, settle });
        next();
      }),
    async close() {
      isClosed = true;
      clearTimeout(rest);
      for (let waiting = queue.take(); waiting; waiting = queue.take()) waiting.settle(unstarted);
      await Promise.all([...processes].map(end));
    },
  };
}
