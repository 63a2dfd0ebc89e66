import type { Server, Socket } from "socket.io";
import { z } from "zod";
import type { Logger } from "../kernel/log.ts";
import type { Metrics } from "../kernel/metrics.ts";

/** Most bytes of pushes that may wait for one socket; more answers than pushes may wait, since they were asked for. */
const MAX_PUSH_BYTES = 1024 * 1024;
const MAX_BYTES = 4 * MAX_PUSH_BYTES;
const MAX_UNDRAINED_MS = 10_000;
const CHECK_MS = 250;

/** What the types of Engine.IO leave out. */
type Connection = {
  writeBuffer: { data?: unknown }[];
  transport: { writable: boolean; socket: { bufferedAmount: number; terminate(): void } };
};
const Shape = z.object({
  writeBuffer: z.custom<unknown[]>(Array.isArray),
  transport: z.object({
    writable: z.boolean(),
    socket: z.object({ bufferedAmount: z.number(), terminate: z.custom((value) => typeof value === "function") }),
  }),
});
/** A look at the object itself: a parsed copy could not be acted on. */
const isConnection = (value: unknown): value is Connection => Shape.safeParse(value).success;

/** Socket.IO's packet type of an acknowledgement is 3. */
const isAnswer = (data: unknown): boolean => typeof data === "string" && data.startsWith("3");

/** Bytes that wait: Engine.IO's packets, and what the WebSocket has that the system did not take. */
function measure(connection: Connection): { pushes: number; all: number; drained: boolean } {
  let pushes = 0;
  let all = connection.transport.socket.bufferedAmount;
  for (const { data } of connection.writeBuffer) {
    const size = typeof data === "string" ? data.length : 0;
    all += size;
    if (!isAnswer(data)) pushes += size;
  }
  return { pushes, all, drained: connection.transport.writable && all === 0 };
}

/** Closes a connection of Engine.IO at once; a polite close would wait for its buffer to drain. */
export function cutOff(connection: unknown): void {
  if (isConnection(connection)) connection.transport.socket.terminate();
}

/** Closes sockets that do not take what is sent to them: the client comes back and resumes by seq. */
export function watchSlowSockets(io: Server, log: Logger, metrics: Metrics): () => void {
  const stuckSince = new WeakMap<Socket, number>();
  const timer = setInterval(() => {
    const now = performance.now();
    for (const socket of io.of("/").sockets.values()) {
      // A plain property read first: almost every socket is idle at almost every check.
      if (socket.conn.transport.writable) {
        stuckSince.delete(socket);
        continue;
      }
      const connection: unknown = socket.conn;
      if (!isConnection(connection)) continue;
      const { pushes, all, drained } = measure(connection);
      const since = stuckSince.get(socket) ?? now;
      if (!drained) stuckSince.set(socket, since);
      if (pushes <= MAX_PUSH_BYTES && all <= MAX_BYTES && now - since <= MAX_UNDRAINED_MS) continue;
      metrics.slowClosed.inc();
      log.warn({ user: socket.data.caller?.actor.id, bytes: all, ms: now - since }, "slow socket closed");
      cutOff(connection);
    }
  }, CHECK_MS);
  return () => clearInterval(timer);
}
