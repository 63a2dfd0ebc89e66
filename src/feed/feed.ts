/**
 * Every stream that someone here listens to, in order, without gaps, once.
 * - The truth is the events table. What `offer` brings (own commits, other instances' messages) are hints that usually
 *   spare reading it: the next event in line is handed on at once, one from further ahead waits for those before it.
 * - A gap that does not close within GAP_PATIENCE_MS is read from the table; so is whatever `expect` or the head poll
 *   shows to be missing. The poll alone is enough to be right, only slower: no message needs to arrive.
 * - `deliver` is called synchronously, in seq order per stream. `recent` reaches back at least RECENT events or to the
 *   last big one, so that a resuming client rarely needs the table, and a subscription can be cut over without waiting.
 * - A stream that nobody watches any longer is forgotten: what is still being read for it goes nowhere.
 */
import type { WireEvent } from "../../protocol/index.ts";
import type { Db } from "../kernel/db.ts";
import { type CommittedEvent, readEvents, readHeads, type StreamHead } from "../kernel/event-log.ts";
import type { Logger } from "../kernel/log.ts";
import type { Metrics } from "../kernel/metrics.ts";

const RECENT = 256;
/** Events with more JSON than this, as long descriptions, are not kept in memory. */
const BIG_EVENT = 4096;
const READ_LIMIT = 500;
/** How long a gap may last before the table is read: other instances' messages usually close it sooner. */
const GAP_PATIENCE_MS = 20;

export type Delivery = { stream: string; epoch: string; events: WireEvent[] };
type Hint = "gap" | "notify" | "poll" | "resume";

type Followed = {
  listeners: number;
  loaded: boolean;
  loading: Promise<void> | undefined;
  epoch: string;
  /** The last event handed on. */
  seq: number;
  recent: WireEvent[];
  /** Events from ahead of a gap, by seq. */
  early: Map<number, WireEvent>;
  /** What was offered before it was known where the stream stands. */
  offered: CommittedEvent[];
  gapTimer: NodeJS.Timeout | undefined;
  repairing: Promise<void> | undefined;
};

const newFollow = (): Followed => ({
  listeners: 0,
  loaded: false,
  loading: undefined,
  epoch: "",
  seq: -1,
  recent: [],
  early: new Map(),
  offered: [],
  gapTimer: undefined,
  repairing: undefined,
});

export type Feed = ReturnType<typeof createFeed>;

type Options = {
  db: Db;
  log: Logger;
  metrics: Metrics;
  deliver: (delivery: Delivery) => void;
  /** The database was restored: what listeners hold of this stream means nothing now. */
  epochChanged: (head: StreamHead) => void;
  pollMs: number;
};

