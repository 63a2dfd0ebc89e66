import { runLoad } from "./load.ts";
import type { Table } from "./report.ts";
import { alternate, median, ratioOf } from "./rounds.ts";
import { closeAll, openClients, type Side } from "./sides.ts";

type Pair = { ours: Side; bare: Side; rounds: number; seconds: number };

async function echo(side: Side, command: string, clients: number, seconds: number) {
  const wires = await openClients(side, clients);
  const load = await runLoad({
    clients,
    send: (client) => wires[client]?.ask(command, {}) ?? Promise.resolve(),
    serverPid: side.server.pid,
    warmMs: 200,
    forMs: seconds * 1000,
  });
  closeAll(wires);
  return load;
}

/** `user.unsubscribe` passes everything that a command passes but needs no database. */
export async function measureEcho({ ours, bare, rounds, seconds }: Pair): Promise<Table> {
  const rows: Table["rows"] = [];
  for (const clients of [1, 8, 32]) {
    const results = await alternate(rounds, {
      ours: () => echo(ours, "user.unsubscribe", clients, seconds),
      bare: () => echo(bare, "echo", clients, seconds),
    });
    const rates = {
      ours: results.ours.map((load) => load.perSecond),
      bare: results.bare.map((load) => load.perSecond),
    };
    const cpuUs = (side: keyof typeof results) =>
      1000 * median(results[side].map(({ serverCpuMs }) => serverCpuMs ?? Number.NaN));
    rows.push({
      "answers/s": `${clients} clients`,
      "ours : bare": ratioOf(rates.ours, rates.bare),
      ours: median(rates.ours),
      bare: median(rates.bare),
      "CPU us/answer": cpuUs("ours"),
      "bare CPU": cpuUs("bare"),
      "load generator": median(results.ours.map((load) => load.generatorCpu)),
    });
  }
  return {
    title: "Echo",
    note: "A command without a database (user.unsubscribe) against a bare acknowledgement.",
    rows,
  };
}
