import { setTimeout as sleep } from "node:timers/promises";
import { type Crowd, gatherCrowd, steadyMs } from "./crowd.ts";
import type { Table } from "./report.ts";
import { alternate, median, quantile, ratioOf } from "./rounds.ts";
import { closeAll, openClients, type Side } from "./sides.ts";

const PROJECT = 1;
const EVERY_MS = 100;

export type Latency = {
  ack: number[];
  arrival: number[];
  /** From the first subscriber that gets an event to the last one. */
  fanout: number[];
};

/** One sender, at an even pace: from the command to its answer, and to its event at each subscriber, in ms. */
export async function paced(sender: Side, crowd: Crowd, command: string, options: PaceOptions): Promise<Latency> {
  const { seconds, everyMs = EVERY_MS } = options;
  const [wire] = await openClients(sender, 1);
  if (!wire) throw new Error("there is no sender");
  const ack: number[] = [];
  const sentAt = new Map<number, number>();
  await wire.ask(command, sender.moveIssue(PROJECT));
  await crowd.listen();
  const from = steadyMs();
  for (let turn = 0; turn * everyMs < seconds * 1000; turn += 1) {
    await sleep(Math.max(0, from + turn * everyMs - steadyMs()));
    const sent = steadyMs();
    const [{ seq }] = JSON.parse(await wire.ask(command, sender.moveIssue(PROJECT))) as [{ seq: number }];
    ack.push(steadyMs() - sent);
    sentAt.set(seq, sent);
  }
  await sleep(200);
  const told = (await crowd.tell()).flatMap(([seq, times]) => {
    const sent = sentAt.get(seq);
    return sent === undefined ? [] : [times.map((at) => at - sent)];
  });
  closeAll([wire]);
  if (told.length < ack.length) throw new Error("not everything arrived");
  return { ack, arrival: told.flat(), fanout: told.map((times) => Math.max(...times) - Math.min(...times)) };
}

type PaceOptions = { seconds: number; everyMs?: number };
type Plan = { ours: Side; bare: Side; sizes: number[]; rounds: number; seconds: number };

const each = (all: Latency[], of: keyof Latency, q: number) => all.map((one) => quantile(one[of], q));

/** Ten commands a second while many listen: who sends waits for the commit and not for the room. */
export async function measureLatency({ ours, bare, sizes, rounds, seconds }: Plan): Promise<Table> {
  const rows: Table["rows"] = [];
  let acks: number[] | undefined;
  for (const size of sizes) {
    const crowdOf = (side: Side) => gatherCrowd({ port: side.server.port, size, ...side.join(PROJECT) });
    const [ourCrowd, bareCrowd] = [await crowdOf(ours), await crowdOf(bare)];
    const results = await alternate(rounds, {
      ours: () => paced(ours, ourCrowd, "issue.move", { seconds }),
      bare: () => paced(bare, bareCrowd, "relay", { seconds }),
    });
    await ourCrowd.leave();
    await bareCrowd.leave();
    const p50 = each(results.ours, "ack", 0.5);
    const least = acks ?? p50;
    acks = least;
    const [p99, bareP99] = [each(results.ours, "arrival", 0.99), each(results.bare, "arrival", 0.99)];
    rows.push({
      "10 commands/s": `${size} subscribers`,
      "ack p50 ms": median(p50),
      "ack p99": median(each(results.ours, "ack", 0.99)),
      [`ack p50 : that with ${sizes[0]}`]: ratioOf(p50, least),
      "arrival p50": median(each(results.ours, "arrival", 0.5)),
      "arrival p99": median(p99),
      "bare arrival p50": median(each(results.bare, "arrival", 0.5)),
      "bare arrival p99": median(bareP99),
      "p99, ours : bare": ratioOf(p99, bareP99),
      "bare ack p50": median(each(results.bare, "ack", 0.5)),
      "fan-out p50 ms": median(each(results.ours, "fanout", 0.5)),
      "fan-out, bare : ours": ratioOf(each(results.bare, "fanout", 0.5), each(results.ours, "fanout", 0.5)),
    });
  }
  return {
    title: "Latency",
    note: "Ours commits each move, the bare server has no database and acks before it emits. Aims: ack p50 at most 2 times that with the fewest, arrival p99 at most 1.5 of bare; with one event a turn, as here, fan-out as fast as 0.9 of bare.",
    rows,
  };
}
