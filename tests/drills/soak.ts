import { readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { residentMiB } from "../../bench/processes.ts";
import { median } from "../../bench/rounds.ts";
import { type Cluster, readMetric, withCluster } from "./cluster.ts";
import { type Crowd, gatherCrowd } from "./crowd.ts";
import { type Drill, lossGates } from "./drill.ts";
import { judgeCrowd } from "./verdict.ts";

const SAMPLE_MS = 10_000;
/** Part of the clients that go and come again in a minute. */
const CHURN = 0.05;
const WARM_MINUTES = 10;

type Sample = { minute: number; miB: number; files: number; loopP99Ms: number };

const sample = async ({ instances }: Cluster, minute: number): Promise<Sample[]> =>
  Promise.all(
    instances.map(async (instance) => ({
      minute,
      miB: residentMiB(instance.pid()) ?? 0,
      files: (await readdir(`/proc/${instance.pid()}/fd`).catch(() => [])).length,
      loopP99Ms: 1000 * (await readMetric(instance.url, "rhythm_nodejs_eventloop_lag_p99_seconds", [])),
    })),
  );

/** MiB a minute, by least squares. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [mean(samples.map(({ minute }) => minute)), mean(samples.map(({ miB }) => miB))];
  const over = samples.reduce((sum, { minute, miB }) => sum + (minute - x) * (miB - y), 0);
  const under = samples.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0);
  return Math.round((over / under) * 100) / 100;
}

/** One client leaves and another one of the same user comes. */
async function churn(crowd: Crowd, isOver: () => boolean): Promise<number> {
  const pauseMs = 60_000 / (crowd.members.length * CHURN);
  let left = 0;
  for (; !isOver(); left += 1) {
    await sleep(pauseMs);
    const [member] = crowd.members.splice(0, 1);
    if (!member) break;
    member.heard.left = true;
    member.close();
    await crowd.join(member.user).ready;
  }
  return left;
}

export const soak: Drill = {
  name: "soak",
  about: "500 clients, 50 commands a second, one of 20 clients replaced each minute, for 40 minutes on two instances",
  hypothesis:
    "Memory stays level after ten minutes (1 MiB a minute), the event loop is free (99 of 100 turns within 50 ms), no " +
    "file stays open, and at the end nothing was lost, doubled or missed.",
  gates: {
    ...lossGates,
    slopeMiBPerMinute: { most: 1, timed: true },
    loopP99Ms: { most: 50, timed: true },
    filesGrown: { most: 20, timed: true },
  },

  run({ short, minutes = short ? 2 : 40 }) {
    const size = { clients: 500, projects: 20, perSecond: 50, boards: 60 };
    return withCluster({ instances: 2, people: size.clients, projects: size.projects }, async (cluster) => {
      const crowd = await gatherCrowd({ url: cluster.url, ...size });
      crowd.work();
      const began = performance.now();
      const minute = (): number => (performance.now() - began) / 60_000;
      let over = false;
      const churning = churn(crowd, () => over);
      const samples: Sample[][] = [];
      for (; minute() < minutes; await sleep(SAMPLE_MS)) samples.push(await sample(cluster, minute()));
      over = true;
      const replaced = await churning;
      const figures = await judgeCrowd(cluster, crowd);
      crowd.leave();
      const warm = Math.min(WARM_MINUTES, minutes / 3);
      const later = samples.filter(([one]) => (one?.minute ?? 0) >= warm);
      const loops = samples.flat().map(({ loopP99Ms }) => loopP99Ms);
      const [first = [], last = []] = [later[0], later.at(-1)];
      return {
        ...figures,
        ...{ minutes, replaced },
        slopeMiBPerMinute: Math.max(...cluster.instances.map((_, i) => slopeOf(later.flatMap((all) => all[i] ?? [])))),
        miB: Math.round(Math.max(...last.map(({ miB }) => miB))),
        loopP99Ms: Math.round(median(loops)),
        loopWorstMs: Math.round(Math.max(...loops)),
        filesGrown: Math.max(...last.map(({ files }, i) => files - (first[i]?.files ?? 0))),
      };
    });
  },
};
