/**
 * Streams as their listeners see them: every event once, in order, without gaps.
 * - Each holds {epoch, seq}. What it has is dropped; what comes from further ahead waits until the rest was pulled.
 * - `head` tells of a last event that was lost. After each reconnect the stream is joined again with what it holds.
 * - Another epoch, or a history that no longer reaches back, is a reset: the listener loads a snapshot, and the stream
 *   goes on from the present.
 */
import type { Ack, EventData, EventType, Output, Subscription, WireEvent } from "../../protocol/index.ts";
import { CommandError, givenUp } from "./errors.ts";
import { tell } from "./observable.ts";
import { createAlarm } from "./waiting.ts";

export type Position = { epoch: string; seq: number };
/** An event whose `data` is known by its `type`. */
export type StreamEvent = {
  [T in EventType]: Omit<WireEvent, "type" | "data"> & { type: T; data: EventData<T> };
}[EventType];

/** A project as `acme/web`, an organization as `acme`, or `@me` for what concerns only you. */
export type Target = string;

export type Listener = {
  /** Where to go on; at the present unless given. */
  since?: Position;
  onEvents(events: readonly StreamEvent[]): void;
  /** What came before this position is not known to the listener: load a snapshot. */
  onReset?(position: Position): void;
  /** You may no longer hear it, or it is gone. */
  onRevoked?(error: CommandError): void;
};
export type StreamSubscription = {
  /** Resolves when it was joined, with its name and where it stood. */
  readonly ready: Promise<Position & { stream: string }>;
  readonly position: Position | undefined;
  close(): void;
};

type Followed = {
  target: Target;
  listener: Listener;
  stream: string | undefined;
  held: Position | undefined;
  /** From ahead of a gap. */
  early: Map<number, WireEvent>;
  joining: boolean;
  pulling: boolean;
  behind: boolean;
  joined(position: Position & { stream: string }): void;
  failed(error: CommandError): void;
};

type Options = {
  isOpen(): boolean;
  /** Sends until answered; `unavailable` only when the client closes. */
  query(name: string, input: object): Promise<Ack>;
  changed(): void;
};

export type Streams = ReturnType<typeof createStreams>;

/** More than this from ahead of a gap is pulled anew rather than kept. */
const MAX_EARLY = 2000;
const REJOIN_MS = 5000;

/** The command that joins or leaves a target, and what names it. */
function wordFor(target: Target, verb: "subscribe" | "unsubscribe"): { name: string; at: object } {
  if (target === "@me") return { name: `user.${verb}`, at: {} };
  return target.includes("/")
    ? { name: `project.${verb}`, at: { project: target } }
    : { name: `org.${verb}`, at: { org: target } };
}

/** Projects and organizations are called by slugs, which can change. */
function renamed(target: Target, { type, data }: WireEvent): Target {
  if (type === "project.updated") return (data as EventData<"project.updated">).project.ref;
  return type === "org.updated" ? (data as EventData<"org.updated">).org.slug : target;
}

