import { fork } from "node:child_process";
import { once } from "node:events";
import { tokenOf } from "./people.ts";
import { builtFile } from "./processes.ts";

export type CrowdRequest =
  | { do: "join"; port: number; tokens: string[]; command: string; input: object }
  | { do: "count" }
  | { do: "listen" }
  | { do: "tell" };
export type CrowdAnswer = { arrivals: Arrivals; times?: Times } | { error: string };

/** When each subscriber got which event, in ms of the machine's steady clock: one list for each seq. */
export type Times = [seq: number, at: number[]][];

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

export type Crowd = {
  count(): Promise<Arrivals>;
  /** Notes from now on when events come. */
  listen(): Promise<void>;
  /** What was noted. */
  tell(): Promise<Times>;
  leave(): Promise<void>;
};

/** The same in all processes of the machine. */
export const steadyMs = (): number => Number(process.hrtime.bigint()) / 1e6;

type Plan = { port: number; size: number; command: string; input: object };

/** `size` signed-in sockets of as many users, each joined by `command`, in a process of their own. */
export async function gatherCrowd({ port, size, command, input }: Plan): Promise<Crowd> {
  const child = fork(builtFile("bench/crowd-process.js"), { execArgv: [] });
  const ask = async (request: CrowdRequest) => {
    child.send(request);
    const [answer] = (await once(child, "message")) as [CrowdAnswer];
    if ("error" in answer) throw new Error(`the crowd: ${answer.error}`);
    return answer;
  };
  const tokens = Array.from({ length: size }, (_, i) => tokenOf(i + 1));
  await ask({ do: "join", port, tokens, command, input });
  return {
    count: async () => (await ask({ do: "count" })).arrivals,
    async listen() {
      await ask({ do: "listen" });
    },
    tell: async () => (await ask({ do: "tell" })).times ?? [],
    async leave() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}
