/** What the server and a process of the sandbox say to each other: JSON, a message a line. */
import type { Limits, Outcome } from "./job.ts";

/** Lua source that is trusted: run once per process, before any script, in this order. */
export type Chunks = { json: string; sandbox: string; api: string };

/** What ends a script from without, whatever it catches. */
export type Stop = "cpu_limit" | "time_limit" | "memory_limit" | "log_limit" | "aborted";

export type Start = { kind: "start"; source: string; input: string; limits: Limits };
export type Answer =
  | { kind: "answer"; call: number; ok: boolean; json: string }
  | { kind: "answer"; call: number; stop: Stop };
export type ToProcess = { kind: "load"; chunks: Chunks } | Start | Answer;

/** How a script ended; `value` is JSON. */
export type Ending = {
  status: Exclude<Outcome["status"], "crashed">;
  value: string | null;
  message: string;
  line: number | null;
};
export type Result = Ending & Pick<Outcome, "cpuMs" | "memoryBytes">;

export type FromProcess =
  | { kind: "ready" }
  | { kind: "call"; call: number; op: string; args: string }
  /** Said at once, so that it is known when the process is killed. */
  | { kind: "log"; text: string }
  /** The Lua heap is much larger than when this was said last. */
  | { kind: "grew"; bytes: number }
  /** `heldBytes`: what the machine has of the system's memory; it never shrinks. */
  | { kind: "done"; result: Result; heldBytes: number }
  /** The machine is broken, and the process with it. */
  | { kind: "broken"; message: string };
