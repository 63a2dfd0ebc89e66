import { setTimeout as sleep } from "node:timers/promises";
import { cpuMs } from "./processes.ts";
import { quantile } from "./rounds.ts";

export type Load = {
  perSecond: number;
  /** All of them, those of the warming up too. */
  commands: number;
  /** From the command to its answer. */
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  /** Of the server's process. */
  serverCpuMs: number | undefined;
  /** Part of a core that this process, the load generator, used. */
  generatorCpu: number;
};

type Plan = {
  clients: number;
  /** One command, from sending to the answer. */
  send: (client: number) => Promise<unknown>;
  /** Pause between an answer and the next command; none unless given. */
  restMs?: number;
  serverPid: number;
  warmMs: number;
  forMs: number;
};

/** Each client sends its next command when the last is answered; counts what is answered within `forMs`. */
export async function runLoad({ clients, send, restMs, serverPid, warmMs, forMs }: Plan): Promise<Load> {
  const latencies: number[] = [];
  let commands = 0;
  let over = false;
  let counting = false;
  const run = async (client: number): Promise<void> => {
    while (!over) {
      const sent = performance.now();
      await send(client);
      commands += 1;
      if (counting) latencies.push(performance.now() - sent);
      if (restMs !== undefined) await sleep(restMs);
    }
  };
  const running = Promise.all(Array.from({ length: clients }, (_, client) => run(client)));
  const measure = async () => {
    await sleep(warmMs);
    counting = true;
    const started = { at: performance.now(), own: process.cpuUsage(), server: cpuMs(serverPid) };
    await sleep(forMs);
    counting = false;
    over = true;
    const ms = performance.now() - started.at;
    const own = process.cpuUsage(started.own);
    const server = cpuMs(serverPid);
    return { ms, own, cpu: server === undefined ? undefined : server - (started.server ?? 0) };
  };
  const [{ ms, own, cpu }] = await Promise.all([measure(), running]);
  return {
    commands,
    perSecond: (latencies.length / ms) * 1000,
    p50Ms: quantile(latencies, 0.5),
    p95Ms: quantile(latencies, 0.95),
    p99Ms: quantile(latencies, 0.99),
    serverCpuMs: cpu === undefined ? undefined : cpu / latencies.length,
    generatorCpu: (own.user + own.system) / 1000 / ms,
  };
}
