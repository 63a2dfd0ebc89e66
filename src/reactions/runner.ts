/**
 * Runs reactions that change data: each event once over all instances, each stream in order.
 * - The truth is the consumer's position in the stream. It moves in the transaction of the effects, and only from where
 *   it was read; so whoever has lost a claim without knowing it is rolled back, and nothing happens twice.
 * - A claim lets one instance at a time work on a stream. It ends by itself when that instance dies.
 * - Commits of this instance wake it. The sweep finds every stream that is ahead of its position, so a wake-up that is
 *   lost, with the process or between two, costs seconds and no event.
 * - A batch that fails is tried again by the sweep, then event by event; one that fails MAX_TRIES times is skipped, or
 *   the stream would stand still for ever.
 */
import { LRUCache } from "lru-cache";
import pLimit from "p-limit";
import type { StreamKind } from "../../protocol/index.ts";
import type { Db } from "../kernel/db.ts";
import { toAppError } from "../kernel/errors.ts";
import { type CommittedEvent, type LoggedEvent, readLog, streamKind } from "../kernel/event-log.ts";
import type { Logger } from "../kernel/log.ts";
import type { Metrics } from "../kernel/metrics.ts";
import { claimStream, listWaiting, movePosition, releaseStream, renewClaims } from "../kernel/positions.ts";

export type Batch = {
  stream: string;
  events: LoggedEvent[];
  /** Moves the position behind these events, in the transaction of the effects. */
  advance(db: Db): Promise<void>;
};

export type Consumer = {
  /** Names its positions: never to be changed. */
  name: string;
  streams: StreamKind;
  batchSize: number;
  /** Effects that do not call `advance` must bear repeating: the position then moves afterwards. */
  handle(batch: Batch): Promise<void>;
};

export type Runner = {
  /** A hint that these were committed. */
  wake(committed: CommittedEvent[]): void;
  start(): void;
  /** Finishes the batches under way. */
  stop(): Promise<void>;
};

type Options = { db: Db; log: Logger; metrics: Metrics; instance: string; consumer: Consumer; sweepMs: number };

/** What comes within this time is handled together. */
const GATHER_MS = 20;
/** A stream that was just handled rests: where much happens, more is handled at once, and commands have the database. */
const REST_MS = 500;
const MAX_RESTING = 10_000;
/** How long a dead instance holds up its streams. */
const LEASE_MS = 5000;
/** Streams at once: the rest of the database's connections are for commands. */
const MAX_STREAMS = 2;
const MAX_TRIES = 5;

/** Up to this event the batches are single events; the first of them has failed so many times by itself. */
type Suspicion = { until: number; tries: number };

