import { setTimeout as sleep } from "node:timers/promises";
import { cpuMs } from "../../bench/processes.ts";
import { withCluster } from "./cluster.ts";
import { gatherCrowd, outages, percentile } from "./crowd.ts";
import { type Drill, lossGates } from "./drill.ts";
import { judgeCrowd } from "./verdict.ts";

const OUTAGE_MS = 1000;
const LOOK_MS = 200;
/** Of one instance. */
const POOL = 10;

export const thundering: Drill = {
  name: "thundering",
  about: "kill -9 of the only instance with 1,000 sockets (--full: 5,000), started again after 1 s",
  hypothesis:
    "All come back by themselves and are in step within 6 s (5,000: 15 s) for 99 of 100, nobody is refused for good, " +
    "and the instance takes no more connections of Postgres than its pool.",
  gates: {
    ...lossGates,
    back: { least: 1 },
    backOverdueMs: { most: 0, timed: true },
    postgresConnections: { most: POOL + 2, timed: true },
  },

  run({ short, full }) {
    const clients = short ? 100 : full ? 5000 : 1000;
    const allowedMs = full ? 15_000 : 6000;
    const size = { clients, projects: 20, perSecond: 20, boards: 40 };
    return withCluster({ instances: 1, people: clients, projects: size.projects, issues: 10 }, async (cluster) => {
      const crowd = await gatherCrowd({ url: cluster.url, ...size, issues: 10 });
      crowd.work();
      await sleep(2000);
      let watching = true;
      let postgresConnections = 0;
      const watch = async (): Promise<void> => {
        for (; watching; await sleep(LOOK_MS)) {
          const [row] = await cluster.query<{ count: string }>(
            "select count(*) from pg_stat_activity where application_name like 'rhythm%' and application_name <> 'rhythm embedded'",
          );
          postgresConnections = Math.max(postgresConnections, Number(row?.count));
        }
      };
      const at = performance.now();
      const own = process.cpuUsage();
      await cluster.instances[0]?.kill();
      const watched = watch();
      await sleep(OUTAGE_MS);
      await cluster.instances[0]?.start();
      const readyMs = performance.now() - at;
      const isLive = (): boolean => crowd.members.every(({ client }) => client.state.current.status === "live");
      while (!isLive() && performance.now() - at < 60_000) await sleep(50);
      const { user, system } = process.cpuUsage(own);
      const cpu = {
        serverCpuMs: cpuMs(cluster.instances[0]?.pid() ?? 0) ?? 0,
        clientsCpuMs: Math.round((user + system) / 1000),
      };
      watching = false;
      await watched;
      await sleep(1000);
      const back = outages(crowd.members, at);
      const figures = await judgeCrowd(cluster, crowd);
      crowd.leave();
      return {
        ...figures,
        back: back.filter(Number.isFinite).length / clients,
        readyMs: Math.round(readyMs),
        ...{
          backP50Ms: percentile(back, 0.5),
          backP99Ms: percentile(back, 0.99),
          backOverdueMs: Math.max(0, percentile(back, 0.99) - allowedMs),
          backMaxMs: Math.round(Math.max(...back)),
        },
        ...cpu,
        postgresConnections,
      };
    });
  },
};
