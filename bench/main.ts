/** Measures the server beside yardsticks on this machine: see README.md. */
import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { Redis } from "ioredis";
import { startRedis } from "../tests/support/redis.ts";
import { measureBoard, measureBytes } from "./board.ts";
import { measureCatchUp } from "./catch-up.ts";
import { startCluster } from "./cluster.ts";
import { measureEcho } from "./echo.ts";
import { measureFanout } from "./fanout.ts";
import { measureFlatness } from "./flat.ts";
import { measureFlood } from "./flood.ts";
import { measureInstances } from "./instances.ts";
import { measureLatency } from "./latency.ts";
import { measureMemory } from "./memory.ts";
import { measureMetering } from "./metering.ts";
import { hasPgbench, type Script } from "./pgbench.ts";
import { build, type Server, startBare, startOurs } from "./processes.ts";
import { profileServer } from "./profile.ts";
import { jsonLine, type Table, tableText } from "./report.ts";
import { simulateScaling } from "./scaling.ts";
import { measureScripts } from "./scripts.ts";
import { createSeeder, type Seeder } from "./seed.ts";
import { bareSide, MOVED_ISSUES, ourSide } from "./sides.ts";
import { type Cell, measureThroughput, PROJECTS } from "./throughput.ts";
import { measureTracker } from "./tracker.ts";
import { PEOPLE, seedTracker } from "./tracker-seed.ts";

const usual = [
  "memory",
  "bytes",
  "echo",
  "board",
  "throughput",
  "flat",
  "fanout",
  "latency",
  "catch-up",
  "instances",
  "tracker",
  "scripts",
] as const;
const onRequest = ["profile", "metering", "flood", "scaling"] as const;
type Section = (typeof usual)[number] | (typeof onRequest)[number];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    "no-command-ids": { type: "boolean", default: false },
  },
});
const { quick } = options;
const known: readonly string[] = [...usual, ...onRequest];
const wrong = positionals.find((name) => !known.includes(name));
if (wrong !== undefined) throw new Error(`there is no section ${wrong}: choose from ${known.join(", ")}`);
const wanted = new Set((positionals.length > 0 ? positionals : usual) as readonly Section[]);
const rounds = 3;
const seconds = quick ? 0.5 : 3;

const boards = [
  { project: PROJECTS + 1, issues: 1000, stages: 3, what: "1,000 issues, 3 stages", input: {} },
  { project: PROJECTS + 2, issues: 10_000, stages: 3, what: "10,000 issues, 3 stages", input: {} },
  {
    project: PROJECTS + 3,
    issues: 10_000,
    stages: 8,
    what: "10,000 issues, 8 stages, 25 a stage",
    input: { perColumn: 25 },
  },
];

const small = { project: PROJECTS + 4, issues: MOVED_ISSUES };
const large = { project: PROJECTS + 2, issues: 10_000 };

async function fill(seed: Seeder): Promise<void> {
  await seed.people(1100);
  for (let project = 1; project <= PROJECTS; project += 1) await seed.project(project, { issues: MOVED_ISSUES });
  for (const board of [...boards, small]) await seed.project(board.project, board);
  await seed.finish();
}

const commands: Script[] = ["issue.create", "issue.move"];
const cells: Cell[] = commands.flatMap((command) =>
  [1, PROJECTS].flatMap((projects) => [1, 8, 32].map((clients) => ({ command, clients, projects }))),
);
/** The ends of the range. */
const quickCells = cells.filter(({ clients, projects }) => clients === 32 || (clients === 1 && projects === 1));

if (wanted.has("scaling")) {
  for (const table of simulateScaling()) console.log(tableText(table));
  if (wanted.size === 1) process.exit(0);
}
await build();
const cluster = await startCluster(fill);
const servers: Server[] = [];
const tables: Table[] = [];
const machine = {
  cores: availableParallelism(),
  cpu: cpus()[0]?.model,
  node: process.version,
  postgres: cluster.settings,
  /** Other work on the machine shows here. */
  loadBefore: loadavg()[0],
  quick,
};

async function stop(): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
  await cluster.stop();
}
process.once("SIGINT", () => void stop().finally(() => process.exit(130)));

