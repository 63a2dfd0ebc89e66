import { setTimeout as sleep } from "node:timers/promises";
import { withCluster } from "./cluster.ts";
import { gatherCrowd, outages, percentile } from "./crowd.ts";
import { type Drill, lossGates } from "./drill.ts";
import { judgeCrowd } from "./verdict.ts";

export const freeze: Drill = {
  name: "freeze",
  about: "SIGSTOP of one of two instances for 20 s under load, then SIGCONT",
  hypothesis:
    "Its clients notice by the silence and move within 12 s; what it held locked is free again; when it wakes, nothing " +
    "stale is applied or heard, and nothing twice.",
  gates: { ...lossGates, movedMs: { most: 12_000, timed: true }, moved: { least: 1 } },

  run({ short }) {
    const size = short ? { clients: 16, projects: 4, perSecond: 40 } : { clients: 100, projects: 10, perSecond: 100 };
    const frozenMs = short ? 12_000 : 20_000;
    return withCluster({ instances: 2, people: size.clients, projects: size.projects }, async (cluster) => {
      const crowd = await gatherCrowd({ url: cluster.url, ...size });
      crowd.work();
      await sleep(3000);
      const victim = cluster.instances[0];
      const at = performance.now();
      victim?.pause();
      await sleep(frozenMs);
      victim?.resume();
      const woke = performance.now();
      await sleep(5000);
      const figures = await judgeCrowd(cluster, crowd);
      crowd.leave();
      const moves = outages(crowd.members, at, { until: woke });
      return {
        ...figures,
        moved: moves.length,
        movedP50Ms: percentile(moves, 0.5),
        movedMs: Math.round(Math.max(...moves)),
      };
    });
  },
};
