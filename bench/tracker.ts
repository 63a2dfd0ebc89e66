import { createApp } from "../src/app.ts";
import { readConfig } from "../src/kernel/config.ts";
import { openLog } from "../src/kernel/log.ts";
import { tokenOf } from "./people.ts";
import { type Server, serverSettings } from "./processes.ts";
import type { Table } from "./report.ts";
import { median, quantile } from "./rounds.ts";
import { questions } from "./tracker-questions.ts";
import { openWire, type Wire } from "./wire.ts";

type Plan = { server: Server; databaseUrl: string; asks: number };

/** A server in this process, which tells how many statements each answer takes. */
async function openCounter(databaseUrl: string) {
  const config = { ...readConfig({ ...serverSettings(databaseUrl), LOG_LEVEL: "warn" }), DATABASE_URL: databaseUrl };
  let statements = 0;
  const onStatement = () => {
    statements += 1;
  };
  const app = await createApp(config, {
    log: openLog(config),
    onStatement,
    sweepMs: null,
    pollMs: 3_600_000,
    usageFlushMs: null,
  });
  const { port } = await app.listen();
  const wire = await openWire({ port, token: tokenOf(1) });
  return {
    async count(command: string, input: object): Promise<number> {
      await wire.ask(command, input);
      statements = 0;
      await wire.ask(command, input);
      return statements;
    },
    async close() {
      wire.close();
      await app.close();
    },
  };
}

async function time(wire: Wire, asks: number, ask: (turn: number) => { command: string; input: object }) {
  const times: number[] = [];
  let bytes = 0;
  for (let turn = -8; turn < asks; turn += 1) {
    const { command, input } = ask(turn + 8);
    const sent = performance.now();
    const answer = await wire.ask(command, input);
    if (turn >= 0) times.push(performance.now() - sent);
    bytes = Math.max(bytes, Buffer.byteLength(answer));
  }
  return { times, bytes };
}

/** Reads of a large organization, one after the other. */
export async function measureTracker({ server, databaseUrl, asks }: Plan): Promise<Table> {
  const wire = await openWire({ port: server.port, token: tokenOf(1) });
  const counter = await openCounter(databaseUrl);
  const rows: Table["rows"] = [];
  for (const { what, command, inputs } of questions) {
    const ask = (turn: number) => ({ command, input: inputs[turn % inputs.length] ?? {} });
    const { times, bytes } = await time(wire, asks, ask);
    const statements = await counter.count(command, ask(0).input);
    const [p50, p95] = [median(times), quantile(times, 0.95)];
    rows.push({
      read: what,
      "p50 ms": p50,
      "p95 ms": p95,
      "most ms": Math.max(...times),
      KB: bytes / 1000,
      statements,
    });
  }
  wire.close();
  await counter.close();
  const note = "100,000 issues and 1,000,000 events in one organization. Aim: searches under 50 ms at p95.";
  return { title: "A large tracker", note, rows };
}
