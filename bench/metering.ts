import { type Server, startOurs } from "./processes.ts";
import type { Table } from "./report.ts";
import { alternate, median, ratioOf } from "./rounds.ts";
import type { Side } from "./sides.ts";
import { type Cell, loadSide } from "./throughput.ts";

type Plan = {
  /** A copy of the same database for each. */
  urls: { on: string; off: string };
  sideOf: (server: Server) => Side;
  cells: Cell[];
  rounds: number;
  seconds: number;
};

/** The same commands with and without counting what organizations use. */
export async function measureMetering({ urls, sideOf, cells, rounds, seconds }: Plan): Promise<Table> {
  const servers = [await startOurs(urls.on), await startOurs(urls.off, [], { METERING: "off" })] as const;
  const [on, off] = [sideOf(servers[0]), sideOf(servers[1])];
  const rows: Table["rows"] = [];
  for (const cell of cells) {
    const { counted, uncounted } = await alternate(rounds, {
      counted: () => loadSide(on, cell, seconds),
      uncounted: () => loadSide(off, cell, seconds),
    });
    const [rates, free] = [counted.map(({ perSecond }) => perSecond), uncounted.map(({ perSecond }) => perSecond)];
    rows.push({
      "commands/s": `${cell.command}, ${cell.projects === 1 ? "one project" : `${cell.projects} projects`}, ${cell.clients} clients`,
      "on : off": ratioOf(rates, free),
      on: median(rates),
      off: median(free),
      "CPU ms/command": median(counted.map(({ serverCpuMs }) => serverCpuMs ?? Number.NaN)),
      "off CPU": median(uncounted.map(({ serverCpuMs }) => serverCpuMs ?? Number.NaN)),
    });
  }
  await Promise.all(servers.map((server) => server.stop()));
  return { title: "Metering", note: "One statement a second, whatever the load: aim 1.", rows };
}
