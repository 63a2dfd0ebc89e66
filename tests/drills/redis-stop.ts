import { setTimeout as sleep } from "node:timers/promises";
import { residentMiB } from "../../bench/processes.ts";
import { type Cluster, withCluster } from "./cluster.ts";
import { ackTimes, gatherCrowd, percentile } from "./crowd.ts";
import { type Drill, lossGates } from "./drill.ts";
import { judgeCrowd } from "./verdict.ts";

type Outage = { how: "kill" | "pause"; ms: number };
const many = (count: number, outage: Outage): Outage[] => Array.from({ length: count }, () => outage);

/** The sizes of all instances together. */
const resident = ({ instances }: Cluster): number =>
  instances.reduce((sum, instance) => sum + (residentMiB(instance.pid()) ?? 0), 0);

export const redisStop: Drill = {
  name: "redis-stop",
  about: "Redis killed for 10 s and 30 s, over and over, and frozen for 30 s, under load on two instances",
  hypothesis:
    "Commands go on as before; clients of the other instance are at most 2 s behind, then as quick as ever; nothing is " +
    "lost or heard twice; no instance ends, and none keeps what it cannot send.",
  gates: {
    ...lossGates,
    ackedShare: { least: 0.99 },
    refused: { most: 0 },
    worstLagMs: { most: 2000, timed: true },
    grownMiB: { most: 60, timed: true },
  },

  run({ short }) {
    const size = short ? { clients: 16, projects: 4, perSecond: 60 } : { clients: 60, projects: 6, perSecond: 100 };
    const outages = short
      ? [...many(2, { how: "kill", ms: 2500 }), ...many(1, { how: "pause", ms: 3500 })]
      : [
          ...many(5, { how: "kill", ms: 10_000 }),
          ...many(2, { how: "kill", ms: 30_000 }),
          ...many(1, { how: "pause", ms: 30_000 }),
        ];
    const betweenMs = short ? 1000 : 5000;
    return withCluster({ instances: 2, people: size.clients, projects: size.projects }, async (cluster) => {
      const { redis } = cluster;
      if (!redis) throw new Error("this drill needs a Redis of its own");
      const crowd = await gatherCrowd({ url: cluster.url, ...size });
      crowd.work();
      await sleep(betweenMs);
      const began = performance.now();
      // Each outage leaves behind what it leaves; the first ones find instances that are still warming up.
      const sizes: number[] = [];
      const away: number[] = [];
      for (const { how, ms } of outages) {
        const at = performance.now();
        if (how === "kill") await redis.kill();
        else redis.pause();
        await sleep(ms);
        sizes.push(resident(cluster));
        if (how === "kill") await redis.restart();
        else redis.resume();
        away.push(...ackTimes(crowd.history, at, performance.now()));
        await sleep(betweenMs);
      }
      const ended = performance.now();
      const figures = await judgeCrowd(cluster, crowd);
      crowd.leave();
      return {
        ...figures,
        outages: outages.length,
        ackedShare: (figures["acked"] ?? 0) / (figures["commands"] ?? 1),
        worstLagMs: Math.round(crowd.worstLagMs(began, ended)),
        awayAckP50Ms: percentile(away, 0.5),
        awayAckP99Ms: percentile(away, 0.99),
        grownMiB: Math.round((sizes.at(-1) ?? 0) - (sizes[Math.floor(sizes.length / 2)] ?? 0)),
      };
    });
  },
};
