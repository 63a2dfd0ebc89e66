import { setTimeout as sleep } from "node:timers/promises";
import { gatherCrowd } from "./crowd.ts";
import { cpuMs, residentMiB, type Server } from "./processes.ts";
import type { Table } from "./report.ts";
import { alternate, median, ratioOf } from "./rounds.ts";
import type { Side } from "./sides.ts";

type Fresh = { start: () => Promise<Server>; sideOf: (server: Server) => Side };
const SOCKETS = 1000;
const SETTLE_MS = 3000;
/** Long enough for one ping to each socket. */
const WATCH_MS = 15_000;

async function weigh({
  start,
  sideOf,
}: Fresh): Promise<{ idle: number; joined: number; startMs: number; idleCpuMs: number }> {
  const began = performance.now();
  const server = await start();
  const startMs = performance.now() - began;
  await sleep(SETTLE_MS);
  const idle = residentMiB(server.pid) ?? Number.NaN;
  const crowd = await gatherCrowd({ port: server.port, size: SOCKETS, ...sideOf(server).join(1) });
  await sleep(SETTLE_MS);
  const joined = residentMiB(server.pid) ?? Number.NaN;
  const cpu = cpuMs(server.pid) ?? Number.NaN;
  await sleep(WATCH_MS);
  const idleCpuMs = (cpuMs(server.pid) ?? Number.NaN) - cpu;
  await crowd.leave();
  await server.stop();
  return { idle, joined, startMs, idleCpuMs };
}

export async function measureMemory(sides: { ours: Fresh; bare: Fresh }, rounds: number): Promise<Table> {
  const { ours, bare } = await alternate(rounds, { ours: () => weigh(sides.ours), bare: () => weigh(sides.bare) });
  const each = (all: typeof ours) => all.map(({ idle, joined }) => ((joined - idle) * 1024) / SOCKETS);
  const idle = (all: typeof ours) => all.map((one) => one.idle);
  const joined = (all: typeof ours) => all.map((one) => one.joined);
  const row = (what: string, of: (all: typeof ours) => number[]) => ({
    "one process": what,
    "ours : bare": ratioOf(of(ours), of(bare)),
    ours: median(of(ours)),
    bare: median(of(bare)),
  });
  return {
    title: "Memory and start",
    note: `Fresh processes, median of ${rounds}. Aims: 150 MiB idle, a socket at most 2 of bare, ready within 1.5 s.`,
    rows: [
      row("MiB idle", idle),
      row(`MiB with ${SOCKETS} joined sockets`, joined),
      row("KiB a joined socket", each),
      row("CPU us a second, a joined socket", (all) =>
        all.map(({ idleCpuMs }) => (1e6 * idleCpuMs) / WATCH_MS / SOCKETS),
      ),
      row("seconds from start to ready, on a migrated database", (all) => all.map(({ startMs }) => startMs / 1000)),
    ],
  };
}
