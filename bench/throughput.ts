import { type Load, runLoad } from "./load.ts";
import { runPgbench, type Script } from "./pgbench.ts";
import type { Table } from "./report.ts";
import { alternate, median, ratioOf } from "./rounds.ts";
import { closeAll, openClients, type Side } from "./sides.ts";

export const PROJECTS = 100;

export type Cell = { command: Script; clients: number; projects: number };
type Plan = {
  ours: Side;
  bare: Side;
  /** URL of pgbench's database; undefined: it is not installed. */
  pgbenchUrl: string | undefined;
  /** CPU of Postgres in ms since the call before. */
  postgresCpuMs: () => Promise<number>;
  cells: Cell[];
  rounds: number;
  seconds: number;
};

/** The projects of one client: all clients share the only one, or each has some of its own. */
function projectOf({ clients, projects }: Cell, client: number): number {
  if (projects === 1) return 1;
  return 1 + client + clients * Math.floor(Math.random() * Math.floor(projects / clients));
}

type Spread = {
  command: Script;
  clients: number;
  /** The project in whose room a client is. */
  homeOf: (client: number) => number;
  /** The project of its next command. */
  projectOf: (client: number) => number;
};

/** All clients on one project. */
export const loadProject = (
  side: Side,
  { project, ...load }: Omit<Cell, "projects"> & { project: number },
  s: number,
) => loadSpread(side, { ...load, homeOf: () => project, projectOf: () => project }, s);

export const loadSide = (side: Side, cell: Cell, seconds: number): Promise<Load> =>
  loadSpread(
    side,
    {
      ...cell,
      homeOf: (client) => (cell.projects === 1 ? 1 : 1 + client),
      projectOf: (client) => projectOf(cell, client),
    },
    seconds,
  );

async function loadSpread(side: Side, { command, clients, homeOf, projectOf }: Spread, seconds: number): Promise<Load> {
  const inputOf = command === "issue.create" ? side.createIssue : side.moveIssue;
  const wires = await openClients(side, clients, homeOf);
  const load = await runLoad({
    clients,
    send: (client) => wires[client]?.ask(command, inputOf(projectOf(client))) ?? Promise.resolve(),
    serverPid: side.server.pid,
    warmMs: 300,
    forMs: seconds * 1000,
  });
  closeAll(wires);
  return load;
}

/** With what Postgres used for a command, the warming up included in both. */
async function withPostgres({ postgresCpuMs }: Plan, load: () => Promise<Load>) {
  await postgresCpuMs();
  const result = await load();
  return { ...result, postgresCpuMs: (await postgresCpuMs()) / result.commands };
}

const pick = (loads: Load[], key: keyof Load): number => median(loads.map((load) => load[key] ?? Number.NaN));

/** Commands per second, with all senders in the room of a project. */
export async function measureThroughput(plan: Plan): Promise<Table> {
  const { ours, bare, pgbenchUrl, rounds, seconds } = plan;
  const rows: Table["rows"] = [];
  // Code that was never compiled is not what a running server runs.
  for (const side of [ours, bare]) {
    for (const command of ["issue.create", "issue.move"] as const) {
      await loadSide(side, { command, clients: 8, projects: 1 }, 1);
    }
  }
  for (const cell of plan.cells) {
    const results = await alternate(rounds, {
      ours: () => withPostgres(plan, () => loadSide(ours, cell, seconds)),
      bare: () => withPostgres(plan, () => loadSide(bare, cell, seconds)),
      pgbench: async () => (pgbenchUrl ? runPgbench(cell.command, { url: pgbenchUrl, seconds, ...cell }) : Number.NaN),
    });
    const rates = {
      ours: results.ours.map((load) => load.perSecond),
      bare: results.bare.map((load) => load.perSecond),
    };
    rows.push({
      "commands/s": `${cell.command}, ${cell.projects === 1 ? "one project" : `${cell.projects} projects`}, ${cell.clients} clients`,
      "ours : bare": ratioOf(rates.ours, rates.bare),
      "ours : pgbench": ratioOf(rates.ours, results.pgbench),
      ours: median(rates.ours),
      bare: median(rates.bare),
      pgbench: median(results.pgbench),
      "ack ms p50": pick(results.ours, "p50Ms"),
      p99: pick(results.ours, "p99Ms"),
      "bare p50": pick(results.bare, "p50Ms"),
      "bare p99": pick(results.bare, "p99Ms"),
      "CPU ms/command": pick(results.ours, "serverCpuMs"),
      "bare CPU": pick(results.bare, "serverCpuMs"),
      "Postgres ms/command": median(results.ours.map((load) => load.postgresCpuMs)),
      "bare Postgres": median(results.bare.map((load) => load.postgresCpuMs)),
      "load generator": pick(results.ours, "generatorCpu"),
    });
  }
  return {
    title: "Commands",
    note: "Aim: at least 0.5 of the bare pipeline. CPU is user and system time of the server's process.",
    rows,
  };
}
