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

type PostgresCpu = () => Promise<number>;

async function weigh({ start, sideOf }: Fresh, postgresCpuMs: PostgresCpu) {
  const began = performance.now();
  const server = await start();
  const startMs = performance.now() - began;
  await sleep(SETTLE_MS);
  const idle = residentMiB(server.pid) ?? Number.NaN;
  const look = async () => ({ server: cpuMs(server.pid) ?? Number.NaN, postgres: await postgresCpuMs() });
  const watch = async () => {
    const before = await look();
    await sleep(WATCH_MS);
    const after = await look();
    // That of Postgres counts from the look before.
    return { server: after.server - before.server, postgres: after.postgres };
  };
  const empty = await watch();
  const crowd = await gatherCrowd({ port: server.port, size: SOCKETS, ...sideOf(server).join(1) });
  await sleep(SETTLE_MS);
  const joined = residentMiB(server.pid) ?? Number.NaN;
  const full = await watch();
  await crowd.leave();
  await server.stop();
  const idleMs = { server: full.server - empty.server, postgres: full.postgres - empty.postgres };
  return { idle, joined, startMs, empty, idleMs };
}

type Plan = { ours: Fresh; bare: Fresh; postgresCpuMs: PostgresCpu; rounds: number };

export async function measureMemory({ rounds, postgresCpuMs, ...sides }: Plan): Promise<Table> {
  const { ours, bare } = await alternate(rounds, {
    ours: () => weigh(sides.ours, postgresCpuMs),
    bare: () => weigh(sides.bare, postgresCpuMs),
  });
  const perSocket = (part: "server" | "postgres") => (all: typeof ours) =>
    all.map(({ idleMs }) => (1e6 * idleMs[part]) / WATCH_MS / SOCKETS);
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
      row("CPU ms a second, without sockets", (all) => all.map(({ empty }) => (1000 * empty.server) / WATCH_MS)),
      row("CPU us a second, a joined socket that is idle", perSocket("server")),
      row("the same of Postgres", perSocket("postgres")),
      row("seconds from start to ready, on a migrated database", (all) => all.map(({ startMs }) => startMs / 1000)),
    ],
  };
}
