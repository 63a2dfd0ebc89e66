import { setTimeout as sleep } from "node:timers/promises";
import { runLoad } from "./load.ts";
import type { Server } from "./processes.ts";
import type { Table } from "./report.ts";
import { alternate, median, ratioOf } from "./rounds.ts";
import { closeAll, openClients, type Side } from "./sides.ts";

/** A team at work. */
const CLIENTS = 8;
const REST_MS = 50;
/** More than the server can hash; each from an address and for an account of its own, so that no limit of either helps. */
const SIGN_INS_PER_SECOND = 200;

async function moves(side: Side, seconds: number): Promise<number> {
  const wires = await openClients(side, CLIENTS, () => 1);
  const load = await runLoad({
    clients: CLIENTS,
    send: async (client) => wires[client]?.ask("issue.move", side.moveIssue(1)),
    restMs: REST_MS,
    serverPid: side.server.pid,
    warmMs: 500,
    forMs: seconds * 1000,
  });
  closeAll(wires);
  return load.p95Ms;
}

const address = () => Array.from({ length: 4 }, () => Math.floor(Math.random() * 256)).join(".");

/** Tries to sign in until it is told to stop; gives how many were answered with 401, so cost a hash. */
function flood({ port }: Server): () => Promise<number> {
  let hashed = 0;
  let over = false;
  const under = new Set<Promise<unknown>>();
  const attempt = async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-forwarded-for": address() },
      body: JSON.stringify({ email: `${Math.random()}@bench.example`, password: "wrong password" }),
    });
    await answer.arrayBuffer();
    if (answer.status === 401) hashed += 1;
  };
  const running = (async () => {
    while (!over) {
      const sent = attempt().finally(() => under.delete(sent));
      under.add(sent);
      await sleep(1000 / SIGN_INS_PER_SECOND);
    }
  })();
  return async () => {
    over = true;
    await running;
    await Promise.all(under);
    return hashed;
  };
}

type Plan = { side: Side; rounds: number; seconds: number };

/** What a flood of sign-ins does to those who move issues. */
export async function measureFlood({ side, rounds, seconds }: Plan): Promise<Table> {
  const hashes: number[] = [];
  const results = await alternate(rounds, {
    quiet: () => moves(side, seconds),
    flooded: async () => {
      const stop = flood(side.server);
      const p95Ms = await moves(side, seconds);
      hashes.push((await stop()) / seconds);
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
        "hashes/s": median(hashes),
      },
    ],
  };
}
