/** Where the server's time goes: 32 clients on one project under --cpu-prof, self time by package and by function. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { runLoad } from "./load.ts";
import type { Server } from "./processes.ts";
import { startOurs } from "./processes.ts";
import type { Table } from "./report.ts";
import { closeAll, openClients, type Side } from "./sides.ts";

const CLIENTS = 32;
const WARM_MS = 3000;

type Frame = { functionName: string; url: string; lineNumber: number };
type Profile = {
  nodes: { id: number; callFrame: Frame }[];
  samples: number[];
  timeDeltas: number[];
  /** In microseconds of the clock of `process.hrtime`. */
  startTime: number;
};
type Window = { from: number; to: number };

function packageOf({ url, functionName }: Frame): string {
  if (functionName.startsWith("(")) return functionName;
  const dependency = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
  if (dependency) return dependency;
  if (url.startsWith("node:")) return "node";
  return /dist\/((?:protocol|src\/[^/]+))/.exec(url)?.[1] ?? (url || "native");
}

const placeOf = ({ functionName, url, lineNumber }: Frame): string =>
  `${functionName || "anonymous"} ${url.replace(/.*\/(node_modules|dist)\//, "")}:${lineNumber + 1}`;

const now = (): number => Number(process.hrtime.bigint() / 1000n);

/** Self times by name within the window, the largest first; time spent waiting does not count. */
function sumTimes(profile: Profile, { from, to }: Window, nameOf: (frame: Frame) => string): [string, number][] {
  const frames = new Map(profile.nodes.map(({ id, callFrame }) => [id, callFrame]));
  const times = new Map<string, number>();
  let at = profile.startTime;
  for (const [i, id] of profile.samples.entries()) {
    const spent = profile.timeDeltas[i] ?? 0;
    at += spent;
    const frame = frames.get(id);
    if (!frame || frame.functionName === "(idle)" || at < from || at > to) continue;
    const name = nameOf(frame);
    times.set(name, (times.get(name) ?? 0) + spent);
  }
  return [...times].sort(([, a], [, b]) => b - a);
}

type Plan = { databaseUrl: string; sideOf: (server: Server) => Side; seconds: number };

export async function profileServer({ databaseUrl, sideOf, seconds }: Plan): Promise<Table[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "rhythm-profile-"));
  try {
    const server = await startOurs(databaseUrl, ["--cpu-prof", `--cpu-prof-dir=${folder}`]);
    const side = sideOf(server);
    const wires = await openClients(side, CLIENTS, () => 1);
    const send = (client: number, turn: number) =>
      turn === 0
        ? wires[client]?.ask("issue.create", side.createIssue(1))
        : wires[client]?.ask("issue.move", side.moveIssue(1));
    const from = now() + WARM_MS * 1000;
    const { perSecond: pairs } = await runLoad({
      clients: CLIENTS,
      send: async (client) => {
        await send(client, 0);
        await send(client, 1);
      },
      serverPid: server.pid,
      warmMs: WARM_MS,
      forMs: seconds * 1000,
    });
    const to = now();
    const perSecond = 2 * pairs;
    closeAll(wires);
    await server.stop();
    const [file = ""] = await readdir(folder);
    const profile = JSON.parse(await readFile(path.join(folder, file), "utf8")) as Profile;
    const busy = sumTimes(profile, { from, to }, () => "busy")[0]?.[1] ?? Number.NaN;
    const table = (title: string, nameOf: (frame: Frame) => string, count: number): Table => ({
      title,
      rows: sumTimes(profile, { from, to }, nameOf)
        .slice(0, count)
        .map(([what, time]) => ({
          "self time": what,
          "% of busy": (100 * time) / busy,
          "us/command": (time / (to - from) / perSecond) * 1e6,
        })),
    });
    const load = `${Math.round(perSecond)} commands/s, busy ${Math.round((100 * busy) / (to - from))} % of the time`;
    return [table(`Profile by package: ${load}`, packageOf, 20), table("Profile by function", placeOf, 40)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
