import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { tokenOf } from "../../bench/people.ts";
import { projectRef, projectStream, stageId } from "../../bench/seed.ts";
import { openWire } from "../../bench/wire.ts";
import { startBalancer } from "./balancer.ts";
import { type Cluster, withCluster } from "./cluster.ts";
import { type Crowd, gatherCrowd } from "./crowd.ts";
import { type Drill, type Figures, lossGates } from "./drill.ts";
import { countDiffering, judgeCrowd } from "./verdict.ts";

const PROJECT = 1;
const STREAM = projectStream(PROJECT);
const WRITERS = 32;
const ISSUES = 90;
const PRUNE = "delete from events where stream = $1 and seq < (select seq - 10 from streams where id = $1)";
const NEW_EPOCH = "update streams set epoch = 'restored' where id = $1";
const PATIENCE_MS = 60_000;

/** So many moves by other people, as fast as they go. */
async function makeEvents(port: number, count: number): Promise<void> {
  const writers = Math.min(WRITERS, count);
  const write = async (writer: number): Promise<void> => {
    const wire = await openWire({ port, token: tokenOf(2 + writer) });
    for (let i = writer; i < count; i += writers) {
      const place = { issue: 1 + randomInt(ISSUES), stageId: stageId(PROJECT, randomInt(3)), after: null };
      await wire.ask("issue.move", { project: projectRef(PROJECT), commandId: randomUUID(), ...place });
    }
    wire.close();
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
}

const headOf = async ({ query }: Cluster): Promise<{ seq: number; epoch: string }> => {
  const [row] = await query<{ seq: string; epoch: string }>("select seq, epoch from streams where id = $1", [STREAM]);
  return { seq: Number(row?.seq), epoch: row?.epoch ?? "" };
};

/** From the moment that the line is there again until the board is that of the server. */
async function comeBack({ members: [member] }: Crowd, cluster: Cluster, admit: () => void): Promise<number> {
  const head = await headOf(cluster);
  if (!member) throw new Error("nobody was offline");
  admit();
  const connected = () => member.client.state.current.status !== "offline";
  const isThere = () =>
    member.client.state.current.status === "live" &&
    member.board?.current.board?.seq === head.seq &&
    member.board.current.board.epoch === head.epoch;
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!connected() && performance.now() < giveUpAt) await sleep(1);
  const from = performance.now();
  while (!isThere() && performance.now() < giveUpAt) await sleep(1);
  return Math.round(performance.now() - from);
}

export const offline: Drill = {
  name: "offline",
  about:
    "a client is away for 1, 500, 5,000 and 50,000 events, then while events are pruned, and while the epoch changes",
  hypothesis:
    "Its board equals a fresh one each time: by the events that it missed, or by a snapshot where these are too many, " +
    "gone, or of another epoch; up to 500 events take 200 ms, 50,000 take 2 s.",
  gates: {
    ...lossGates,
    after1Ms: { most: 200, timed: true },
    after500Ms: { most: 200, timed: true },
    after50000Ms: { most: 2000, timed: true },
  },

  run({ short }) {
    const gaps = short ? [1, 500] : [1, 500, 5000, 50_000];
    return withCluster({ instances: 1, people: 1 + WRITERS, projects: 1, issues: ISSUES }, async (cluster) => {
      const port = cluster.instances[0]?.port ?? 0;
      const line = await startBalancer([port]);
      const timing = { reconnectMinMs: 10, reconnectMaxMs: 50 };
      const crowd = await gatherCrowd({ url: line.url, clients: 1, projects: 1, perSecond: 1, issues: ISSUES, timing });
      const times: Figures = {};
      const sum: Figures = {};
      const beAway = async (
        name: string,
        work: () => Promise<unknown>,
        check: () => Promise<Figures>,
      ): Promise<void> => {
        line.refuse();
        await work();
        times[`after${name}Ms`] = await comeBack(crowd, cluster, line.admit);
        const figures = await check();
        for (const key of Object.keys(lossGates)) sum[key] = (sum[key] ?? 0) + (figures[key] ?? 0);
      };
      for (const gap of gaps) {
        await beAway(
          String(gap),
          () => makeEvents(port, gap),
          () => judgeCrowd(cluster, crowd),
        );
      }
      // From here on the log no longer reaches back; what counts is what the client holds.
      const compare = async (): Promise<Figures> => {
        const [member] = crowd.members;
        return { clientsThatDiffer: member ? (await countDiffering([member], member.client)).length : 1 };
      };
      const prune = async (): Promise<void> => {
        await makeEvents(port, 100);
        await cluster.query(PRUNE, [STREAM]);
      };
      await beAway("Pruning", prune, compare);
      await beAway("Epoch", () => cluster.query(NEW_EPOCH, [STREAM]), compare);
      const resets = crowd.history.heard[0]?.segments.length ?? 0;
      crowd.leave();
      line.close();
      return { ...sum, ...times, snapshots: resets - 1 };
    });
  },
};
