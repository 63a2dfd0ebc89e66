/** The socket door: handshake, commands, control messages, and closing in an orderly way. */
import { randomUUID } from "node:crypto";
import type { Server as HttpServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Server, type Socket } from "socket.io";
import { z } from "zod";
import type { Ack, EventData, WireEvent } from "../../protocol/index.ts";
import type { Execute } from "../commands/execute.ts";
import { endedSession } from "../features/session/policy.ts";
import type { Delivery, Feed } from "../feed/feed.ts";
import { addressOf, createTrust } from "../kernel/address.ts";
import type { Config } from "../kernel/config.ts";
import type { Caller, Connection } from "../kernel/context.ts";
import type { Db } from "../kernel/db.ts";
import { AppError, toAppError, toWireError } from "../kernel/errors.ts";
import { orgStream, type StreamHead, streamKind, userStream } from "../kernel/event-log.ts";
import type { Limits } from "../kernel/limits.ts";
import type { Logger } from "../kernel/log.ts";
import type { Metrics } from "../kernel/metrics.ts";
import { version } from "../kernel/package-root.ts";
import { createBrake } from "./brake.ts";
import { createBroadcast } from "./broadcast.ts";
import { createLease } from "./lease.ts";
import { createPresence } from "./presence.ts";
import { createRooms, RESUME_LIMIT } from "./rooms.ts";
import { createSeats } from "./seats.ts";
import { cutOff, watchSlowSockets } from "./slow-sockets.ts";

/** Packets above this close the connection; HTTP bodies have the same limit. */
export const MAX_PACKET_BYTES = 64 * 1024;
/** Of the sockets of an instance that stops. */
const BATCHES = 20;
const CLOSE_OVER_MS = 2000;
/** Fewer are closed at once. */
const CLOSE_AT_ONCE = 50;
/** How long clients may take to answer that their connection closes. */
const CLOSE_PATIENCE_MS = 1000;
const FOLLOW_RETRY_MS = 1000;

type Options = {
  httpServer: HttpServer;
  config: Config;
  instance: string;
  db: Db;
  feed: Feed;
  log: Logger;
  metrics: Metrics;
  execute: Execute;
  limits: Limits;
  authenticator: { authenticate(token: string): Promise<Caller>; forget(sessionId: string | null): void };
  mayHear: (userId: string, stream: string) => Promise<void>;
  now: () => Date;
  headEveryMs: number;
};

export type Realtime = ReturnType<typeof createRealtime>;

const Handshake = z.object({ token: z.string().min(1).max(4096) });

/** Pages of other origins may not connect with a token that they found; programs send no origin. */
function checkOrigin(socket: Socket, allowed: string[]): void {
  const { origin, host } = socket.handshake.headers;
  if (origin === undefined || allowed.includes(origin)) return;
  if (origin === `http://${host}` || origin === `https://${host}`) return;
  throw new AppError("forbidden", `Origin ${origin.slice(0, 100)} may not connect: add it to CORS_ORIGINS`);
}

/** The stream that tells when a caller's session or key ends. */
const endingsOf = ({ actor, grant }: Caller): string => (grant?.orgId ? orgStream(grant.orgId) : userStream(actor.id));

/** What an event of this stream ends, as a group of the lease. */
function endedBy(stream: string, { type, data }: WireEvent): string | undefined {
  if (type === "session.revoked") return endedSession(data) ?? stream;
  if (type === "key.revoked") return String(data["keyId"]);
  if (type === "bot.deleted") return userStream(String(data["botId"]));
  if (type === "bot.suspended") return userStream((data as EventData<"bot.suspended">).bot.id);
  return type === "org.deleted" ? stream : undefined;
}

/** Every connection of Engine.IO, whether or not it became a socket. */
const clientsOf = (io: Server): object => z.object({ clients: z.object().loose() }).parse(io.engine).clients;

/** Parts of a list, evenly over a time. */
async function inBatches<T>(all: T[], { batches, overMs }: { batches: number; overMs: number }, act: (one: T) => void) {
  const size = Math.max(1, Math.ceil(all.length / batches));
  const pauseMs = overMs / Math.max(1, Math.ceil(all.length / size) - 1);
  for (let i = 0; i < all.length; i += size) {
    if (i > 0 && pauseMs > 0) await sleep(pauseMs);
    all.slice(i, i + size).forEach(act);
  }
}

