import { setTimeout as sleep } from "node:timers/promises";
import { withCluster } from "./cluster.ts";
import { type Crowd, gatherCrowd } from "./crowd.ts";
import { type Drill, lossGates } from "./drill.ts";
import { judgeCrowd } from "./verdict.ts";

const signals = ["SIGINT", "SIGQUIT", "SIGKILL"] as const;

/** How long after `at` the first command was acknowledged. */
const firstAck = ({ history }: Crowd, at: number): number =>
  Math.min(
    ...history.ops.flatMap(({ endedAt = 0, ending }) =>
      ending?.outcome === "ok" && endedAt > at ? [endedAt - at] : [],
    ),
  );

export const postgresRestart: Drill = {
  name: "postgres-restart",
  about: "Postgres stopped fast, immediately and by kill -9 under load, each time started again after 2 s",
  hypothesis:
    "What was acknowledged is on the disk; refusals meanwhile say unavailable, so that clients try again; the first " +
    "command is acknowledged within 3 s after Postgres is ready, without a restart of any instance.",
  gates: { ...lossGates, refused: { most: 0 }, firstAckMs: { most: 3000, timed: true } },

  run({ short }) {
    const size = short ? { clients: 16, projects: 4, perSecond: 60 } : { clients: 100, projects: 10, perSecond: 150 };
    const { rounds, betweenMs, downMs } = short
      ? { rounds: 1, betweenMs: 2500, downMs: 500 }
      : { rounds: 2, betweenMs: 8000, downMs: 2000 };
    return withCluster({ instances: 2, people: size.clients, projects: size.projects }, async (cluster) => {
      const crowd = await gatherCrowd({ url: cluster.url, ...size });
      crowd.work();
      await sleep(betweenMs);
      const first: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        for (const signal of signals) {
          await cluster.postgres.end(signal);
          await sleep(downMs);
          await cluster.postgres.start();
          const readyAt = performance.now();
          await sleep(betweenMs);
          first.push(firstAck(crowd, readyAt));
        }
      }
      const unavailable = await cluster.metric("rhythm_commands_total", 'code="unavailable"');
      const figures = await judgeCrowd(cluster, crowd);
      crowd.leave();
      return { ...figures, restarts: first.length, unavailable, firstAckMs: Math.round(Math.max(...first)) };
    });
  },
};
