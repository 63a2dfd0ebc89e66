/**
 * One process of the sandbox. It answers for its jobs: each ends within its limits, whatever the script or the process
 * does. The process itself notices limits that Lua code passes; here is what a loop within a C function cannot escape.
 * A process, not a thread: Node may abort as a whole when a thread is terminated while V8 compiles for it, and here what
 * is killed can take nothing along.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { openCpuClock } from "./cpu.js";
import type { Job, Outcome } from "./job.ts";
import type { Chunks, FromProcess, Result, ToProcess } from "./messages.ts";
import { openStay, type Stay } from "./stay.ts";

/** A process is replaced after so many jobs, or when its machine has this much memory, which it never gives back. */
const maxJobs = 1000;
const maxHeldBytes = 24 * 1024 * 1024;
/** What the process gets to notice a limit itself before it is killed. */
const graceMs = 100;
/** How often a job that may be past its CPU time is looked at. */
const lookMs = 50;

export type SandboxProcess = {
  /** Rejects when it could not start. */
  ready: Promise<void>;
  /** One at a time. */
  run(job: Job): Promise<Outcome>;
  /** It should get no further job. */
  isSpent(): boolean;
  /** What runs ends as `aborted`. */
  end(): Promise<void>;
};

const program = fileURLToPath(new URL("./program.js", import.meta.url));
/** Should a script ever get at JavaScript: no writing, no processes, no addons. Its name has changed in Node 22. */
const permission = process.allowedNodeEnvironmentFlags.has("--permission")
  ? "--permission"
  : "--experimental-permission";
const flags = [permission, "--allow-fs-read=*", "--no-warnings", "--max-old-space-size=64", "--stack-size=3900"];

function openProgram() {
  const child = spawn(process.execPath, [...flags, program], { env: {}, stdio: ["pipe", "ignore", "pipe", "pipe"] });
  const [questions, , complaints, answers] = child.stdio as unknown as [Socket, null, Socket, Socket];
  // Writing to one that has ended is no news: its exit is.
  questions.on("error", () => {});
  return {
    child,
    answers,
    complaints,
    say: (message: ToProcess) => questions.write(`${JSON.stringify(message)}\n`),
    /** Between jobs it keeps no server alive. */
    hold(isHeld: boolean): void {
      for (const end of [child, questions, complaints, answers]) isHeld ? end.ref() : end.unref();
    },
  };
}

/** Calls `take` with each line. */
function readLines(from: Socket, take: (line: string) => void): void {
  let rest = "";
  from.setEncoding("utf8");
  from.on("error", () => {});
  from.on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  });
}

export function openProcess(chunks: Chunks): SandboxProcess {
  const { child, answers, complaints, say, hold } = openProgram();
  const exited = once(child, "exit");
  let complaint = "";
  let output = "";
  let peakBytes = 0;
  let current: { stay: Stay; settle(outcome: Outcome): void } | undefined;
  let openCall: number | undefined;
  let jobs = 0;
  let isSpent = false;
  let timer: NodeJS.Timeout | undefined;
  let cpuClock: ReturnType<typeof openCpuClock>;

  const start = { succeed: () => {}, fail: (_error: Error) => {} };
  const ready = new Promise<void>((succeed, fail) => Object.assign(start, { succeed, fail }));
  // Whoever takes the process hears of it; a spare that nobody takes must not end the server.
  ready.catch(() => {});

  const readOutput = () => output.replace(/\n$/, "");

  function settle(outcome: Outcome): void {
    clearTimeout(timer);
    hold(false);
    const settled = current;
    current = undefined;
    openCall = undefined;
    settled?.settle(outcome);
  }

  function finish(result: Result, heldBytes: number): void {
    jobs += 1;
    isSpent ||= jobs >= maxJobs || heldBytes > maxHeldBytes;
    try {
      if (current) settle(current.stay.outcomeOf(result, readOutput()));
    } catch (error) {
      fail(`it gave back what is no JSON: ${String(error)}`);
    }
  }

  function kill(status: Outcome["status"], cause?: Error): void {
    isSpent = true;
    const rest = { output: readOutput(), memoryBytes: peakBytes, ...(cause ? { cause } : {}) };
    if (current) settle(current.stay.outcomeOfKill(status, rest));
    child.kill("SIGKILL");
  }

  function fail(message: string): void {
    const error = new Error(message);
    start.fail(error);
    kill("crashed", error);
  }

  /** Kills a job that is past a limit; else looks again when it may be. */
  function watch({ job: { limits }, elapsedMs, cpuMs }: Stay): void {
    const cpuLeft = limits.cpuMs + graceMs - cpuMs();
    const timeLeft = limits.wallMs - elapsedMs();
    if (timeLeft <= 0 && openCall !== undefined) {
      say({ kind: "answer", call: openCall, stop: "time_limit" });
      openCall = undefined;
    }
    const graceLeft = timeLeft + graceMs;
    if (cpuLeft <= 0 || graceLeft <= 0) kill(cpuMs() >= limits.cpuMs ? "cpu_limit" : "time_limit");
    else {
      const next = Math.min(timeLeft > 0 ? timeLeft : graceLeft, Math.max(lookMs, cpuLeft));
      timer = setTimeout(() => current && watch(current.stay), next);
    }
  }

  async function answer({ call, op, args }: Extract<FromProcess, { kind: "call" }>): Promise<void> {
    openCall = call;
    const reply = await current?.stay.answer(call, op, args);
    if (!reply || openCall !== call) return;
    openCall = undefined;
    say(reply);
  }

  function hear(message: FromProcess): void {
    switch (message.kind) {
      case "call":
        void answer(message);
        break;
      case "log":
        output += message.text;
        break;
      case "grew":
        peakBytes = message.bytes;
        break;
      case "done":
        finish(message.result, message.heldBytes);
        break;
      case "broken":
        fail(message.message);
        break;
      case "ready":
        cpuClock = child.pid === undefined ? undefined : openCpuClock(child.pid);
        // Earlier than here nobody would wait for it.
        if (!current) hold(false);
        start.succeed();
    }
  }

  readLines(answers, (line) => hear(JSON.parse(line) as FromProcess));
  complaints.on("data", (text: Buffer) => {
    complaint = `${complaint}${text}`.slice(-500);
  });
  child.on("error", (error) => fail(error.message));
  child.on("exit", (code, signal) => {
    fail(`it ended with ${signal ?? code}${complaint && `: ${complaint}`}`);
    cpuClock?.close();
  });
  say({ kind: "load", chunks });

  function run(job: Job, done: (outcome: Outcome) => void): void {
    const { source, input, limits } = job;
    [output, peakBytes, openCall] = ["", 0, undefined];
    current = { stay: openStay(job, cpuClock?.read), settle: done };
    hold(true);
    say({ kind: "start", source, input: JSON.stringify(input ?? null), limits });
    watch(current.stay);
  }

  return {
    ready,
    run: (job) => new Promise((done) => run(job, done)),
    isSpent: () => isSpent,
    async end() {
      kill("aborted");
      // Its end is waited for, even when nothing else is.
      hold(true);
      await exited;
    },
  };
}
