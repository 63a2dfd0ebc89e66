/** Many clients that work at an even pace on several projects, and all of them listen. */
import { randomInt, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { quantile } from "../../bench/rounds.ts";
import { stageId } from "../../bench/seed.ts";
import type { History } from "./history.ts";
import { type Member, type MemberOptions, openMember } from "./member.ts";

export type Plan = {
  url: string;
  clients: number;
  projects: number;
  /** Commands a second of all together; what is late is not made up for. */
  perSecond: number;
  /** How many clients hold boards; all unless given. */
  boards?: number;
  /** User of the first client. */
  firstUser?: number;
  firstProject?: number;
  issues?: number;
  timing?: MemberOptions["timing"];
};

export type Crowd = {
  members: Member[];
  history: History;
  /** Starts to send. */
  work(): void;
  /** Sends no more; resolves when each command has its answer, or after a time that no answer should take. */
  rest(): Promise<void>;
  /** The longest that an event was on its way, in any second from `from` to `to`. */
  worstLagMs(from: number, to?: number): number;
  /** A further client, of the same plan. */
  join(user: number): Member;
  leave(): void;
};

const STAGES = 3;
/** So that every column fits into one page of a board. */
const MOST_ISSUES = 150;
const CONNECT_AT_ONCE = 50;
const PATIENCE_MS = 60_000;

export async function gatherCrowd(plan: Plan, history: History = { ops: [], heard: [] }): Promise<Crowd> {
  const { url, clients, projects, perSecond, boards = clients, firstUser = 1, firstProject = 1 } = plan;
  const members: Member[] = [];
  const issues = new Map<number, number>();
  const lags = new Map<number, number>();
  const underWay = new Set<Promise<unknown>>();
  let working = false;

  const late = (ms: number): void => {
    const second = Math.floor(performance.now() / 1000);
    lags.set(second, Math.max(ms, lags.get(second) ?? 0));
  };
  function join(user: number): Member {
    const project = firstProject + ((user - 1) % projects);
    const withBoard = members.length < boards;
    const member = openMember({
      url,
      user,
      project,
      withBoard,
      history,
      late,
      ...(plan.timing && { timing: plan.timing }),
    });
    members.push(member);
    if (working) void keepWorking(member);
    return member;
  }

  /** A move, a new title, or as long as there is room a new issue. */
  async function act({ project, write }: Member): Promise<void> {
    const count = issues.get(project) ?? plan.issues ?? 30;
    const title = `drill ${randomUUID()}`;
    const issue = 1 + randomInt(count);
    const dice = randomInt(20);
    if (dice < 2 && count < MOST_ISSUES) {
      const made = await write("issue.create", { title, stageId: stageId(project, randomInt(STAGES)) });
      if (made) issues.set(project, Math.max(made.number, issues.get(project) ?? 0));
    } else if (dice < 11) await write("issue.update", { issue, patch: { title } });
    else {
      const place = { stageId: stageId(project, randomInt(STAGES)), ...(randomInt(2) === 0 && { after: null }) };
      await write("issue.move", { issue, ...place });
    }
  }
  async function keepWorking(member: Member): Promise<void> {
    const everyMs = (1000 * clients) / perSecond;
    await sleep(Math.random() * everyMs);
    while (working && member.client.state.current.status !== "closed") {
      const startedAt = performance.now();
      const acting = act(member);
      underWay.add(acting);
      await acting;
      underWay.delete(acting);
      await sleep(Math.max(0, startedAt + everyMs - performance.now()));
    }
  }

  for (let i = 0; i < clients; i += CONNECT_AT_ONCE) {
    const size = Math.min(CONNECT_AT_ONCE, clients - i);
    await Promise.all(Array.from({ length: size }, (_, k) => join(firstUser + i + k).ready));
  }
  return {
    members,
    history,
    join,
    work() {
      working = true;
      for (const member of members) void keepWorking(member);
    },
    async rest() {
      working = false;
      const patience = new AbortController();
      await Promise.race([
        Promise.all(underWay),
        sleep(PATIENCE_MS, undefined, { signal: patience.signal }).catch(() => undefined),
      ]);
      patience.abort();
    },
    worstLagMs: (from, to = performance.now()) =>
      Math.max(0, ...[...lags].filter(([at]) => at >= Math.floor(from / 1000) && at <= to / 1000).map(([, ms]) => ms)),
    leave() {
      for (const member of members) member.close();
    },
  };
}

/** From sending a command to its answer, with all tries between; of commands that were sent in this time. */
export function ackTimes({ ops }: History, from = 0, to = Number.POSITIVE_INFINITY): number[] {
  return ops.flatMap(({ sentAt, endedAt, ending }) =>
    endedAt !== undefined && ending?.outcome === "ok" && sentAt >= from && sentAt < to ? [endedAt - sentAt] : [],
  );
}

/** How long after `at` each client that then lost its connection was up to date again, or only connected. */
export function outages(
  members: readonly Member[],
  at: number,
  { until = Number.POSITIVE_INFINITY, connected = false } = {},
): number[] {
  return members.flatMap(({ states }) => {
    const lost = states.find((state) => state.at >= at && state.at < until && state.status === "offline");
    if (!lost) return [];
    const isBack = (status: string) => status === "live" || (connected && status === "catchingUp");
    const back = states.find((state) => state.at > lost.at && isBack(state.status));
    return [(back?.at ?? Number.POSITIVE_INFINITY) - at];
  });
}

export const percentile = (values: number[], q: number): number => Math.round(quantile(values, q) * 10) / 10;