export function createFeed({ db, log, metrics, deliver, epochChanged, pollMs }: Options) {
  const followed = new Map<string, Followed>();
  metrics.onScrape(() => metrics.streamsFollowed.set(followed.size));

  function remember(follow: Followed, events: WireEvent[]): void {
    for (const event of events) {
      if (JSON.stringify(event.data).length > BIG_EVENT) follow.recent = [];
      else follow.recent.push(event);
    }
    if (follow.recent.length > 2 * RECENT) follow.recent.splice(0, follow.recent.length - RECENT);
  }

  /** Hands on what is next in line, and what was waiting behind it. */
  function advance(stream: string, follow: Followed, arrived: WireEvent[]): void {
    if (followed.get(stream) !== follow) return;
    for (const event of arrived) if (event.seq > follow.seq) follow.early.set(event.seq, event);
    const events: WireEvent[] = [];
    for (let next = follow.early.get(follow.seq + 1); next; next = follow.early.get(follow.seq + 1)) {
      follow.early.delete(next.seq);
      follow.seq = next.seq;
      events.push(next);
    }
    if (events.length === 0) return;
    remember(follow, events);
    deliver({ stream, epoch: follow.epoch, events });
  }

  function watchGap(stream: string, follow: Followed): void {
    if (follow.early.size === 0 || follow.gapTimer || follow.repairing) return;
    follow.gapTimer = setTimeout(() => {
      follow.gapTimer = undefined;
      if (follow.early.size > 0) void repair(stream, follow, "gap");
    }, GAP_PATIENCE_MS);
  }

  async function readMissing(stream: string, follow: Followed): Promise<void> {
    for (let more = true; more; ) {
      const events = await readEvents(db, { stream, after: follow.seq, limit: READ_LIMIT });
      const first = events[0];
      if (first && first.seq > follow.seq + 1) {
        log.warn({ stream, from: follow.seq, to: first.seq }, "events were pruned before this instance read them");
        follow.seq = first.seq - 1;
        follow.recent = [];
      }
      advance(stream, follow, events);
      more = events.length === READ_LIMIT && followed.get(stream) === follow;
    }
  }

  /** Reads what is missing; one reader per stream at a time. A failed read is left to the next poll. */
  function repair(stream: string, follow: Followed, hint: Hint): Promise<void> {
    metrics.feedRepairs.inc({ hint });
    follow.repairing ??= readMissing(stream, follow)
      .then(
        () => true,
        (error: unknown) => void log.warn({ err: error, stream }, "feed could not read events"),
      )
      .then((read) => {
        follow.repairing = undefined;
        if (read) watchGap(stream, follow);
      });
    return follow.repairing;
  }

  async function load(stream: string, follow: Followed): Promise<void> {
    const [head] = await readHeads(db, [stream]);
    follow.seq = head?.seq ?? 0;
    follow.epoch = head?.epoch ?? "";
    follow.loaded = true;
    offer(follow.offered.splice(0));
  }

  /** Resolves when it is known where a watched stream stands; throws when that could not be read, which may pass. */
  async function ready(stream: string): Promise<void> {
    const follow = followed.get(stream);
    if (!follow || follow.loaded) return;
    follow.loading ??= load(stream, follow).finally(() => {
      follow.loading = undefined;
      follow.offered = [];
    });
    await follow.loading;
  }

  /** Events that were committed, here or elsewhere, in any order and any number of times. */
  function offer(committed: CommittedEvent[]): void {
    const byFollow = new Map<Followed, { stream: string; events: WireEvent[] }>();
    for (const one of committed) {
      const { stream, epoch, event } = one;
      const follow = followed.get(stream);
      if (follow && !follow.loaded) follow.offered.push(one);
      if (!follow?.loaded || epoch !== follow.epoch) continue;
      const arrived = byFollow.get(follow);
      if (arrived) arrived.events.push(event);
      else byFollow.set(follow, { stream, events: [event] });
    }
    for (const [follow, { stream, events }] of byFollow) {
      advance(stream, follow, events);
      watchGap(stream, follow);
    }
  }

  function compare(head: StreamHead, hint: Hint): Promise<void> | undefined {
    const follow = followed.get(head.stream);
    if (!follow?.loaded) return undefined;
    if (follow.epoch !== head.epoch) {
      Object.assign(follow, { epoch: head.epoch, seq: head.seq, recent: [] });
      follow.early.clear();
      epochChanged(head);
      return undefined;
    }
    return head.seq > follow.seq ? repair(head.stream, follow, hint) : undefined;
  }

  async function poll(): Promise<void> {
    const streams = [...followed.keys()];
    if (streams.length === 0) return;
    await Promise.all(streams.map(ready));
    for (const head of await readHeads(db, streams)) void compare(head, "poll");
  }

  let polling = false;
  const timer = setInterval(() => {
    if (polling) return;
    polling = true;
    poll()
      .catch((error: unknown) => log.warn({ err: error }, "feed could not read heads"))
      .finally(() => {
        polling = false;
      });
  }, pollMs);

  return {
    /** Follows a stream from now on, until as many `unwatch` calls: one is due even when this throws. */
    async watch(stream: string): Promise<void> {
      const follow = followed.get(stream) ?? newFollow();
      followed.set(stream, follow);
      follow.listeners += 1;
      await ready(stream);
    },

    ready,
    offer,

    unwatch(stream: string): void {
      const follow = followed.get(stream);
      if (!follow) return;
      follow.listeners -= 1;
      if (follow.listeners > 0) return;
      clearTimeout(follow.gapTimer);
      followed.delete(stream);
    },

    /** Someone says that these streams stand at these seqs; what is still missing after a moment is read. */
    expect(heads: Record<string, number>): void {
      const behind = Object.entries(heads).filter(([stream, seq]) => (followed.get(stream)?.seq ?? seq) < seq);
      if (behind.length === 0) return;
      setTimeout(() => {
        for (const [stream, seq] of behind) {
          const follow = followed.get(stream);
          if (follow?.loaded && follow.seq < seq) void repair(stream, follow, "notify");
        }
      }, GAP_PATIENCE_MS);
    },

    /** Looks at one stream's head now, and reads what is missing. */
    async catchUp(stream: string): Promise<void> {
      const [head] = await readHeads(db, [stream]);
      if (head) await compare(head, "resume");
    },

    /** Where a followed stream stands here: everything up to `seq` has been delivered. */
    position(stream: string): { epoch: string; seq: number } | undefined {
      const follow = followed.get(stream);
      return follow?.loaded ? { epoch: follow.epoch, seq: follow.seq } : undefined;
    },

    /** Delivered events after `after`, from memory; undefined when memory does not reach back that far. */
    recentAfter(stream: string, after: number): WireEvent[] | undefined {
      const follow = followed.get(stream);
      if (!follow) return undefined;
      if (after >= follow.seq) return [];
      const oldest = follow.recent[0]?.seq ?? Number.POSITIVE_INFINITY;
      return oldest <= after + 1 ? follow.recent.slice(after + 1 - oldest) : undefined;
    },

    positions: () =>
      [...followed].filter(([, { loaded }]) => loaded).map(([stream, { epoch, seq }]) => ({ stream, epoch, seq })),
    poll,

    stop(): void {
      clearInterval(timer);
      for (const follow of followed.values()) clearTimeout(follow.gapTimer);
      followed.clear();
    },
  };
}
