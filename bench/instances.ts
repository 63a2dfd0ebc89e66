import { type Crowd, gatherCrowd } from "./crowd.ts";
import { paced } from "./latency.ts";
import { runLoad } from "./load.ts";
import { cpuMs } from "./processes.ts";
import type { Table } from "./report.ts";
import { alternate, median, quantile, ratioOf } from "./rounds.ts";
import { closeAll, openClients, type Side } from "./sides.ts";
import { loadSide, PROJECTS } from "./throughput.ts";

const PROJECT = 1;
const SENDERS = 32;
const LISTENERS = 10;

type Plan = {
  /** Two instances on one database and one Redis, and one by itself. */
  here: Side;
  there: Side;
  alone: Side;
  redisPid: number;
  rounds: number;
  seconds: number;
};

/** Events that reach each listener per second, none lost or doubled, while senders keep 32 commands under way. */
async function rate(sender: Side, crowd: Crowd, seconds: number): Promise<number> {
  const wires = await openClients(sender, SENDERS);
  const before = await crowd.count();
  await runLoad({
    clients: SENDERS,
    send: (client) => wires[client]?.ask("issue.move", sender.moveIssue(PROJECT)) ?? Promise.resolve(),
    serverPid: sender.server.pid,
    warmMs: 300,
    forMs: seconds * 1000,
  });
  const after = await crowd.count();
  closeAll(wires);
  if (after.gaps > before.gaps) throw new Error("events were lost, doubled or out of order");
  return (1000 * (after.events - before.events)) / LISTENERS / (after.atMs - before.atMs);
}

/** What it costs when who sends and who listens are on different instances. */
export async function measureInstances({ here, there, alone, redisPid, rounds, seconds }: Plan): Promise<Table> {
  const crowdOf = (side: Side) => gatherCrowd({ port: side.server.port, size: LISTENERS, ...side.join(PROJECT) });
  const [far, near] = [await crowdOf(there), await crowdOf(alone)];
  const rates = await alternate(rounds, {
    two: () => rate(here, far, seconds),
    one: () => rate(alone, near, seconds),
  });
  const arrivals = await alternate(rounds, {
    two: async () => (await paced(here, far, "issue.move", { seconds, everyMs: 10 })).arrival,
    one: async () => (await paced(alone, near, "issue.move", { seconds, everyMs: 10 })).arrival,
  });
  await far.leave();
  await near.leave();
  const p50 = (side: keyof typeof arrivals) => arrivals[side].map((all) => quantile(all, 0.5));
  const p99 = (side: keyof typeof arrivals) => arrivals[side].map((all) => quantile(all, 0.99));
  const spent = await spend(here, { bystander: there.server.pid, redis: redisPid }, seconds);
  return {
    title: "Two instances",
    note: "Senders on one, listeners on the other, through Redis. Aims: 0.8 of the rate, at most 1.5 times the median.",
    rows: [
      row(`events/s, ${SENDERS} senders`, rates),
      row("arrival p50 ms, 100 commands/s", { two: p50("two"), one: p50("one") }),
      row("arrival p99 ms", { two: p99("two"), one: p99("one") }),
      { "two instances": "CPU us an event by itself, of an instance where nobody listens", two: spent.bystander },
      { "two instances": "CPU us an event by itself, of Redis", two: spent.redis },
    ],
  };
}

/** CPU in us that an event costs these processes, when each is a commit of its own. */
async function spend(sender: Side, pids: { bystander: number; redis: number }, seconds: number) {
  const look = () => ({ bystander: cpuMs(pids.bystander) ?? Number.NaN, redis: cpuMs(pids.redis) ?? Number.NaN });
  const before = look();
  const { commands } = await loadSide(sender, { command: "issue.move", clients: 8, projects: PROJECTS }, 2 * seconds);
  const after = look();
  const perCommand = (name: keyof typeof after): number => (1000 * (after[name] - before[name])) / commands;
  return { bystander: perCommand("bystander"), redis: perCommand("redis") };
}

const row = (what: string, { two, one }: { two: number[]; one: number[] }) => ({
  "two instances": what,
  "two : one": ratioOf(two, one),
  two: median(two),
  one: median(one),
});
