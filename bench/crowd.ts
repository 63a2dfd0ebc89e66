import { fork } from "node:child_process";
import { once } from "node:events";
import { tokenOf } from "./people.ts";
import { builtFile } from "./processes.ts";

export type CrowdRequest =
  | { do: "join"; port: number; tokens: string[]; command: string; input: object }
  | { do: "count" };
export type CrowdAnswer = { arrivals: Arrivals } | { error: string };

/** All that came since the start, and when, by the clock of the crowd's process. */
export type Arrivals = {
  atMs: number;
  packets: number;
  events: number;
  bytes: number;
  /** Events that were lost, doubled or out of order. */
  gaps: number;
  cpuMs: number;
};

export type Crowd = { count(): Promise<Arrivals>; leave(): Promise<void> };

type Plan = { port: number; size: number; command: string; input: object };

/** `size` signed-in sockets of as many users, each joined by `command`, in a process of their own. */
export async function gatherCrowd({ port, size, command, input }: Plan): Promise<Crowd> {
  const child = fork(builtFile("bench/crowd-process.js"), { execArgv: [] });
  const ask = async (request: CrowdRequest): Promise<Arrivals> => {
    child.send(request);
    const [answer] = (await once(child, "message")) as [CrowdAnswer];
    if ("error" in answer) throw new Error(`the crowd: ${answer.error}`);
    return answer.arrivals;
  };
  const tokens = Array.from({ length: size }, (_, i) => tokenOf(i + 1));
  await ask({ do: "join", port, tokens, command, input });
  return {
    count: () => ask({ do: "count" }),
    async leave() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}