export function createRunner({ db, log, metrics, instance, consumer, sweepMs }: Options): Runner {
  const { name, handle, batchSize } = consumer;
  const limit = pLimit(MAX_STREAMS);
  const waiting = new Map<string, NodeJS.Timeout>();
  const restUntil = new LRUCache<string, number>({ max: MAX_RESTING });
  const underWay = new Map<string, Promise<void>>();
  const suspects = new Map<string, Suspicion>();
  let timers: NodeJS.Timeout[] = [];
  let running = false;
  metrics.onScrape(() => metrics.reactionsWaiting.set({ consumer: name }, waiting.size + underWay.size));

  /** Handles one batch; gives the seq that it goes up to. Throws when nothing of it happened. */
  async function step(stream: string, from: number, head: number): Promise<number> {
    const single = from < (suspects.get(stream)?.until ?? 0);
    const events = await readLog(db, { stream, after: from, limit: single ? 1 : batchSize });
    // Without events, those up to the head have been pruned.
    const to = events.at(-1)?.seq ?? head;
    const move = (on: Db) => movePosition(on, { consumer: name, stream, from, to });
    let moved = false;
    const advance = async (on: Db) => {
      await move(on);
      moved = true;
    };
    try {
      if (events.length > 0) await handle({ stream, events, advance });
    } catch (error) {
      if (!suspect(stream, { from, to, error })) throw error;
      moved = false;
    }
    if (!moved) await move(db);
    const [first] = events;
    if (first) metrics.reactionLag.observe({ consumer: name }, Math.max(0, Date.now() - Date.parse(first.at)) / 1000);
    const suspicion = suspects.get(stream);
    if (suspicion) suspicion.tries = 0;
    if (suspicion && to >= suspicion.until) suspects.delete(stream);
    return to;
  }

  /** Notes a failure; true when the event is to be skipped. */
  function suspect(stream: string, { from, to, error }: { from: number; to: number; error: unknown }): boolean {
    const { code } = toAppError(error);
    if (code === "unavailable" || code === "conflict") return false;
    const { until = 0, tries = 0 } = suspects.get(stream) ?? {};
    const isSingle = from < until || to === from + 1;
    suspects.set(stream, { until: Math.max(until, to), tries: isSingle ? tries + 1 : 0 });
    if (!isSingle || tries + 1 < MAX_TRIES) return false;
    metrics.reactionsSkipped.inc({ consumer: name });
    log.error({ err: error, consumer: name, stream, seq: to }, "an event fails again and again; skipped");
    return true;
  }

  async function work(stream: string): Promise<void> {
    const claim = await claimStream(db, { consumer: name, stream, instance, leaseMs: LEASE_MS });
    if (!claim) return;
    let failed = true;
    try {
      for (let { seq } = claim; seq < claim.head && running; ) seq = await step(stream, seq, claim.head);
      failed = false;
    } finally {
      const isBehind = await releaseStream(db, { consumer: name, stream, instance });
      // After a failure the sweep comes back to it.
      if (isBehind && !failed) gather(stream);
    }
  }

  function gather(stream: string): void {
    if (!running || waiting.has(stream)) return;
    const wait = Math.max(GATHER_MS, (restUntil.get(stream) ?? 0) - performance.now());
    waiting.set(
      stream,
      setTimeout(() => begin(stream), wait),
    );
  }

  function begin(stream: string): void {
    waiting.delete(stream);
    if (underWay.has(stream)) gather(stream);
    else
      underWay.set(
        stream,
        limit(() => workSafely(stream)),
      );
  }

  async function workSafely(stream: string): Promise<void> {
    try {
      if (running) await work(stream);
    } catch (error) {
      const { code } = toAppError(error);
      if (code !== "conflict") log.warn({ err: error, consumer: name, stream }, "reaction failed; trying again");
    } finally {
      underWay.delete(stream);
      restUntil.set(stream, performance.now() + REST_MS);
    }
  }

  /** Every so often, unless the last time is not over. */
  function every(ms: number, job: () => Promise<void>): void {
    let busy = false;
    const run = async () => {
      if (busy) return;
      busy = true;
      await job().catch((error: unknown) => log.warn({ err: error, consumer: name }, "reactions could not be checked"));
      busy = false;
    };
    timers.push(setInterval(run, ms));
  }

  async function sweep(): Promise<void> {
    for (const stream of await listWaiting(db, { consumer: name, kind: consumer.streams })) gather(stream);
  }

  async function renew(): Promise<void> {
    const streams = [...underWay.keys()];
    if (streams.length > 0) await renewClaims(db, { consumer: name, streams, instance, leaseMs: LEASE_MS });
  }

  return {
    wake(committed) {
      for (const { stream } of committed) if (streamKind(stream) === consumer.streams) gather(stream);
    },
    start() {
      running = true;
      every(sweepMs, sweep);
      every(LEASE_MS / 3, renew);
      void sweep().catch(() => undefined);
    },
    async stop() {
      running = false;
      for (const timer of timers) clearInterval(timer);
      timers = [];
      for (const timer of waiting.values()) clearTimeout(timer);
      waiting.clear();
      await Promise.all(underWay.values());
    },
  };
}