export function createStreams({ isOpen, query, changed }: Options) {
  const followed = new Set<Followed>();
  const alarm = createAlarm();
  let closed: CommandError | undefined;

  const setBehind = (follow: Followed, behind: boolean): void => {
    if (follow.behind === behind) return;
    follow.behind = behind;
    changed();
  };

  function reset(follow: Followed, position: Position): void {
    const isFirst = follow.held === undefined;
    follow.held = position;
    follow.early.clear();
    if (!isFirst) tell(() => follow.listener.onReset?.({ ...position }));
  }

  /** Hands on what is next in line, and what was waiting behind it. */
  function take(follow: Followed, events: readonly WireEvent[]): void {
    const { held, early, listener } = follow;
    if (!held) return;
    for (const event of events) if (event.seq > held.seq) early.set(event.seq, event);
    const next: WireEvent[] = [];
    for (let event = early.get(held.seq + 1); event; event = early.get(held.seq + 1)) {
      early.delete(event.seq);
      held.seq = event.seq;
      follow.target = renamed(follow.target, event);
      next.push(event);
    }
    if (early.size > MAX_EARLY) early.clear();
    if (next.length > 0) tell(() => listener.onEvents(next as StreamEvent[]));
  }

  /** Reads what is missing, in pages, until nothing is. */
  async function pull(follow: Followed, until: number): Promise<void> {
    if (follow.pulling || follow.joining || !follow.held) return;
    follow.pulling = true;
    setBehind(follow, true);
    for (let goal = until; follow.held.seq < goal && followed.has(follow); ) {
      const { seq, epoch } = follow.held;
      const ack = await query("sync.pull", { stream: follow.stream, after: seq });
      if (!ack.ok) break;
      const page = ack.data as Output<"sync.pull">;
      if (page.epoch !== epoch || follow.held.epoch !== epoch) break;
      take(follow, page.events);
      goal = Math.max(page.head, ...follow.early.keys());
      if (follow.held.seq === seq) break;
    }
    follow.pulling = false;
    if (follow.held.seq < until) void join(follow);
    else setBehind(follow, follow.joining);
  }

  function begin(follow: Followed, { stream, epoch, head, events, reset: isReset }: Subscription): void {
    follow.stream = stream;
    if (isReset || !follow.held) reset(follow, { epoch, seq: head });
    else {
      follow.held.epoch = epoch;
      take(follow, events);
    }
    follow.joined({ stream, ...(follow.held ?? { epoch, seq: head }) });
  }

  /** Joins, or joins again with what it holds, until it is in or refused. */
  async function join(follow: Followed): Promise<void> {
    if (follow.joining || !followed.has(follow)) return;
    follow.joining = true;
    setBehind(follow, true);
    const { name, at } = wordFor(follow.target, "subscribe");
    const ack = await query(name, { ...at, since: follow.held });
    follow.joining = false;
    if (!followed.has(follow)) return leave(follow);
    if (ack.ok) {
      begin(follow, ack.data as Subscription);
      if (follow.early.size > 0) void pull(follow, Math.max(...follow.early.keys()));
      setBehind(follow, follow.pulling);
    } else if (ack.error.details?.["reason"] === "closed") end(follow, new CommandError(ack.error));
    else if (ack.error.code === "not_found" || ack.error.code === "forbidden" || ack.error.code === "invalid") {
      const error = new CommandError(ack.error, ack.requestId);
      end(follow, error);
      tell(() => follow.listener.onRevoked?.(error));
    } else {
      await alarm.next(REJOIN_MS);
      void join(follow);
    }
  }

  function end(follow: Followed, error: CommandError): void {
    followed.delete(follow);
    follow.failed(error);
    changed();
  }

  function leave({ target, stream }: Followed): void {
    if (!isOpen() || [...followed].some((other) => other.target === target || other.stream === stream)) return;
    const { name, at } = wordFor(target, "unsubscribe");
    void query(name, at);
  }

  const of = (stream: string): Followed[] => [...followed].filter((follow) => follow.stream === stream);
  const isOther = (follow: Followed, epoch: string): boolean => follow.held?.epoch !== epoch;

  return {
    /** Some stream has not caught up. */
    isBehind: () => [...followed].some(({ behind }) => behind),

    subscribe(target: Target, listener: Listener): StreamSubscription {
      let joined: Followed["joined"] = () => undefined;
      let failed: Followed["failed"] = () => undefined;
      const ready = new Promise<Position & { stream: string }>((resolve, reject) => {
        [joined, failed] = [resolve, reject];
      });
      // Whoever waits for it hears of a refusal; so does onRevoked.
      ready.catch(() => undefined);
      const held = listener.since && { ...listener.since };
      const state = { stream: undefined, early: new Map(), joining: false, pulling: false, behind: true };
      const follow: Followed = { target, listener, held, joined, failed, ...state };
      if (closed) failed(closed);
      else followed.add(follow);
      changed();
      if (isOpen()) void join(follow);
      return {
        ready,
        get position() {
          return follow.held && { ...follow.held };
        },
        close() {
          if (!followed.delete(follow)) return;
          failed(new CommandError(givenUp("closed")));
          changed();
          if (!follow.joining) leave(follow);
        },
      };
    },

    /** The connection is there, or there again: nothing that was joined before is joined now. */
    opened(): void {
      alarm.wake();
      for (const follow of followed) void join(follow);
    },

    /** The connection went: all are behind until they have been joined again. */
    lost(): void {
      for (const follow of followed) follow.behind = true;
    },

    heard({ stream, epoch, events }: { stream: string; epoch: string; events: WireEvent[] }): void {
      for (const follow of of(stream)) {
        if (isOther(follow, epoch)) void join(follow);
        else take(follow, events);
        if (follow.early.size > 0) void pull(follow, Math.max(...follow.early.keys()));
      }
    },

    stoodAt({ stream, epoch, seq }: { stream: string } & Position): void {
      for (const follow of of(stream)) {
        if (isOther(follow, epoch)) void join(follow);
        else if (follow.held && follow.held.seq < seq) void pull(follow, seq);
      }
    },

    /** The server has left the room for us; perhaps we may come in again. */
    revoked({ stream }: { stream: string }): void {
      for (const follow of of(stream)) void join(follow);
    },

    close(error: CommandError): void {
      closed = error;
      for (const follow of [...followed]) end(follow, error);
      alarm.wake();
    },
  };
}
