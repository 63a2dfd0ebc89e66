/**
 * Runs scripts for events: each event and script once in effect over all instances, in order per stream and script.
 * - A lane is a script in a stream. The truth is its position there. It moves in the transaction that writes its runs
 *   down; so an event is handled again only when nothing was written of it, and then its run is the same run: what it
 *   did is not done again (see host.ts).
 * - A claim lets one instance at a time work on a lane. It ends by itself when that instance dies.
 * - Commits of this instance wake the lanes that hear them. The sweep finds the lanes that are behind, so a wake-up that
 *   is lost costs seconds and no event.
 */
import pLimit from "p-limit";
import { type Hearing, listHearings } from "../features/script/repository/running.ts";
import type { Parts } from "../kernel/context.ts";
import { toAppError } from "../kernel/errors.ts";
import type { CommittedEvent } from "../kernel/event-log.ts";
import { claimStream, releaseStream, renewClaims } from "../kernel/positions.ts";
import { hears } from "./context.ts";
import { TryAgain } from "./host.ts";
import { type EventPlan, handleBatch, keyOf, type Lane, positionOf } from "./lane.ts";
import type { RunPlan, RunReport } from "./run.ts";

/** How long a dead instance holds up its lanes. */
const LEASE_MS = 5000;
/** Statements of lanes at once: the rest of the database's connections are for commands. */
const MAX_STATEMENTS = 3;
/** Tries of a run that fails for a fault of ours, before it is given up. */
export const MAX_TRIES = 5;
export const backOffMs = (tries: number): number => Math.min(30_000, 500 * 2 ** tries);
/** How often it is looked whether a used up quota is there again. */
const QUOTA_MS = 60_000;

export type Dispatcher = {
  /** A hint that these were committed. */
  wake(committed: CommittedEvent[]): void;
  start(): void;
  /** Finishes the runs under way; the lanes are free for other instances at once. */
  stop(): Promise<void>;
};

type Plan = Omit<RunPlan, "send" | "dryRun">;

type Options = {
  parts: Pick<Parts, "db" | "writer" | "log">;
  instance: string;
  sweepMs: number;
  /** Throws TryAgain, or `quota_exceeded`. */
  run: (plan: Plan) => Promise<RunReport>;
  giveUp: (plan: Plan, error: unknown) => RunReport;
};

function groupBy<T>(items: T[], nameOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = nameOf(item);
    const group = groups.get(name);
    if (group) group.push(item);
    else groups.set(name, [item]);
  }
  return groups;
}

/** After these there may be other scripts, or the same in other streams. */
const changesHearings = (type: string): boolean =>
  /^(script\.(?!ran|failed)|project\.(created|deleted)$|org\.deleted$)/.test(type);

