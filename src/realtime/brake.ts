import type { Socket } from "socket.io";
import { z } from "zod";
import type { Metrics } from "../kernel/metrics.ts";

/** So many refusals are answered at once; then the socket is not read for a while, and its sender has to wait. */
const PATIENCE = 100;
const PAUSE_MS = 1000;

type Readable = { pause(): void; resume(): void };
const isFunction = z.custom((value) => typeof value === "function");
const Shape = z.object({ transport: z.object({ socket: z.object({ pause: isFunction, resume: isFunction }) }) });

/** The WebSocket below, which the types of Engine.IO leave out. */
function webSocketOf(connection: unknown): Readable | undefined {
  if (!Shape.safeParse(connection).success) return undefined;
  return (connection as { transport: { socket: Readable } }).transport.socket;
}

/** Holds up sockets that go on sending what is refused as too fast: to refuse it costs others time too. */
export function createBrake(metrics: Metrics): (socket: Socket) => void {
  const refused = new WeakMap<Socket, number>();
  return (socket) => {
    const count = (refused.get(socket) ?? 0) + 1;
    refused.set(socket, count);
    if (count !== PATIENCE) return;
    const webSocket = webSocketOf(socket.conn);
    webSocket?.pause();
    metrics.socketsPaused.inc();
    setTimeout(() => {
      refused.delete(socket);
      webSocket?.resume();
    }, PAUSE_MS);
  };
}
