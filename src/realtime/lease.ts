import type { Socket } from "socket.io";
import type { Caller } from "../kernel/context.ts";

/** How long before the end of a token its socket is told. */
const WARN_BEFORE_MS = 60_000;
/** setTimeout takes no more. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** How long each socket may stay: until its token ends, is renewed, or its session is revoked. */
export function createLease(now: () => Date) {
  const running = new WeakMap<Socket, { timers: NodeJS.Timeout[]; sessionId: string | null }>();
  const sessions = new Map<string, Set<Socket>>();

  const callerOf = (socket: Socket): Caller => socket.data.caller;
  const remaining = (socket: Socket): number => callerOf(socket).expiresAtMs - now().getTime();

  function stop(socket: Socket): void {
    const { timers = [], sessionId = null } = running.get(socket) ?? {};
    for (const timer of timers) clearTimeout(timer);
    running.delete(socket);
    const sockets = sessionId === null ? undefined : sessions.get(sessionId);
    if (sessionId !== null && sockets?.delete(socket) && sockets.size === 0) sessions.delete(sessionId);
  }

  return {
    stop,

    start(socket: Socket): void {
      stop(socket);
      const { sessionId } = callerOf(socket);
      if (sessionId) sessions.set(sessionId, (sessions.get(sessionId) ?? new Set()).add(socket));
      const inMs = remaining(socket);
      const timers: NodeJS.Timeout[] = [];
      running.set(socket, { timers, sessionId });
      if (inMs > MAX_TIMEOUT_MS) return;
      const warn = () => socket.emit("auth.expiring", { inMs: remaining(socket) });
      timers.push(setTimeout(warn, Math.max(0, inMs - WARN_BEFORE_MS)));
      // The client learns "io server disconnect" and comes back only with a new token.
      timers.push(setTimeout(() => socket.disconnect(true), inMs));
    },

    isOver: (socket: Socket): boolean => remaining(socket) <= 0,

    /** Closes the sockets of a session. */
    end(sessionId: string): void {
      for (const socket of [...(sessions.get(sessionId) ?? [])]) socket.disconnect(true);
    },
  };
}
