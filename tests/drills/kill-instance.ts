import { setTimeout as sleep } from "node:timers/promises";
import { withCluster } from "./cluster.ts";
import { gatherCrowd, outages, percentile } from "./crowd.ts";
import { type Drill, lossGates } from "./drill.ts";
import { judgeCrowd } from "./verdict.ts";

const RESTART_AFTER_MS = 2000;

export const killInstance: Drill = {
  name: "kill-instance",
  about: "kill -9 of one instance after the other under load, each started again after 2 s",
  hypothesis:
    "Nothing that was acknowledged is lost, nothing is applied twice, every client hears every event once and in order; " +
    "those of the killed instance are up to date again within 2 s (99 of 100) without doing anything.",
  gates: { ...lossGates, acked: { least: 10_000, timed: true }, backP99Ms: { most: 2000, timed: true } },

  run({ short }) {
    const size = short
      ? { instances: 2, clients: 24, projects: 4, perSecond: 80, kills: 2, restMs: 2500 }
      : { instances: 3, clients: 200, projects: 10, perSecond: 200, kills: 3, restMs: 15_000 };
    const { instances, clients, projects, perSecond, kills, restMs } = size;
    return withCluster({ instances, people: clients, projects }, async (cluster) => {
      const crowd = await gatherCrowd({ url: cluster.url, clients, projects, perSecond, boards: 40 });
      crowd.work();
      await sleep(restMs);
      const [back, connected]: [number[], number[]] = [[], []];
      for (let kill = 0; kill < kills; kill += 1) {
        const victim = cluster.instances[kill % instances];
        const at = performance.now();
        await victim?.kill();
        await sleep(RESTART_AFTER_MS);
        await victim?.start();
        await sleep(restMs - RESTART_AFTER_MS > 0 ? restMs - RESTART_AFTER_MS : restMs);
        back.push(...outages(crowd.members, at));
        connected.push(...outages(crowd.members, at, { connected: true }));
      }
      const figures = await judgeCrowd(cluster, crowd);
      crowd.leave();
      return {
        ...figures,
        ...{ kills, moved: back.length, backP50Ms: percentile(back, 0.5), backP99Ms: percentile(back, 0.99) },
        ...{ connectedP50Ms: percentile(connected, 0.5), connectedP99Ms: percentile(connected, 0.99) },
      };
    });
  },
};
