/**
 * What an installation carries, from measured costs: by arithmetic, and by a simulation that must agree with it. Both
 * know one core an instance, one of Redis, and as many of Postgres as are given; commands arrive at random.
 */
import type { Table } from "./report.ts";
import { quantile } from "./rounds.ts";

/** CPU in ms of one core unless said; measured, see docs/scaling.md. */
export type Costs = {
  /** At the instance that gets it: parse, check, statements, ack, publish. */
  command: number;
  /** In Postgres. */
  postgres: number;
  /** One event to one socket. */
  delivery: number;
  /** An event of another instance, whether or not anyone here listens. */
  heard: number;
  /** In Redis, for each instance that a message goes to. */
  redis: number;
  /** A joined socket that is idle, a second. */
  idle: number;
  /** KiB. */
  socket: number;
  /** The time of a commit that is no CPU: the disk. */
  commitWait: number;
};

export type Setup = {
  instances: number;
  connections: number;
  /** Of all, a second. */
  commands: number;
  /** Who listens to the project of a command. */
  room: number;
  postgresCores: number;
  /** Events go only to instances where someone listens, and not to all. */
  byStream?: boolean;
  /** Databases that organizations are spread over. */
  databases?: number;
};

const reached = ({ instances, room }: Setup): number => instances * (1 - (1 - 1 / instances) ** room);
/** Instances that hear of an event, besides the one that made it. */
const hearers = (setup: Setup): number =>
  setup.byStream ? reached(setup) * (1 - 1 / setup.instances) : setup.instances - 1;

export type Load = Record<"instance" | "Postgres" | "Redis", number>;

/** Part of each that is used, 1 being all. */
export function loadOf(costs: Costs, setup: Setup): Load {
  const { instances, connections, commands, room, postgresCores, databases = 1 } = setup;
  const each = costs.command + room * costs.delivery + hearers(setup) * costs.heard;
  return {
    instance: (commands * each + connections * costs.idle) / instances / 1000,
    Postgres: (commands * costs.postgres) / (postgresCores * databases) / 1000,
    // In a cluster of Redis, channels are spread over as many nodes as there are databases.
    Redis: (commands * (1 + hearers(setup)) * costs.redis) / (setup.byStream ? databases : 1) / 1000,
  };
}

export const fullest = (load: Load): [keyof Load, number] =>
  (Object.entries(load) as [keyof Load, number][]).reduce((most, one) => (one[1] > most[1] ? one : most));

/** The most connections before the fullest part is used to `most`, when each sends so many commands a second. */
export function capacity(costs: Costs, setup: Omit<Setup, "connections" | "commands">, each: number, most: number) {
  const unit = 1000;
  const load = loadOf(costs, { ...setup, connections: unit, commands: unit * each });
  const [limit, used] = fullest(load);
  return { connections: Math.floor((unit * most) / used), limit };
}

type Job = { at: number; run: (now: number) => void };

/** Things to do in the order of their time, to a hundredth of a ms. */
function createAgenda() {
  const slots = new Map<number, Job[]>();
  let last = 0;
  return {
    add(at: number, run: Job["run"]): void {
      const slot = Math.max(0, Math.floor(at * 100));
      last = Math.max(last, slot);
      const jobs = slots.get(slot);
      if (jobs) jobs.push({ at, run });
      else slots.set(slot, [{ at, run }]);
    },
    runAll(): void {
      for (let slot = 0; slot <= last; slot += 1) {
        const jobs = slots.get(slot) ?? [];
        for (let i = 0; i < jobs.length; i += 1) jobs[i]?.run(jobs[i]?.at ?? 0);
        slots.delete(slot);
      }
    },
  };
}

/** Cores that serve in the order of arrival; gives when a job is done. */
function createServer(cores: number) {
  const free = new Float64Array(cores);
  let busy = 0;
  return {
    serve(now: number, ms: number): number {
      let core = 0;
      for (let i = 1; i < cores; i += 1) if ((free[i] ?? 0) < (free[core] ?? 0)) core = i;
      const done = Math.max(now, free[core] ?? 0) + ms;
      free[core] = done;
      busy += ms;
      return done;
    },
    busy: () => busy / cores,
  };
}

export type Simulated = { load: Load; ackP50Ms: number; ackP99Ms: number; arrivalP99Ms: number };

