import { setTimeout as sleep } from "node:timers/promises";
import { type Crowd, gatherCrowd } from "./crowd.ts";
import { runLoad } from "./load.ts";
import type { Table } from "./report.ts";
import { alternate, median, ratioOf } from "./rounds.ts";
import { closeAll, openClients, type Side } from "./sides.ts";

const SENDERS = 32;
const PROJECT = 1;

type Plan = { ours: Side; bare: Side; sizes: number[]; rounds: number; seconds: number };
type Burst = {
  deliveries: number;
  commands: number;
  perPacket: number;
  bytes: number;
  cpuUs: number;
  crowdCpu: number;
};

async function burst(side: Side, crowd: Crowd, command: string, seconds: number): Promise<Burst> {
  const wires = await openClients(side, SENDERS);
  const [warmMs, forMs] = [300, seconds * 1000];
  const count = async () => {
    await sleep(warmMs);
    const before = await crowd.count();
    await sleep(forMs);
    return { before, after: await crowd.count() };
  };
  const [load, { before, after }] = await Promise.all([
    runLoad({
      clients: SENDERS,
      send: (client) => wires[client]?.ask(command, side.moveIssue(PROJECT)) ?? Promise.resolve(),
      serverPid: side.server.pid,
      warmMs,
      forMs,
    }),
    count(),
  ]);
  closeAll(wires);
  if (side.inOrder && after.gaps > before.gaps) throw new Error("events were lost, doubled or out of order");
  const ms = after.atMs - before.atMs;
  const events = after.events - before.events;
  const deliveries = (events / ms) * 1000;
  return {
    deliveries,
    commands: load.perSecond,
    perPacket: events / (after.packets - before.packets),
    bytes: (after.bytes - before.bytes) / events,
    cpuUs: ((load.serverCpuMs ?? Number.NaN) * load.perSecond * 1000) / deliveries,
    crowdCpu: (after.cpuMs - before.cpuMs) / ms,
  };
}

const pick = (bursts: Burst[], key: keyof Burst): number => median(bursts.map((one) => one[key]));

/** Events that reach subscribers per second; nothing lost, or it throws. */
export async function measureFanout({ ours, bare, sizes, rounds, seconds }: Plan): Promise<Table> {
  const rows: Table["rows"] = [];
  for (const size of sizes) {
    const crowdOf = (side: Side) => gatherCrowd({ port: side.server.port, size, ...side.join(PROJECT) });
    const [ourCrowd, bareCrowd] = [await crowdOf(ours), await crowdOf(bare)];
    const results = await alternate(rounds, {
      ours: () => burst(ours, ourCrowd, "issue.move", seconds),
      bare: () => burst(bare, bareCrowd, "relay", seconds),
      committing: () => burst(bare, bareCrowd, "issue.move", seconds),
    });
    await ourCrowd.leave();
    await bareCrowd.leave();
    const rateOf = (bursts: Burst[]): number[] => bursts.map((one) => one.deliveries);
    const rates = { ours: rateOf(results.ours), bare: rateOf(results.bare), committing: rateOf(results.committing) };
    rows.push({
      "deliveries/s": `${size} subscribers, ${SENDERS} senders`,
      "ours : bare": ratioOf(rates.ours, rates.bare),
      "ours : bare that commits": ratioOf(rates.ours, rates.committing),
      ours: median(rates.ours),
      bare: median(rates.bare),
      "bare that commits": median(rates.committing),
      "commands/s": pick(results.ours, "commands"),
      "bare commands/s": pick(results.bare, "commands"),
      "events a packet": pick(results.ours, "perPacket"),
      "bytes an event": pick(results.ours, "bytes"),
      "bare bytes": pick(results.bare, "bytes"),
      "CPU us/delivery": pick(results.ours, "cpuUs"),
      "bare CPU": pick(results.bare, "cpuUs"),
      "crowd CPU": pick(results.ours, "crowdCpu"),
    });
  }
  return {
    title: "Fan-out",
    note: "Ours commits each move. Bare emits events one by one, without a database or after a commit of its own. Aim: 5 of bare that commits, with 500.",
    rows,
  };
}
