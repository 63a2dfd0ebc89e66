import { fork } from "node:child_process";
import { once } from "node:events";
import { runLoad } from "./load.ts";
import { builtFile, type Server } from "./processes.ts";
import type { Table } from "./report.ts";
import { alternate, median, ratioOf } from "./rounds.ts";
import { closeAll, openClients, type Side } from "./sides.ts";

/** A team at work. */
const CLIENTS = 8;
const REST_MS = 50;
/** Until the queue for a hash is full. */
const WARM_MS = 1500;
/** More than the server can hash. */
const SIGN_INS_PER_SECOND = 200;

export type FloodPlan = { port: number; perSecond: number };
/** `hashed`: how many were answered with 401, so cost a hash. */
export type FloodCount = { answered: number; hashed: number; seconds: number };

async function moves(side: Side, seconds: number): Promise<number> {
  const wires = await openClients(side, CLIENTS, () => 1);
  const load = await runLoad({
    clients: CLIENTS,
    send: async (client) => wires[client]?.ask("issue.move", side.moveIssue(1)),
    restMs: REST_MS,
    serverPid: side.server.pid,
    warmMs: WARM_MS,
    forMs: seconds * 1000,
  });
  closeAll(wires);
  return load.p95Ms;
}

/** Tries to sign in until it is told to stop; then gives what became of that, when the server is quiet again. */
function flood({ port }: Server): () => Promise<FloodCount> {
  const child = fork(builtFile("bench/flood-process.js"), { execArgv: [] });
  child.send({ port, perSecond: SIGN_INS_PER_SECOND } satisfies FloodPlan);
  return async () => {
    child.send("stop");
    const [count] = await once(child, "message");
    return count;
  };
}

type Plan = { side: Side; rounds: number; seconds: number };

/** What a flood of sign-ins does to those who move issues. */
export async function measureFlood({ side, rounds, seconds }: Plan): Promise<Table> {
  const counts: FloodCount[] = [];
  const results = await alternate(rounds, {
    quiet: () => moves(side, seconds),
    flooded: async () => {
      const stop = flood(side.server);
      const p95Ms = await moves(side, seconds);
      counts.push(await stop());
      return p95Ms;
    },
  });
  return {
    title: "A flood of sign-ins",
    note: `${CLIENTS} clients, each rests ${REST_MS} ms after a move; ${SIGN_INS_PER_SECOND} sign-ins a second. Aim: at most twice the quiet p95.`,
    rows: [
      {
        "p95 ms of a move": "issue.move, one project",
        "flooded : quiet": ratioOf(results.flooded, results.quiet),
        flooded: median(results.flooded),
        quiet: median(results.quiet),
        "sign-ins/s": median(counts.map(({ answered, seconds }) => answered / seconds)),
        "hashes/s": median(counts.map(({ hashed, seconds }) => hashed / seconds)),
      },
    ],
  };
}
