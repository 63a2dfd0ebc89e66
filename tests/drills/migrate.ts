import { cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../src/kernel/package-root.ts";
import { withCluster } from "./cluster.ts";
import { ackTimes, gatherCrowd, percentile } from "./crowd.ts";
import { type Drill, lossGates } from "./drill.ts";
import { createInstance } from "./instance.ts";
import { createFolder } from "./postgres.ts";
import { judgeCrowd } from "./verdict.ts";

/** As a next version may bring it: a column that old servers do not know, and an index over all issues. */
const MIGRATION = `alter table issues add column drill_note text not null default '';
create index issues_drill on issues (project_id, updated_at desc, id) where deleted_at is null;
`;

/** The next version of the server, with one migration more; gives its folder. */
async function buildNext(): Promise<string> {
  const folder = await createFolder("next");
  const root = fileURLToPath(packageRoot);
  // What runs as it is lies in src.
  for (const part of ["dist", "src", "migrations", "package.json"])
    await cp(path.join(root, part), path.join(folder, part), { recursive: true });
  await symlink(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  await mkdir(path.join(folder, "migrations"), { recursive: true });
  await writeFile(path.join(folder, "migrations", "9999_drill.sql"), MIGRATION);
  return folder;
}

export const migrate: Drill = {
  name: "migrate",
  about: "a new version migrates the database of 100,000 issues while the old one works, then both serve together",
  hypothesis:
    "Commands go on: 99 of 100 are acknowledged within 1 s, no one waits for a lock for more than 500 ms, none fails, " +
    "and clients of both versions see the same.",
  gates: {
    ...lossGates,
    refused: { most: 0 },
    migrated: { least: 1 },
    duringAckP99Ms: { most: 1000, timed: true },
    worstLockWaitMs: { most: 500, timed: true },
  },

  run({ short }) {
    const size = { clients: 24, projects: 6, perSecond: 50 };
    const issues = short ? 5000 : 100_000;
    return withCluster(
      { instances: 1, people: size.clients, projects: size.projects, big: issues },
      async (cluster) => {
        const folder = await buildNext();
        const next = await createInstance(cluster.settings, path.join(folder, "dist/src/main.js"));
        const crowd = await gatherCrowd({ url: cluster.url, ...size });
        crowd.work();
        await sleep(3000);
        let watching = true;
        let worstLockWaitMs = 0;
        const watch = async (): Promise<void> => {
          for (; watching; await sleep(20)) {
            const [row] = await cluster.query<{ ms: string | null }>(
              "select max(extract(epoch from clock_timestamp() - waitstart)) * 1000 as ms from pg_locks where not granted and locktype = 'relation'",
            );
            worstLockWaitMs = Math.max(worstLockWaitMs, Number(row?.ms ?? 0));
          }
        };
        const watched = watch();
        const from = performance.now();
        await next.start();
        const to = performance.now();
        watching = false;
        await watched;
        cluster.instances.push(next);
        cluster.balancer.add(next.port);
        // Clients of both.
        for (let i = 0; i < size.clients; i += 1) await crowd.join(1 + i).ready;
        await sleep(short ? 2000 : 10_000);
        const figures = await judgeCrowd(cluster, crowd);
        const migrated = await cluster.query("select name from migration_checksums where name = '9999_drill'");
        crowd.leave();
        await rm(folder, { recursive: true, force: true });
        const during = ackTimes(crowd.history, from, to);
        return {
          ...figures,
          issues,
          migrated: migrated.length,
          startedMs: Math.round(to - from),
          duringAckP99Ms: percentile(during, 0.99),
          duringAckMaxMs: Math.round(Math.max(...during)),
          worstLockWaitMs: Math.round(worstLockWaitMs),
        };
      },
    );
  },
};
