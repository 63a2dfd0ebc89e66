/** Sections of a few lines: echo, board, bytes on the wire, memory. */
import { setTimeout as sleep } from "node:timers/promises";
import { gatherCrowd } from "./crowd.ts";
import { runLoad } from "./load.ts";
import { tokenOf } from "./people.ts";
import { residentMiB, type Server } from "./processes.ts";
import type { Table } from "./report.ts";
import { alternate, median, quantile, ratioOf } from "./rounds.ts";
import { projectRef, stageId } from "./seed.ts";
import { closeAll, openClients, type Side } from "./sides.ts";
import { openWire } from "./wire.ts";

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

type BoardPlan = {
  ours: Side;
  loads: number;
  boards: { project: number; what: string; input: { perColumn?: number } }[];
};

export async function measureBoard({ ours, loads, boards }: BoardPlan): Promise<Table> {
  const wire = await openWire({ port: ours.server.port, token: tokenOf(1) });
  const rows: Table["rows"] = [];
  for (const { project, what, input } of boards) {
    const times: number[] = [];
    let bytes = 0;
    for (let i = -5; i < loads; i += 1) {
      const sent = performance.now();
      const answer = await wire.ask("board.get", { project: projectRef(project), ...input });
      if (i >= 0) times.push(performance.now() - sent);
      bytes = Buffer.byteLength(answer);
    }
    rows.push({ board: what, "median ms": median(times), "p95 ms": quantile(times, 0.95), KB: bytes / 1000 });
  }
  wire.close();
  return { title: "Board, first page", note: "Aim with 10,000 issues: under 60 ms and 150 KB.", rows };
}

/** What one subscriber of a quiet room gets, with the frame's head. */
export async function measureBytes(ours: Side): Promise<Table> {
  const port = ours.server.port;
  const rows: Table["rows"] = [];
  const project = projectRef(2);
  const sender = await openWire({ port, token: tokenOf(1) });
  let heard = (_bytes: number): void => {};
  const subscriber = await openWire({ port, token: tokenOf(2) }, (json, frameBytes) => {
    if (json.toString("latin1", 0, 9) === '["events"') heard(frameBytes);
  });
  await subscriber.ask("project.subscribe", { project });
  const commands: [string, object][] = [
    ["issue.create", { project, title: "Fix the cart after a reload, once and for all" }],
    ["issue.move", { project, issue: 2, stageId: stageId(2, 2), after: null }],
    ["issue.move", { project, issue: 2, after: 5 }],
  ];
  for (const [name, input] of commands) {
    const arrived = new Promise<number>((resolve) => {
      heard = resolve;
    });
    await sender.ask(name, input);
    rows.push({
      "one event": "after" in input && !("stageId" in input) ? `${name} within its stage` : name,
      bytes: await arrived,
    });
  }
  closeAll([sender, subscriber]);
  return { title: "Bytes on the wire per subscriber", note: "Aim: 350 for a move (protocol.md).", rows };
}

type Fresh = { start: () => Promise<Server>; sideOf: (server: Server) => Side };
const SOCKETS = 1000;
const SETTLE_MS = 3000;

async function weigh({ start, sideOf }: Fresh): Promise<{ idle: number; joined: number }> {
  const server = await start();
  await sleep(SETTLE_MS);
  const idle = residentMiB(server.pid) ?? Number.NaN;
  const crowd = await gatherCrowd({ port: server.port, size: SOCKETS, ...sideOf(server).join(1) });
  await sleep(SETTLE_MS);
  const joined = residentMiB(server.pid) ?? Number.NaN;
  await crowd.leave();
  await server.stop();
  return { idle, joined };
}

export async function measureMemory(sides: { ours: Fresh; bare: Fresh }, rounds: number): Promise<Table> {
  const { ours, bare } = await alternate(rounds, { ours: () => weigh(sides.ours), bare: () => weigh(sides.bare) });
  const each = (all: typeof ours) => all.map(({ idle, joined }) => ((joined - idle) * 1024) / SOCKETS);
  const idle = (all: typeof ours) => all.map((one) => one.idle);
  const joined = (all: typeof ours) => all.map((one) => one.joined);
  const row = (what: string, of: (all: typeof ours) => number[]) => ({
    resident: what,
    "ours : bare": ratioOf(of(ours), of(bare)),
    ours: median(of(ours)),
    bare: median(of(bare)),
  });
  return {
    title: "Memory",
    note: `Fresh processes, median of ${rounds}.`,
    rows: [row("MiB idle", idle), row(`MiB with ${SOCKETS} joined sockets`, joined), row("KiB a joined socket", each)],
  };
}
