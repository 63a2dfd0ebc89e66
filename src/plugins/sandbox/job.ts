/** One stay of a source in the sandbox. */
export type Job = {
  /** Whose turn it takes: organizations share the workers fairly. */
  orgId: string;
  source: string;
  /** For the function `enter` of the trusted Lua; JSON. */
  input: unknown;
  limits: Limits;
  /** Answers a call of the script; JSON values. What it throws ends the run at once, as `aborted`. */
  call(op: string, args: unknown): Promise<{ ok: true; value: unknown } | { ok: false; error: CallError }>;
};

export type CallError = { code: string; message: string; details?: unknown };

export type Limits = {
  /** CPU time of the Lua code, without waiting for calls. */
  cpuMs: number;
  /** From the first instruction, with everything; not the wait for a free worker. */
  wallMs: number;
  memoryBytes: number;
  /** Of what it logs, in UTF-8. */
  outputBytes: number;
};

export type Outcome = {
  status:
    | "ok"
    | "error"
    | "cpu_limit"
    | "time_limit"
    | "memory_limit"
    | "log_limit"
    /** The Lua machine or its thread broke. */
    | "crashed"
    /** `call` threw: see `cause`. */
    | "aborted";
  /** What `enter` gave back; null unless ok. */
  value: unknown;
  error: { message: string; line: number | null } | null;
  cause?: unknown;
  /** All that was logged until the end, also when it was killed. */
  output: string;
  durationMs: number;
  cpuMs: number;
  /** The most that the Lua heap held. */
  memoryBytes: number;
  hostCalls: number;
};

export type Sandbox = {
  run(job: Job): Promise<Outcome>;
  /** Kills what runs. */
  close(): Promise<void>;
};
