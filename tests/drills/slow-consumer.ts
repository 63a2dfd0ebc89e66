import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { residentMiB } from "../../bench/processes.ts";
import { projectStream } from "../../bench/seed.ts";
import { type Cluster, readMetric, withCluster } from "./cluster.ts";
import { ackTimes, type Crowd, gatherCrowd, percentile } from "./crowd.ts";
import { type Drill, lossGates } from "./drill.ts";
import type { Heard, History } from "./history.ts";
import { openMember } from "./member.ts";
import type { SlowOrder, SlowReport } from "./slow-client.ts";
import { judgeCrowd } from "./verdict.ts";

const HOT = 1;
/** What a description may hold, nearly. */
const TEXT = "Two stopped clocks tell the same time. ".repeat(1050);
const WRITERS = 4;
const PATIENCE_MS = 20_000;
const KEPT_MIB = 20;

async function startSlow(order: SlowOrder): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL("slow-client.ts", import.meta.url)), { execArgv: ["--import", "tsx"] });
  child.send(order);
  await once(child, "message");
  return child;
}
async function askSlow(child: ChildProcess): Promise<SlowReport> {
  child.send("report");
  const [report] = (await once(child, "message")) as [SlowReport];
  return report;
}

/** Long descriptions by several people, until so many MB were sent. */
async function flood(crowd: Crowd, megabytes: number, url: string): Promise<void> {
  const history: History = { ops: [], heard: [] };
  const count = Math.ceil((megabytes * 1e6) / TEXT.length);
  const write = async (lane: number): Promise<void> => {
    const writer = openMember({ url, user: 1 + lane, project: HOT, withBoard: false, history });
    await writer.ready;
    for (let i = lane; i < count; i += WRITERS) {
      await writer.write("issue.update", { issue: 1 + (i % 30), patch: { description: `${TEXT}${i}` } });
    }
    writer.close();
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, lane) => write(lane)));
  crowd.history.ops.push(...history.ops);
}

/** Resolves with how long it took until `is`; gives up after a while. */
async function until(is: () => Promise<boolean>, patienceMs = PATIENCE_MS): Promise<number> {
  const started = performance.now();
  while (!(await is()) && performance.now() - started < patienceMs) await sleep(100);
  return Math.round(performance.now() - started);
}

async function heardAll(cluster: Cluster, child: ChildProcess): Promise<{ heard: Heard; ms: number }> {
  const stream = projectStream(HOT);
  const [head] = await cluster.query<{ seq: string }>("select seq from streams where id = $1", [stream]);
  const heard: Heard = { client: "the slow client", stream, segments: [] };
  const ms = await until(async () => {
    const { segments, isLive } = await askSlow(child);
    heard.segments = segments;
    const last = segments.at(-1);
    return isLive && (last?.seqs.at(-1) ?? last?.after) === Number(head?.seq);
  });
  return { heard, ms };
}

export const slowConsumer: Drill = {
  name: "slow-consumer",
  about: "a client is stopped by a signal while its project sends 40 MB",
  hypothesis:
    "The server closes its socket at 1 MiB or 10 s and frees what waited; nobody else notices; when it goes on it " +
    "hears what it missed, once and in order, or is told to load a snapshot where that is more than 2 MiB.",
  gates: {
    ...lossGates,
    slowClosed: { least: 1 },
    keptMiB: { most: KEPT_MIB, timed: true },
    othersP95Ratio: { most: 1.2, timed: true },
  },

  run({ short }) {
    const size = short ? { clients: 9, projects: 3, perSecond: 30 } : { clients: 30, projects: 10, perSecond: 60 };
    const megabytes = short ? 12 : 40;
    return withCluster({ instances: 1, people: size.clients + 1, projects: size.projects + 1 }, async (cluster) => {
      const { url, instances } = cluster;
      // The others work on other projects of the same instance.
      const crowd = await gatherCrowd({ url, ...size, firstProject: HOT + 1 });
      const slow = await startSlow({ url, user: size.clients + 1, project: HOT });
      const closed = () => readMetric(instances[0]?.url ?? "", "rhythm_slow_sockets_closed_total", []);
      const resident = () => residentMiB(instances[0]?.pid() ?? 0) ?? 0;
      crowd.work();
      const quietFrom = performance.now();
      // The same with nobody stopped, twice: so memory is compared with what such work takes by itself.
      await flood(crowd, megabytes, url);
      await flood(crowd, megabytes, url);
      await sleep(short ? 500 : 5000);
      const before = resident();
      const stoppedAt = performance.now();
      slow.kill("SIGSTOP");
      await flood(crowd, megabytes, url);
      const closedMs = await until(async () => (await closed()) > 0);
      const slowClosed = await closed();
      const stoppedTo = performance.now();
      const most = resident();
      // It is free when the garbage collector comes by.
      const freedMs = await until(async () => resident() - before <= KEPT_MIB, short ? 500 : PATIENCE_MS);
      const kept = resident() - before;
      slow.kill("SIGCONT");
      const { heard, ms } = await heardAll(cluster, slow);
      crowd.history.heard.push(heard);
      const figures = await judgeCrowd(cluster, crowd, [HOT]);
      slow.disconnect();
      crowd.leave();
      const othersOf = (from: number, to: number): number =>
        percentile(
          ackTimes(
            { ...crowd.history, ops: crowd.history.ops.filter(({ stream }) => stream !== projectStream(HOT)) },
            from,
            to,
          ),
          0.95,
        );
      const [quiet, stopped] = [othersOf(quietFrom, stoppedAt), othersOf(stoppedAt, stoppedTo)];
      return {
        ...figures,
        ...{ megabytes, slowClosed, closedMs, resumedMs: ms, snapshots: heard.segments.length - 1 },
        ...{ mostMiB: Math.round(most - before), keptMiB: Math.round(kept), freedMs },
        ...{ quietP95Ms: quiet, othersP95Ms: stopped, othersP95Ratio: Math.round((stopped / quiet) * 100) / 100 },
      };
    });
  },
};