/** `count` commands that come at random times, each through all its stations. */
export function simulate(costs: Costs, setup: Setup, count: number, random: () => number = Math.random): Simulated {
  const { instances, connections, commands, room, postgresCores, databases = 1, byStream } = setup;
  const agenda = createAgenda();
  const nodes = Array.from({ length: instances }, () => createServer(1));
  const postgres = Array.from({ length: databases }, () => createServer(postgresCores));
  const redis = Array.from({ length: byStream ? databases : 1 }, () => createServer(1));
  const [acks, arrivals]: [number[], number[]] = [[], []];
  const pick = <T>(all: T[]): T => all[Math.floor(random() * all.length)] as T;
  const vary = (ms: number): number => ms * (0.5 + random());
  // What idle sockets take is spread evenly: it makes everything else so much slower.
  const slower = 1 / (1 - Math.min(0.99, (connections * costs.idle) / instances / 1000));

  function listen(at: number, node: ReturnType<typeof createServer>, sockets: number, sent: number, ms: number): void {
    if (sockets === 0 && ms === 0) return;
    agenda.add(at, (now) => {
      const done = node.serve(now, (vary(ms) + sockets * costs.delivery) * slower);
      if (sockets > 0) arrivals.push(done - sent);
    });
  }
  function begin(sent: number): void {
    const own = Math.floor(random() * instances);
    const home = nodes[own] as ReturnType<typeof createServer>;
    const sockets = new Map<number, number>();
    for (let i = 0; i < room; i += 1) {
      const at = Math.floor(random() * instances);
      sockets.set(at, (sockets.get(at) ?? 0) + 1);
    }
    agenda.add(sent, (now) => {
      const asked = home.serve(now, (vary(costs.command) / 2) * slower);
      agenda.add(asked, (then) => {
        const committed = pick(postgres).serve(then, vary(costs.postgres)) + costs.commitWait;
        agenda.add(committed, (at) => {
          const acked = home.serve(at, (vary(costs.command) / 2) * slower);
          acks.push(acked - sent);
          listen(acked, home, sockets.get(own) ?? 0, sent, 0);
          const others = nodes.flatMap((node, i) => (i === own || (byStream && !sockets.has(i)) ? [] : [{ node, i }]));
          const published = pick(redis).serve(acked, (1 + others.length) * costs.redis);
          for (const { node, i } of others) listen(published, node, sockets.get(i) ?? 0, sent, costs.heard);
        });
      });
    });
  }
  let time = 0;
  for (let i = 0; i < count; i += 1) {
    time += (-Math.log(1 - random()) * 1000) / commands;
    begin(time);
  }
  agenda.runAll();
  const used = (servers: ReturnType<typeof createServer>[]) =>
    servers.reduce((sum, server) => sum + server.busy(), 0) / servers.length / time;
  return {
    load: {
      instance: used(nodes) / slower + 1 - 1 / slower,
      Postgres: used(postgres),
      Redis: used(redis),
    },
    ackP50Ms: quantile(acks, 0.5),
    ackP99Ms: quantile(acks, 0.99),
    arrivalP99Ms: quantile(arrivals, 0.99),
  };
}

/** Of one run on one machine: docs/scaling.md says which. */
export const measured: Costs = {
  command: 0.6,
  postgres: 1.2,
  delivery: 0.0065,
  heard: 0.18,
  redis: 0.0125,
  idle: 0.002,
  socket: 14,
  commitWait: 0.3,
};

/** One command a minute from each who has a board open, and 25 of them on a project. */
const EACH = 1 / 60;
const ROOM = 25;
/** Above this, waits grow fast. */
const MOST = 0.7;
const COMMANDS = 20_000;

type Case = Omit<Setup, "connections" | "commands" | "room">;
const cases: Case[] = [
  { instances: 1, postgresCores: 2 },
  { instances: 2, postgresCores: 4 },
  { instances: 4, postgresCores: 8 },
  { instances: 10, postgresCores: 16 },
  { instances: 10, postgresCores: 16, byStream: true },
  { instances: 100, postgresCores: 64 },
  { instances: 100, postgresCores: 64, byStream: true },
  { instances: 100, postgresCores: 16, byStream: true, databases: 16 },
];

const nameOf = ({ instances, postgresCores, byStream, databases = 1 }: Case): string =>
  `${instances} instance${instances === 1 ? "" : "s"}, ${databases === 1 ? "" : `${databases} x `}${postgresCores} cores of Postgres${byStream ? ", channels by stream" : ""}`;

export function simulateScaling(costs: Costs = measured): Table[] {
  const capacities = cases.map((one) => {
    const { connections, limit } = capacity(costs, { ...one, room: ROOM }, EACH, MOST);
    const setup = { ...one, room: ROOM, connections, commands: connections * EACH };
    const simulated = simulate(costs, setup, COMMANDS);
    return {
      installation: nameOf(one),
      connections,
      "commands/s": setup.commands,
      "deliveries/s": setup.commands * ROOM,
      limit,
      "simulated use": simulated.load[limit],
      "ack p50 ms": simulated.ackP50Ms,
      "ack p99": simulated.ackP99Ms,
      "arrival p99": simulated.arrivalP99Ms,
      "GiB of sockets": (connections * costs.socket) / 1024 / 1024,
    };
  });
  const million = [20, 50, 100, 200].flatMap((instances) =>
    [false, true].map((byStream) => {
      const setup = { instances, postgresCores: 32, byStream, room: ROOM, connections: 1e6, commands: 1e6 * EACH };
      const load = loadOf(costs, setup);
      return {
        "a million connections": `${instances} instances${byStream ? ", channels by stream" : ""}`,
        "instance, part used": load.instance,
        "Postgres, 32 cores": load.Postgres,
        Redis: load.Redis,
        "MiB of sockets an instance": (1e6 * costs.socket) / instances / 1024,
      };
    }),
  );
  return [
    {
      title: "What an installation carries",
      note: `Up to ${100 * MOST} % of its fullest part, ${ROOM} listeners a project, a command a minute from each connection.`,
      rows: capacities,
    },
    { title: "A million connections", note: "Part of each that is used; above 1 it does not work.", rows: million },
  ];
}
