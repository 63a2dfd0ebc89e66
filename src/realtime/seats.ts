import type { Socket } from "socket.io";
import type { Caller } from "../kernel/context.ts";
import { AppError } from "../kernel/errors.ts";

const RETRY_MS = 5000;

/** How many sockets each user or API key has here; `most` at once, 0 for any number. */
export function createSeats(most: number) {
  const taken = new Map<string, number>();

  return {
    /** For as long as the socket is open. Throws `rate_limited`. */
    take(socket: Socket, { actor, grant }: Caller): void {
      const key = grant?.keyId ?? actor.id;
      const before = taken.get(key) ?? 0;
      if (most > 0 && before >= most) {
        throw new AppError("rate_limited", `${most} sockets are open already; close one`, { retryAfterMs: RETRY_MS });
      }
      taken.set(key, before + 1);
      const { conn } = socket;
      const leave = (): void => {
        socket.off("disconnect", leave);
        conn.off("close", leave);
        const left = (taken.get(key) ?? 1) - 1;
        if (left > 0) taken.set(key, left);
        else taken.delete(key);
      };
      // Whoever goes away during the handshake never becomes a socket that disconnects.
      socket.once("disconnect", leave);
      conn.once("close", leave);
      if (conn.readyState !== "open") leave();
    },
  };
}