export function createRealtime(options: Options) {
  const { httpServer, config, instance, db, feed, log, metrics, execute, authenticator, limits, mayHear } = options;
  const io = new Server(httpServer, {
    path: "/socket.io",
    transports: ["websocket"],
    serveClient: false,
    maxHttpBufferSize: MAX_PACKET_BYTES,
    perMessageDeflate: false,
    httpCompression: false,
    connectTimeout: 5000,
    pingInterval: 15_000,
    pingTimeout: 10_000,
  });
  const broadcast = createBroadcast(io, metrics);
  const presence = createPresence({
    io,
    db,
    instance,
    shared: config.REDIS_URL !== undefined,
    now: options.now,
    repeatMs: options.headEveryMs,
  });
  const rooms = createRooms({ db, feed, broadcast, log, metrics, mayHear, left: presence.leave });
  const lease = createLease(options.now);
  const brake = createBrake(metrics);
  const seats = createSeats(config.RATE_LIMIT_SOCKETS_PER_USER);
  const trust = createTrust(config.TRUST_PROXY);
  let draining = false;
  metrics.onScrape(() => {
    const { rooms: all, sids } = io.sockets.adapter;
    // Each socket has a room of its own besides.
    metrics.rooms.set(Math.max(0, all.size - sids.size));
  });

  async function identify(socket: Socket): Promise<void> {
    const handshake = Handshake.safeParse(socket.handshake.auth);
    if (!handshake.success) throw new AppError("unauthenticated", "The handshake needs auth: { token }");
    socket.data.token = handshake.data.token;
    socket.data.caller = await authenticator.authenticate(handshake.data.token);
  }

  async function admit(socket: Socket): Promise<void> {
    if (draining) throw new AppError("unavailable", "This instance is stopping; connect again", { retryAfterMs: 1000 });
    checkOrigin(socket, config.CORS_ORIGINS);
    // A request whose sender has gone has no address any more.
    const address = addressOf(socket.request, trust);
    try {
      await identify(socket);
    } catch (error) {
      if (toAppError(error).code === "unauthenticated") await limits.refuseHandshake(address);
      throw error;
    }
    seats.take(socket, socket.data.caller);
  }

  io.use((socket, next) => {
    admit(socket).then(
      () => next(),
      (thrown: unknown) => {
        const error = toAppError(thrown);
        metrics.handshakesRefused.inc({ code: error.code });
        if (error.code === "internal") log.error({ err: error.cause }, "handshake failed");
        next(Object.assign(new Error(error.message), { data: toWireError(error) }));
      },
    );
  });

  /**
   * Looks once more, when the stream of its endings is followed, at what may have ended before; and at how long a key's
   * secret is good, which a rotation cuts short.
   */
  async function admitAgain(socket: Socket): Promise<void> {
    const { token, caller }: { token: string; caller: Caller } = socket.data;
    try {
      await feed.ready(endingsOf(caller));
      if (caller.sessionId !== null) authenticator.forget(caller.sessionId);
      const present = await authenticator.authenticate(token);
      if (!present.grant || !socket.connected || socket.data.token !== token) return;
      socket.data.caller = present;
      lease.start(socket);
    } catch (error) {
      if (toAppError(error).code === "unauthenticated") socket.disconnect(true);
      else if (socket.connected) setTimeout(() => void admitAgain(socket), FOLLOW_RETRY_MS).unref();
    }
  }

  io.on("connection", (socket: Socket) => {
    const endings = endingsOf(socket.data.caller);
    metrics.sockets.inc();
    rooms.opened(socket);
    lease.start(socket);
    // Whether or not the client subscribes.
    feed.watch(endings).catch((error: unknown) => log.warn({ err: error }, "feed could not follow a user"));
    void admitAgain(socket);
    socket.on("disconnect", () => {
      metrics.sockets.dec();
      rooms.closed(socket);
      presence.closed(socket);
      lease.stop(socket);
      feed.unwatch(endings);
    });
    const connection: Connection = {
      async subscribe(stream, since, guards = []) {
        const subscription = await rooms.subscribe(socket, stream, since, guards);
        presence.greet(socket, stream);
        return subscription;
      },
      unsubscribe: (stream) => rooms.unsubscribe(socket, stream),
      present: (at) => presence.present(socket, at),
      renew(caller, token) {
        socket.data.caller = caller;
        socket.data.token = token;
        lease.start(socket);
        void admitAgain(socket);
      },
    };
    socket.onAny((event: unknown, ...args: unknown[]) => {
      // A packet may name its event by a number.
      const name = String(event);
      const last = args.at(-1);
      const answer = typeof last === "function" ? (ack: Ack) => last(ack) : () => undefined;
      const input = args[0] === last && typeof last === "function" ? undefined : args[0];
      const caller = lease.isOver(socket) ? undefined : (socket.data.caller as Caller);
      execute({ name, input, caller, requestId: randomUUID(), connection })
        .then((ack) => {
          if (!ack.ok && ack.error.code === "rate_limited") brake(socket);
          answer(ack);
        })
        .catch((error: unknown) => log.error({ err: error, command: name }, "answer could not be sent"));
    });
    const limits = { packetBytes: MAX_PACKET_BYTES, pullEvents: 500, resumeEvents: RESUME_LIMIT };
    socket.emit("hello", { serverVersion: version, instance, limits });
  });

  const sendHead = ({ stream, epoch, seq }: StreamHead): void => {
    broadcast.flush(stream);
    if (io.sockets.adapter.rooms.has(stream)) io.local.to(stream).emit("head", { stream, epoch, seq });
  };
  const beacon = setInterval(() => feed.positions().forEach(sendHead), options.headEveryMs);
  const stopWatching = watchSlowSockets(io, log, metrics);

  return {
    io,

    count: (): number => io.sockets.sockets.size,

    /** Everything that the feed delivers passes here once, in order. */
    deliver(delivery: Delivery): void {
      broadcast.add(delivery);
      rooms.noticed(delivery);
      for (const event of delivery.events) {
        const ended = endedBy(delivery.stream, event);
        if (ended !== undefined) lease.end(ended);
        if (event.type === "profile.updated" && streamKind(delivery.stream) === "user") {
          presence.renamed((event.data as EventData<"profile.updated">).user);
        }
        if (event.type !== "key.rotated") continue;
        const { key } = event.data as EventData<"key.rotated">;
        for (const socket of lease.of(key.id)) void admitAgain(socket);
      }
    },

    /** Another epoch: clients see it, drop what they hold, and subscribe anew. */
    epochChanged: sendHead,

    /** Admits nobody from now on, and says so to all by and by: they are not to come to the others at once. */
    async announceDrain({ retryAfterMs, overMs }: { retryAfterMs: number; overMs: number }): Promise<void> {
      draining = true;
      const sockets = [...io.of("/").sockets.values()];
      await inBatches(sockets, { batches: BATCHES, overMs }, (socket) => socket.emit("draining", { retryAfterMs }));
    },

    /** Tells the other instances, while they can be reached, that the people here are gone. */
    endPresence: presence.stop,

    /** Closes all sockets so that clients reconnect elsewhere, in batches so that they do not all come at once. */
    async close(): Promise<void> {
      clearInterval(beacon);
      stopWatching();
      const ended = new Promise((resolve) => httpServer.close(resolve));
      const connections = Object.values(clientsOf(io));
      const sockets = [...io.of("/").sockets.values()];
      const batches = Math.min(BATCHES, Math.ceil(sockets.length / CLOSE_AT_ONCE));
      const overMs = (CLOSE_OVER_MS * batches) / BATCHES;
      await inBatches(sockets, { batches, overMs }, (socket) => socket.conn.close());
      await Promise.race([ended, sleep(CLOSE_PATIENCE_MS)]);
      for (const connection of connections) cutOff(connection);
      httpServer.closeAllConnections();
      await io.close();
    },
  };
}
