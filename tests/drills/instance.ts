import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { builtFile } from "../../bench/processes.ts";
import { freePort } from "../../src/kernel/free-port.ts";

/** One server, as `npm start` runs it, on one port through all its restarts. */
export type Instance = {
  port: number;
  url: string;
  /** Of the running process; 0 while none runs. */
  pid(): number;
  start(): Promise<void>;
  kill(): Promise<void>;
  /** SIGTERM; gives the exit code and how long it took. */
  stop(): Promise<{ code: number | null; ms: number }>;
  pause(): void;
  resume(): void;
  /** Log lines above warnings, and what it said outside the log. */
  complaints: string[];
  /** How often it ended without being asked to. */
  crashes(): number;
};

const ERROR_LEVEL = 50;
const MOST_COMPLAINTS = 50;

/** Ends whatever still runs when this process goes. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export async function createInstance(
  settings: NodeJS.ProcessEnv,
  main = builtFile("src/main.js"),
  givenPort?: number,
): Promise<Instance> {
  const port = givenPort ?? (await freePort());
  const { PATH, HOME, TMPDIR } = process.env;
  const env = { PATH, HOME, TMPDIR, ...settings, PORT: String(port) };
  const complaints: string[] = [];
  let child: ChildProcess | undefined;
  let wanted = false;
  let crashes = 0;

  const complain = (line: string): void => {
    if (complaints.length < MOST_COMPLAINTS) complaints.push(line.slice(0, 500));
  };
  async function start(): Promise<void> {
    const started = spawn(process.execPath, ["--enable-source-maps", main], { env, stdio: ["ignore", "pipe", "pipe"] });
    child = started;
    wanted = true;
    running.add(started);
    started.once("exit", () => {
      running.delete(started);
      if (child !== started) return;
      if (wanted) crashes += 1;
      child = undefined;
    });
    createInterface({ input: started.stderr }).on("line", complain);
    await new Promise<void>((resolve, reject) => {
      started.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${complaints.join("\n")}`)));
      createInterface({ input: started.stdout }).on("line", (line) => {
        if (line.includes('"msg":"ready"')) resolve();
        if (Number(/"level":(\d+)/.exec(line)?.[1]) >= ERROR_LEVEL) complain(line);
      });
    });
  }
  async function end(signal: NodeJS.Signals): Promise<{ code: number | null; ms: number }> {
    const ending = child;
    if (!ending) return { code: null, ms: 0 };
    wanted = false;
    const began = performance.now();
    const ended = once(ending, "exit");
    ending.kill(signal);
    const [code] = await ended;
    return { code, ms: performance.now() - began };
  }
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    pid: () => child?.pid ?? 0,
    start,
    kill: async () => void (await end("SIGKILL")),
    stop: () => end("SIGTERM"),
    pause: () => void child?.kill("SIGSTOP"),
    resume: () => void child?.kill("SIGCONT"),
    complaints,
    crashes: () => crashes,
  };
}
