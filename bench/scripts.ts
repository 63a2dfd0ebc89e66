import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { inputOf } from "../src/plugins/context.ts";
import { createSandbox } from "../src/plugins/sandbox/sandbox.ts";
import { runLoad } from "./load.ts";
import { tokenOf } from "./people.ts";
import type { Server } from "./processes.ts";
import type { Table } from "./report.ts";
import { alternate, median, quantile, ratioOf } from "./rounds.ts";
import { org as benchOrg, projectId, projectRef, projectStream, userId } from "./seed.ts";
import { closeAll, openClients, type Side } from "./sides.ts";
import { openWire, type Wire } from "./wire.ts";

/** Projects of their own, so that what scripts do in one concerns no other. */
const [BOARD, BUSY, WATCHED] = [11, 12, 13];
const CLIENTS = 8;
const REST_MS = 50;
const EVENTS_PER_SECOND = 50;

const tenLines = `
on_event("issue.created", function(ctx)
  local words = { "crash", "error", "lost", "broken" }
  local title = ctx.issue.title:lower()
  local found = 0
  for _, word in ipairs(words) do
    if title:find(word, 1, true) then found = found + 1 end
  end
  if found > 0 then log("urgent", found) end
end)
`;

const issue = { project: projectRef(1), number: 7, title: "The cart is lost after a crash", status: "open", tags: [] };

/** A worker that is never without a job, and a call that is answered at once. */
async function runsPerSecond(seconds: number): Promise<number> {
  const sandbox = createSandbox({ workers: 1 });
  const at = new Date().toISOString();
  const event = {
    seq: 1,
    type: "issue.created",
    at,
    actor: { id: userId(1), kind: "user" as const },
    data: {},
    issue: 7,
  };
  const project = { id: projectId(1), ref: projectRef(1), key: "BENCH", name: "Bench" };
  const input = inputOf(
    { kind: "event", stream: projectStream(1), event: { ...event, changes: [] } },
    {
      script: { id: userId(2), name: "Ten lines", org: { ...benchOrg, name: "Bench" }, params: {} },
      project,
      people: [{ id: userId(1), displayName: "Ann", kind: "user" }],
      run: { id: userId(3), depth: 1, dryRun: false },
      now: at,
    },
  );
  const job = {
    orgId: "bench",
    source: tenLines,
    input,
    limits: { cpuMs: 1000, wallMs: 5000, memoryBytes: 32 * 1024 * 1024, outputBytes: 100 * 1024 },
    call: async () => ({ ok: true as const, value: issue }),
  };
  const failed = (await sandbox.run(job)).error;
  if (failed) throw new Error(`the script failed: ${failed.message}`);
  let runs = 0;
  const until = performance.now() + seconds * 1000;
  const keepBusy = async () => {
    for (; performance.now() < until; runs += 1) await sandbox.run(job);
  };
  await Promise.all([keepBusy(), keepBusy()]);
  await sandbox.close();
  return runs / seconds;
}

async function makeScript(wire: Wire, project: number, source: string): Promise<void> {
  await wire.ask("script.create", { project: projectRef(project), name: `bench ${randomInt(1e9)}`, source });
}

async function moves(side: Side, seconds: number): Promise<number> {
  const wires = await openClients(side, CLIENTS, () => BOARD);
  const load = await runLoad({
    clients: CLIENTS,
    send: async (client) => wires[client]?.ask("issue.move", side.moveIssue(BOARD)),
    restMs: REST_MS,
    serverPid: side.server.pid,
    warmMs: 500,
    forMs: seconds * 1000,
  });
  closeAll(wires);
  return load.p95Ms;
}

/** Events that a script computes about for as long as it may, more of them than it can. */
async function withScripts<T>(wire: Wire, work: () => Promise<T>): Promise<T> {
  let over = false;
  const feeding = (async () => {
    while (!over) {
      await wire.ask("issue.create", { project: projectRef(BUSY), title: "Something to compute about" });
      await sleep(100);
    }
  })();
  // The first runs are under way.
  await sleep(500);
  const result = await work();
  over = true;
  await feeding;
  return result;
}

/** From sending a command to the effect of the script at another client, in ms. */
async function effects({ port }: Server, wire: Wire, seconds: number): Promise<number[]> {
  const sent = new Map<number, number>();
  const took: number[] = [];
  const early = new Map<number, number>();
  const watcher = await openWire({ port, token: tokenOf(2) }, (json) => {
    const text = json.toString();
    if (!text.includes("comment.created")) return;
    const [, { events }] = JSON.parse(text) as [
      string,
      { events: { type: string; data: { comment?: { issue: number } } }[] },
    ];
    for (const { type, data } of events) {
      if (type !== "comment.created" || !data.comment) continue;
      const at = sent.get(data.comment.issue);
      if (at === undefined) early.set(data.comment.issue, performance.now());
      else took.push(performance.now() - at);
    }
  });
  await watcher.ask("project.subscribe", { project: projectRef(WATCHED) });
  const asked: Promise<void>[] = [];
  for (let left = seconds * EVENTS_PER_SECOND; left > 0; left -= 1) {
    const at = performance.now();
    const ask = wire.ask("issue.create", { project: projectRef(WATCHED), title: "Say hello" }).then((json) => {
      const { number } = (JSON.parse(json) as [{ data: { number: number } }])[0].data;
      const came = early.get(number);
      if (came === undefined) sent.set(number, at);
      else took.push(came - at);
    });
    asked.push(ask);
    await sleep(1000 / EVENTS_PER_SECOND);
  }
  await Promise.all(asked);
  await sleep(1000);
  watcher.close();
  return took;
}

type Plan = { server: Server; side: Side; rounds: number; seconds: number };

export async function measureScripts({ server, side, rounds, seconds }: Plan): Promise<Table[]> {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round += 1) rates.push(await runsPerSecond(seconds));

  const wire = await openWire({ port: server.port, token: tokenOf(1) });
  await makeScript(
    wire,
    BUSY,
    `on_event("issue.created", function(ctx)
    local n = 0
    for i = 1, 2000000 do n = n + i % 7 end
    ctx.issue:update{ estimate = n % 100 }
  end)`,
  );
  await makeScript(wire, WATCHED, `on_event("issue.created", function(ctx) ctx.issue:add_comment("Hello") end)`);
  await sleep(1000);
  const { quiet, busy } = await alternate(rounds, {
    quiet: () => moves(side, seconds),
    busy: () => withScripts(wire, () => moves(side, seconds)),
  });
  await effects(server, wire, 1);
  const took = await effects(server, wire, 2 * seconds);
  wire.close();
  return [
    {
      title: "Scripts: runs",
      note: "One worker, ten lines, one call that is answered at once. Aim: 500.",
      rows: [{ "a worker": "ten lines", "runs/s": median(rates) }],
    },
    {
      title: "Scripts: the board beside them",
      note: `${CLIENTS} clients, each rests ${REST_MS} ms after a move, while a worker computes all the time. Aim: at most 1.5 times the quiet p95.`,
      rows: [
        {
          "p95 ms of a move": "issue.move, one project",
          "busy : quiet": ratioOf(busy, quiet),
          busy: median(busy),
          quiet: median(quiet),
        },
      ],
    },
    {
      title: "Scripts: from a command to its effect elsewhere",
      note: `${EVENTS_PER_SECOND} created issues a second, a comment by a script on each, seen by another client. Aim: p95 under 50 ms.`,
      rows: [
        {
          ms: "issue.create to comment.created",
          p50: median(took),
          p95: quantile(took, 0.95),
          p99: quantile(took, 0.99),
          seen: took.length,
        },
      ],
    },
  ];
}