export function createDispatcher({ parts, instance, sweepMs, run, giveUp }: Options): Dispatcher {
  const { db, log } = parts;
  const statement = pLimit(MAX_STATEMENTS);
  const underWay = new Map<string, { lane: Lane; done: Promise<void> }>();
  const again = new Set<string>();
  /** How often the run failed, by its id, that a lane stands at. */
  const troubles = new Map<string, { runId: string; tries: number }>();
  const retries = new Map<string, NodeJS.Timeout>();
  const surroundings = { parts, instance, statement, isRunning: () => running, attempt };
  let hearings = new Map<string, Hearing[]>();
  let timers: NodeJS.Timeout[] = [];
  let running = false;
  let looking: Promise<void> | undefined;
  let lookAgain = false;

  function nudge(lane: Lane): void {
    const key = keyOf(lane);
    if (!running || retries.has(key)) return;
    if (underWay.has(key)) {
      again.add(key);
      return;
    }
    const done = work(lane)
      .catch((error: unknown) => {
        // Another instance has gone on, since it thought us dead.
        if (toAppError(error).code === "conflict") return;
        log.warn({ err: error, ...lane }, "a script's lane broke off; the sweep comes back");
      })
      .finally(() => {
        underWay.delete(key);
        if (again.delete(key)) nudge(lane);
      });
    underWay.set(key, { lane, done });
  }

  async function work(lane: Lane): Promise<void> {
    const claim = await statement(() => claimStream(db, { ...positionOf(lane), instance, leaseMs: LEASE_MS }));
    if (!claim) return;
    let { seq: from } = claim;
    // Nobody knows what a predecessor that never gave back has done, and neither do we after a failure.
    let isDoubtful = claim.orphaned;
    while (running) {
      const step = await handleBatch(surroundings, lane, { from, head: claim.head, isDoubtful });
      if (step.kind === "end") break;
      if (step.kind === "failed") return;
      from = step.seq;
      isDoubtful = false;
    }
    if (!running) return abandon(lane);
    const isBehind = await statement(() => releaseStream(db, { ...positionOf(lane), instance }));
    if (isBehind) again.add(keyOf(lane));
  }

  /** Leaves the lane to whoever comes first; the claim's name tells that there may be something to know of it. */
  async function abandon(lane: Lane, forMs = 0): Promise<void> {
    const { consumer, stream } = positionOf(lane);
    await statement(() => renewClaims(db, { consumer, streams: [stream], instance, leaseMs: forMs }));
  }

  async function attempt(lane: Lane, plan: EventPlan): Promise<RunReport | undefined> {
    const trouble = troubles.get(keyOf(lane));
    const tries = trouble?.runId === plan.id ? trouble.tries : 0;
    const tried = { ...plan, attempt: tries + 1 };
    try {
      const report = await run(tried);
      troubles.delete(keyOf(lane));
      return report;
    } catch (error) {
      return defer(lane, tried, error);
    }
  }

  /** Back-off after a fault of ours or a used up quota; a run that fails inside of us again and again is given up. */
  async function defer(lane: Lane, plan: Plan, thrown: unknown): Promise<RunReport | undefined> {
    const key = keyOf(lane);
    const error = thrown instanceof TryAgain ? thrown.error : toAppError(thrown);
    const isQuota = error.code === "quota_exceeded";
    const isLasting = error.code !== "unavailable" && !isQuota;
    if (isLasting && plan.attempt >= MAX_TRIES) {
      log.error({ err: thrown, ...lane }, "a run of a script fails again and again; given up");
      troubles.delete(key);
      return giveUp(plan, error);
    }
    if (running && !isQuota) log.warn({ err: thrown, ...lane }, "a run of a script failed; trying again");
    // To wait for a database or for tomorrow is no try.
    troubles.set(key, { runId: plan.id, tries: isLasting ? plan.attempt : plan.attempt - 1 });
    const waitMs = isQuota ? Math.min(QUOTA_MS, error.retryAfterMs ?? QUOTA_MS) : backOffMs(plan.attempt);
    await abandon(lane, running ? waitMs : 0);
    if (running)
      retries.set(
        key,
        setTimeout(() => retry(lane), waitMs),
      );
    return undefined;
  }

  function retry(lane: Lane): void {
    retries.delete(keyOf(lane));
    nudge(lane);
  }

  async function look(): Promise<void> {
    const all = await listHearings(db);
    hearings = groupBy(all, ({ stream }) => stream);
    for (const { scriptId, stream, behind } of all) if (behind) nudge({ scriptId, stream });
  }

  /** Reads anew which scripts hear what, and goes on where one is behind. */
  function refresh(): void {
    lookAgain = looking !== undefined;
    if (lookAgain || !running) return;
    looking = look()
      .catch((error: unknown) => log.warn({ err: error }, "scripts could not be listed; trying again"))
      .finally(() => {
        looking = undefined;
        if (lookAgain) refresh();
      });
  }

  async function renew(): Promise<void> {
    const lanes = [...underWay.values()].map(({ lane }) => positionOf(lane));
    for (const [consumer, claims] of groupBy(lanes, (claim) => claim.consumer)) {
      await renewClaims(db, { consumer, streams: claims.map(({ stream }) => stream), instance, leaseMs: LEASE_MS });
    }
  }

  return {
    wake(committed) {
      for (const { stream, event } of committed) {
        if (changesHearings(event.type)) refresh();
        for (const { scriptId, events } of hearings.get(stream) ?? []) {
          if (hears(events, event)) nudge({ scriptId, stream });
        }
      }
    },
    start() {
      running = true;
      refresh();
      timers = [
        setInterval(refresh, sweepMs),
        setInterval(
          () =>
            void renew().catch((error: unknown) => log.warn({ err: error }, "claims of scripts could not be renewed")),
          LEASE_MS / 3,
        ),
      ];
    },
    async stop() {
      running = false;
      for (const timer of [...timers, ...retries.values()]) clearInterval(timer);
      retries.clear();
      await Promise.all([looking, ...[...underWay.values()].map(({ done }) => done)]);
    },
  };
}
