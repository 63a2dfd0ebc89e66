/** Hashing in a process of its own (hash-process.js), which is there only while it is needed. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { AppError } from "./errors.ts";

/** Compares with `hash`; makes a new one without it. Goes to our own process only, and never to a log. */
export type HashRequest = { id: number; password: string; hash?: string };
type HashAnswer = { id: number; result: string | boolean } | { id: number; error: string };

export type Hasher = {
  hash(password: string): Promise<string>;
  verify(hash: string, password: string): Promise<boolean>;
  /** Ends the process; what is under way becomes `unavailable`. */
  close(): void;
};

type Waiting = { resolve(result: string | boolean): void; reject(error: Error): void };
type Run = { child: ChildProcess; waiting: Map<number, Waiting>; idle: NodeJS.Timeout };

const PROGRAM = fileURLToPath(new URL("hash-process.js", import.meta.url));

const stopped = (cause: unknown): AppError =>
  new AppError("unavailable", "Hashing stopped; try again", { retryAfterMs: 1000, cause });

export function createHasher(options: { threads: number; idleMs: number }): Hasher {
  let run: Run | undefined;
  let lastId = 0;

  function end(ended: Run): void {
    if (run === ended) run = undefined;
    clearTimeout(ended.idle);
    if (ended.child.connected) ended.child.disconnect();
  }

  function fail(failed: Run, cause: unknown): void {
    end(failed);
    for (const { reject } of failed.waiting.values()) reject(stopped(cause));
    failed.waiting.clear();
  }

  /** Only what is under way keeps the process at work, and the server from exiting. */
  function settle({ child, waiting, idle }: Run): void {
    idle.refresh();
    if (waiting.size > 0) child.channel?.ref();
    else child.channel?.unref();
  }

  function start(): Run {
    // Without the secrets in the server's environment.
    const child = fork(PROGRAM, { execArgv: [], env: { UV_THREADPOOL_SIZE: String(options.threads) } });
    const idle = setTimeout(() => (started.waiting.size > 0 ? settle(started) : end(started)), options.idleMs);
    const started: Run = { child, waiting: new Map(), idle: idle.unref() };
    child.on("message", (answer: HashAnswer) => {
      const asked = started.waiting.get(answer.id);
      started.waiting.delete(answer.id);
      settle(started);
      if ("error" in answer) asked?.reject(new Error(answer.error));
      else asked?.resolve(answer.result);
    });
    child.on("error", (error) => fail(started, error));
    child.on("exit", (code, signal) => fail(started, new Error(`the hashing process ended: ${signal ?? code}`)));
    child.unref();
    return started;
  }

  const ask = (request: Omit<HashRequest, "id">): Promise<string | boolean> =>
    new Promise((resolve, reject) => {
      run ??= start();
      const asked = run;
      lastId += 1;
      asked.waiting.set(lastId, { resolve, reject });
      settle(asked);
      asked.child.send({ id: lastId, ...request }, (error) => error && fail(asked, error));
    });

  return {
    hash: async (password) => String(await ask({ password })),
    verify: async (hash, password) => (await ask({ hash, password })) === true,
    close: () => run && end(run),
  };
}
