import { setTimeout as sleep } from "node:timers/promises";
import { withCluster } from "./cluster.ts";
import { ackTimes, gatherCrowd, percentile } from "./crowd.ts";
import { type Drill, lossGates } from "./drill.ts";
import type { Instance } from "./instance.ts";
import { judgeCrowd } from "./verdict.ts";

const LOOK_MS = 20;

/** Whether the instance said that it is not ready before it let go of its port. */
async function saysUnready(instance: Instance, isOver: () => boolean): Promise<boolean> {
  while (!isOver()) {
    const status = await fetch(`${instance.url}/readyz`, { signal: AbortSignal.timeout(1000) }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => 0,
    );
    if (status === 503) return true;
    await sleep(LOOK_MS);
  }
  return false;
}

export const rolling: Drill = {
  name: "rolling",
  about: "a rolling restart under load: each instance in turn gets SIGTERM and is started again",
  hypothesis:
    "No command fails, since the SDK sends what was turned away elsewhere; each instance says that it is not ready, " +
    "finishes what it began and ends with code 0 within 20 s; its clients come back to the others over at least 5 s.",
  gates: {
    ...lossGates,
    refused: { most: 0 },
    unknown: { most: 0 },
    badExits: { most: 0 },
    unreadySaid: { least: 1, timed: true },
    slowestStopMs: { most: 20_000, timed: true },
    spreadMs: { least: 5000, timed: true },
  },

  run({ short }) {
    const size = short ? { clients: 24, projects: 4, perSecond: 60 } : { clients: 200, projects: 10, perSecond: 200 };
    const betweenMs = short ? 500 : 5000;
    return withCluster({ instances: 3, people: size.clients, projects: size.projects }, async (cluster) => {
      const crowd = await gatherCrowd({ url: cluster.url, ...size, boards: 40 });
      crowd.work();
      await sleep(betweenMs);
      const began = performance.now();
      const stops: { code: number | null; ms: number; unready: boolean; spreadMs: number }[] = [];
      for (const instance of cluster.instances) {
        const at = performance.now();
        let over = false;
        const unready = saysUnready(instance, () => over);
        const stop = await instance.stop();
        over = true;
        const said = await unready;
        await instance.start();
        await sleep(betweenMs);
        const back = crowd.members.flatMap(({ states }) => {
          const moved = states.some((state) => state.at > at && state.status === "offline");
          const live = states.findLast((state) => state.at > at && state.status === "live");
          return moved && live ? [live.at] : [];
        });
        stops.push({ ...stop, unready: said, spreadMs: Math.max(...back) - Math.min(...back) });
      }
      const ended = performance.now();
      const figures = await judgeCrowd(cluster, crowd);
      crowd.leave();
      const meanwhile = ackTimes(crowd.history, began, ended);
      return {
        ...figures,
        restarts: stops.length,
        badExits: stops.filter(({ code }) => code !== 0).length,
        unreadySaid: stops.filter(({ unready }) => unready).length / stops.length,
        slowestStopMs: Math.round(Math.max(...stops.map(({ ms }) => ms))),
        spreadMs: Math.round(Math.min(...stops.map(({ spreadMs }) => spreadMs))),
        slowestAckMs: Math.round(Math.max(...meanwhile)),
        rollingAckP99Ms: percentile(meanwhile, 0.99),
      };
    });
  },
};
