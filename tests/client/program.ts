import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A bot as people run it: a process of its own. */
export type Program = {
  /** What it said so far. */
  said(): string;
  /** Resolves when it listens. */
  following: Promise<void>;
  kill(): Promise<void>;
  /** Gives the exit code. */
  stop(): Promise<number | null>;
};

/** Starts `file`, a path from the root of the project, as the owner of `token`. */
export function startProgram(file: string, { url, token }: { url: string; token: string }): Program {
  const child: ChildProcess = spawn(process.execPath, ["--import", "tsx", file], {
    cwd: root,
    env: { PATH: process.env["PATH"], RHYTHM_URL: url, RHYTHM_KEY: token },
    stdio: ["ignore", "inherit", "pipe"],
  });
  const ended = once(child, "exit");
  let said = "";
  const following = new Promise<void>((resolve, reject) => {
    child.stderr?.on("data", (text: Buffer) => {
      said += text;
      if (said.includes('"msg":"follows"')) resolve();
    });
    void ended.then(() => reject(new Error(`${file} ended: ${said}`)));
  });
  following.catch(() => undefined);
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    await ended;
    return child.exitCode;
  };
  return {
    said: () => said,
    following,
    async kill() {
      await end("SIGKILL");
    },
    stop: () => end("SIGTERM"),
  };
}
