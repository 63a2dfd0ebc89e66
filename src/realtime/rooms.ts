/**
 * Who hears which stream.
 * - A subscription is registered before anything is awaited, and the role looked at once more when its streams are
 *   followed: whoever loses it before or after is noticed.
 * - Cut-over: the answer holds the events up to the feed's position; at that same moment, without awaiting, what waits
 *   for the room is flushed and the socket joins it. So it gets each later event once, and none twice.
 * - When an event takes roles away, each subscription that it may concern is checked again; who may no longer hear leaves
 *   the room and is told.
 */
import type { Socket } from "socket.io";
import type { Subscription, WireEvent } from "../../protocol/index.ts";
import { endsAccess } from "../commands/authorize.ts";
import type { Delivery, Feed } from "../feed/feed.ts";
import type { Db } from "../kernel/db.ts";
import { AppError } from "../kernel/errors.ts";
import { readEvents } from "../kernel/event-log.ts";
import type { Logger } from "../kernel/log.ts";
import type { Metrics } from "../kernel/metrics.ts";
import type { Broadcast } from "./broadcast.ts";

/** Further behind than this, a snapshot is cheaper than the events. */
export const RESUME_LIMIT = 5000;
/** Nor may its answer be longer: a slow line would not take it in time, and the client would ask for it again. */
const RESUME_BYTES = 2 * 1024 * 1024;
const READ_LIMIT = 1000;
const RECHECK_RETRY_MS = 1000;

type Since = { epoch: string; seq: number } | undefined;
type Held = { guards: string[] };
type Options = {
  db: Db;
  feed: Feed;
  broadcast: Broadcast;
  log: Logger;
  metrics: Metrics;
  /** Throws when the user may not hear the stream. */
  mayHear: (userId: string, stream: string) => Promise<void>;
  /** A socket has left a room, whether or not it was in it. */
  left: (socket: Socket, stream: string) => void;
};

export type Rooms = ReturnType<typeof createRooms>;

export function createRooms({ db, feed, broadcast, log, metrics, mayHear, left }: Options) {
  const bySocket = new Map<Socket, Map<string, Held>>();
  metrics.onScrape(() => {
    metrics.subscriptions.set([...bySocket.values()].reduce((sum, streams) => sum + streams.size, 0));
  });

  function drop(socket: Socket, stream: string): void {
    left(socket, stream);
    const held = bySocket.get(socket)?.get(stream);
    if (!held) return;
    bySocket.get(socket)?.delete(stream);
    void socket.leave(stream);
    for (const watched of [stream, ...held.guards]) feed.unwatch(watched);
  }

  /** Registers the subscription, or joins in the wait of one that was sent a moment before. */
  async function hold(socket: Socket, stream: string, guards: string[]): Promise<void> {
    const streams = bySocket.get(socket);
    if (!streams) throw new AppError("unavailable", "The connection is closing");
    if (streams.has(stream)) return feed.ready(stream);
    const held = { guards };
    streams.set(stream, held);
    try {
      await Promise.all([stream, ...guards].map((watched) => feed.watch(watched)));
      await mayHear(socket.data.caller.actor.id, stream);
    } catch (error) {
      if (streams.get(stream) === held) drop(socket, stream);
      throw error;
    }
  }

  /** The events after `after` up to the feed's position; undefined: too many, or no longer kept. */
  async function replay(stream: string, after: number): Promise<WireEvent[] | undefined> {
    const events: WireEvent[] = [];
    for (let last = after; ; last = events.at(-1)?.seq ?? last) {
      const tail = feed.recentAfter(stream, last);
      if (tail) return events.concat(tail);
      const older = await readEvents(db, { stream, after: last, limit: READ_LIMIT });
      const position = feed.position(stream);
      if (!position || older[0]?.seq !== last + 1 || events.length + older.length > RESUME_LIMIT) return undefined;
      // What was committed but not yet handed on will come through the room.
      events.push(...older.filter(({ seq }) => seq <= position.seq));
    }
  }

  /** What was missed since `since`, ending exactly at the feed's position when this resolves. */
  async function resume(stream: string, since: Since): Promise<WireEvent[] | undefined> {
    if (!since) return [];
    const here = feed.position(stream);
    if (here && since.seq > here.seq) await feed.catchUp(stream);
    const position = feed.position(stream);
    if (!position || since.epoch !== position.epoch || since.seq > position.seq) return undefined;
    return position.seq - since.seq > RESUME_LIMIT ? undefined : replay(stream, since.seq);
  }

  /** Checks the subscriptions of one user, or of all, that hang on `stream`. */
  async function recheck(stream: string, onlyUserId: string | undefined): Promise<void> {
    for (const [socket, streams] of bySocket) {
      const userId: string = socket.data.caller.actor.id;
      if (onlyUserId !== undefined && onlyUserId !== userId) continue;
      for (const [heard, { guards }] of streams) {
        if (heard !== stream && !guards.includes(stream)) continue;
        try {
          await mayHear(userId, heard);
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== "not_found") throw error;
          broadcast.flush(heard);
          drop(socket, heard);
          socket.emit("access.revoked", { stream: heard });
        }
      }
    }
  }

  function recheckUntilDone(stream: string, userId: string | undefined): void {
    recheck(stream, userId).catch((error: unknown) => {
      log.warn({ err: error, stream }, "subscriptions could not be checked; trying again");
      setTimeout(() => recheckUntilDone(stream, userId), RECHECK_RETRY_MS).unref();
    });
  }

  return {
    async subscribe(socket: Socket, stream: string, since: Since, guards: string[]): Promise<Subscription> {
      await hold(socket, stream, guards);
      const missed = await resume(stream, since);
      const position = feed.position(stream);
      if (!bySocket.get(socket)?.has(stream) || !position) throw new AppError("not_found", "Stream not found");
      // From here to the answer nothing is awaited.
      const tail = missed && feed.recentAfter(stream, missed.at(-1)?.seq ?? since?.seq ?? position.seq);
      broadcast.flush(stream);
      void socket.join(stream);
      const events = missed && tail ? missed.concat(tail) : [];
      const current = since === undefined || since.epoch === position.epoch;
      const reset = tail === undefined || !current || JSON.stringify(events).length > RESUME_BYTES;
      if (since) metrics.resumes.inc({ outcome: reset ? "reset" : "resumed" });
      return { stream, epoch: position.epoch, head: position.seq, events: reset ? [] : events, reset };
    },

    unsubscribe: drop,

    /** Rechecks what the delivered events may have ended. */
    noticed({ stream, events }: Delivery): void {
      for (const { type, data } of events) {
        if (!endsAccess(type)) continue;
        const userId = typeof data["userId"] === "string" ? data["userId"] : undefined;
        recheckUntilDone(stream, userId);
      }
    },

    opened(socket: Socket): void {
      bySocket.set(socket, new Map());
    },

    closed(socket: Socket): void {
      for (const stream of [...(bySocket.get(socket)?.keys() ?? [])]) drop(socket, stream);
      bySocket.delete(socket);
    },
  };
}
