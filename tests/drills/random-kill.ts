import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { residentMiB } from "../../bench/processes.ts";
import { type Cluster, withCluster } from "./cluster.ts";
import { gatherCrowd } from "./crowd.ts";
import { type Drill, type Figures, lossGates } from "./drill.ts";
import { judgeCrowd } from "./verdict.ts";

const SETTLED_MS = 60_000;

/** Kills a part without warning, and starts it again a little later. */
async function strike({ instances, postgres, redis }: Cluster, killed: Figures): Promise<void> {
  const parts = ["instance", "instance", "instance", "redis", "postgres"] as const;
  const part = parts[randomInt(parts.length)] ?? "instance";
  killed[part] = (killed[part] ?? 0) + 1;
  const downMs = 200 + randomInt(2000);
  if (part === "redis") {
    await redis?.kill();
    await sleep(downMs);
    await redis?.restart();
  } else if (part === "postgres") {
    await postgres.end("SIGKILL");
    await sleep(downMs);
    await postgres.start();
  } else {
    const victim = instances[randomInt(instances.length)];
    await victim?.kill();
    await sleep(downMs);
    await victim?.start();
  }
}

/** How much an instance has grown since it was a minute old. */
function watchGrowth({ instances }: Cluster): () => number {
  const known = new Map<number, { bornAt: number; settled: number | undefined }>();
  let most = 0;
  const timer = setInterval(() => {
    for (const instance of instances) {
      const pid = instance.pid();
      if (pid === 0) continue;
      const one = known.get(pid) ?? { bornAt: performance.now(), settled: undefined };
      known.set(pid, one);
      const size = residentMiB(pid) ?? 0;
      if (performance.now() - one.bornAt < SETTLED_MS) continue;
      one.settled ??= size;
      most = Math.max(most, size / one.settled - 1);
    }
  }, 1000);
  return () => {
    clearInterval(timer);
    return Math.round(most * 100) / 100;
  };
}

export const randomKill: Drill = {
  name: "random-kill",
  about: "kill -9 of any instance, of Redis or of Postgres every 10 s, under load, for 10 minutes",
  hypothesis: "As with one kill: nothing lost, doubled or missed; and no instance grows by more than a fifth.",
  gates: { ...lossGates, grownShare: { most: 0.2, timed: true } },

  run({ short, minutes = short ? 0.3 : 10 }) {
    const size = short ? { clients: 24, projects: 4, perSecond: 60 } : { clients: 100, projects: 10, perSecond: 100 };
    const everyMs = short ? 4000 : 10_000;
    return withCluster({ instances: 3, people: size.clients, projects: size.projects }, async (cluster) => {
      const crowd = await gatherCrowd({ url: cluster.url, ...size });
      crowd.work();
      const grown = watchGrowth(cluster);
      const killed: Figures = { instance: 0, redis: 0, postgres: 0 };
      const until = performance.now() + minutes * 60_000;
      while (performance.now() < until) {
        const next = performance.now() + everyMs;
        await strike(cluster, killed);
        await sleep(Math.max(0, next - performance.now()));
      }
      const figures = await judgeCrowd(cluster, crowd);
      crowd.leave();
      return { ...figures, ...killed, grownShare: grown() };
    });
  },
};