async function pidOf(redisUrl: string): Promise<number> {
  const client = new Redis(redisUrl);
  const info = await client.info("server");
  client.disconnect();
  return Number(/process_id:(\d+)/.exec(info)?.[1]);
}

async function measure(section: Section, work: () => Promise<Table | Table[]>): Promise<void> {
  if (!wanted.has(section)) return;
  for (const table of [await work()].flat()) {
    tables.push(table);
    console.log(tableText(table));
  }
}

try {
  console.log(`${JSON.stringify(machine)}\n`);
  const [ourUrl, bareUrl] = [await cluster.clone("ours"), await cluster.clone("bare")];
  const pgbenchUrl = (await hasPgbench()) ? await cluster.clone("pgbench") : undefined;
  const sideOf = (server: Server) => ourSide(server, { commandIds: !options["no-command-ids"] });

  // Fresh processes, so before the load.
  const fresh = {
    ours: { start: () => startOurs(ourUrl), sideOf },
    bare: { start: () => startBare(bareUrl), sideOf: bareSide },
  };
  await measure("memory", () => measureMemory({ ...fresh, postgresCpuMs: cluster.cpuMs, rounds: quick ? 1 : rounds }));
  servers.push(await startOurs(ourUrl), await startBare(bareUrl));
  const [ourServer, bareServer] = servers;
  if (!ourServer || !bareServer) throw new Error("a server is missing");
  const [ours, bare] = [sideOf(ourServer), bareSide(bareServer)];
  await measure("bytes", () => measureBytes(ours));
  await measure("echo", () => measureEcho({ ours, bare, rounds, seconds: seconds / 2 }));
  await measure("board", () => measureBoard({ ours, loads: quick ? 20 : 100, boards }));
  await measure("throughput", () =>
    measureThroughput({
      ...{ ours, bare, pgbenchUrl, rounds, seconds },
      postgresCpuMs: cluster.cpuMs,
      cells: quick ? quickCells : cells,
    }),
  );
  await measure("flat", () => measureFlatness({ ours, large, small, rounds, seconds }));
  await measure("fanout", () => measureFanout({ ours, bare, sizes: [100, 500, 1000], rounds, seconds }));
  await measure("latency", () => measureLatency({ ours, bare, sizes: [10, 1000], rounds, seconds: 2 * seconds }));
  await measure("catch-up", () => measureCatchUp({ ours, board: large.project }));
  await measure("instances", async () => {
    const redis = await startRedis();
    try {
      const url = await cluster.clone("shared");
      const started = await Promise.all([0, 1].map(() => startOurs(url, [], { REDIS_URL: redis.url })));
      servers.push(...started);
      const [here, there] = started.map(sideOf);
      if (!here || !there) throw new Error("an instance is missing");
      const redisPid = await pidOf(redis.url);
      const table = await measureInstances({ here, there, alone: ours, redisPid, rounds, seconds });
      await Promise.all(started.map((server) => server.stop()));
      return table;
    } finally {
      await redis.stop();
    }
  });
  await measure("metering", async () => {
    const urls = { on: await cluster.clone("metered"), off: await cluster.clone("unmetered") };
    return measureMetering({ urls, sideOf, cells: quickCells, rounds: quick ? 1 : 2 * rounds, seconds });
  });
  await measure("flood", async () => {
    const server = await startOurs(ourUrl, [], { TRUST_PROXY: "1" });
    servers.push(server);
    return measureFlood({ side: sideOf(server), rounds, seconds });
  });
  await measure("scripts", async () => {
    const server = await startOurs(await cluster.clone("scripted"));
    servers.push(server);
    return measureScripts({ server, side: sideOf(server), rounds, seconds });
  });
  await measure("tracker", async () => {
    const databaseUrl = await cluster.create("tracker", async (client) => {
      await createSeeder(client).people(PEOPLE);
      await seedTracker(client);
    });
    const server = await startOurs(databaseUrl);
    servers.push(server);
    return measureTracker({ server, databaseUrl, asks: quick ? 20 : 200 });
  });
  await measure("profile", () => profileServer({ databaseUrl: ourUrl, sideOf, seconds: quick ? 3 : 10 }));
  console.log(jsonLine(machine, tables));
} finally {
  await stop();
}
