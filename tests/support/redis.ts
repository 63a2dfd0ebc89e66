import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../src/kernel/free-port.ts";
import { findRedis, type RedisBinary } from "./redis-binary.ts";

/** A real Redis without persistence; what a `kill` or `restart` loses is what an outage loses. */
export type RedisServer = {
  url: string;
  stop(): Promise<void>;
  kill(): Promise<void>;
  /** Alive, its connections open, but silent until `resume`. */
  pause(): void;
  resume(): void;
  /** Back on the same port, empty. */
  restart(): Promise<void>;
};

/** TEST_REDIS_URL names a running Redis to use instead; it cannot be killed or paused. */
export async function startRedis(): Promise<RedisServer> {
  const given = process.env["TEST_REDIS_URL"];
  if (given) return useGivenRedis(given);

  const binary = await findRedis();
  const port = await freePort();
  let redis = await launch(binary, port);
  const kill = () => endProcess(redis);
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: kill,
    kill,
    pause: () => void redis.kill("SIGSTOP"),
    resume: () => void redis.kill("SIGCONT"),
    restart: async () => {
      await kill();
      redis = await launch(binary, port);
    },
  };
}

function useGivenRedis(url: string): RedisServer {
  const refuse = () => {
    throw new Error("This test stops Redis, so it needs one of its own: unset TEST_REDIS_URL");
  };
  return {
    url,
    stop: async () => {},
    kill: async () => refuse(),
    pause: refuse,
    resume: refuse,
    restart: async () => refuse(),
  };
}

async function launch({ file, env }: RedisBinary, port: number): Promise<ChildProcess> {
  const network = ["--port", String(port), "--bind", "127.0.0.1"];
  const storage = ["--save", "", "--appendonly", "no", "--dir", tmpdir()];
  const redis = spawn(file, [...network, ...storage], { env, stdio: "ignore" });
  while (!(await answers(port))) {
    if (redis.exitCode !== null) throw new Error(`${file} ended with ${redis.exitCode} at its start`);
    await sleep(10);
  }
  return redis;
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    socket.once("error", () => resolve(false));
    socket.once("data", (reply) => {
      socket.destroy();
      resolve(reply.toString().startsWith("+PONG"));
    });
  });
}
