import { setTimeout as sleep } from "node:timers/promises";
import { backUp } from "./backup.ts";
import { type Cluster, withCluster } from "./cluster.ts";
import { gatherCrowd } from "./crowd.ts";
import { type Drill, lossGates } from "./drill.ts";
import { createInstance } from "./instance.ts";
import { startPostgres } from "./postgres.ts";
import { judgeCrowd } from "./verdict.ts";

/** The step after a restore that docs/operations.md asks for. */
const NEW_EPOCHS = "update streams set epoch = substr(md5(random()::text || id), 1, 8)";

/** Puts the copy in the place of the database, and starts the servers on it. */
async function restoreFrom(folder: string, cluster: Cluster): Promise<void> {
  await Promise.all(cluster.instances.map((instance) => instance.stop()));
  await cluster.postgres.remove();
  cluster.postgres = await startPostgres(folder);
  await cluster.query(NEW_EPOCHS);
  const settings = { ...cluster.settings, DATABASE_URL: cluster.postgres.url };
  cluster.instances = await Promise.all(cluster.instances.map(({ port }) => createInstance(settings, undefined, port)));
  await Promise.all(cluster.instances.map((instance) => instance.start()));
}

export const restore: Drill = {
  name: "restore",
  about:
    "a backup under load with 100,000 issues, half a minute more of work, then back to the backup, with a new epoch",
  hypothesis:
    "What was acknowledged before the backup is there, without gaps; each client that comes back sees the new epoch and " +
    "loads a snapshot, so that nobody holds a mixture; it takes at most 60 s.",
  gates: { ...lossGates, oldEpochs: { most: 0 }, restoredMs: { most: 60_000, timed: true } },

  run({ short }) {
    const size = short ? { clients: 16, projects: 4, perSecond: 40 } : { clients: 60, projects: 6, perSecond: 100 };
    const issues = short ? 5000 : 100_000;
    return withCluster(
      { instances: 2, people: size.clients, projects: size.projects, big: issues },
      async (cluster) => {
        const crowd = await gatherCrowd({ url: cluster.url, ...size });
        crowd.work();
        await sleep(short ? 2000 : 10_000);
        const backupAt = performance.now();
        const folder = await backUp(cluster.postgres);
        const backupMs = performance.now() - backupAt;
        await sleep(short ? 2000 : 30_000);
        const restoreAt = performance.now();
        await restoreFrom(folder, cluster);
        const restoredAt = performance.now();
        await sleep(short ? 4000 : 15_000);
        await crowd.rest();
        // What was done between the two is what going back means.
        const { history } = crowd;
        const between = history.ops.filter(({ sentAt, endedAt = Number.POSITIVE_INFINITY }) => {
          return endedAt >= backupAt && sentAt < restoredAt;
        });
        history.ops = history.ops.filter((op) => !between.includes(op));
        const figures = await judgeCrowd(cluster, crowd);
        const epochs = await cluster.query<{ id: string; epoch: string }>("select id, epoch from streams");
        const oldEpochs = history.heard.filter(
          ({ stream, segments }) => segments.at(-1)?.epoch !== epochs.find(({ id }) => id === stream)?.epoch,
        );
        crowd.leave();
        return {
          ...figures,
          issues,
          goneBack: between.length,
          oldEpochs: oldEpochs.length,
          backupMs: Math.round(backupMs),
          restoredMs: Math.round(restoredAt - restoreAt),
        };
      },
    );
  },
};
