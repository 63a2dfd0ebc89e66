import type { Socket } from "socket.io";
import type { Caller } from "../kernel/context.ts";
import { orgStream, userStream } from "../kernel/event-log.ts";

/** How long before the end of a token its socket is told; of a shorter one at half of what is left. */
const WARN_BEFORE_MS = 60_000;
/** setTimeout takes no more. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** What ends a caller when it ends: the session or key, the user, and the organization that a bot belongs to. */
const groupsOf = ({ actor, sessionId, grant }: Caller): string[] => [
  userStream(actor.id),
  ...(sessionId === null ? [] : [sessionId]),
  ...(grant?.keyId ? [grant.keyId] : []),
  ...(grant?.orgId ? [orgStream(grant.orgId)] : []),
];

/** How long each socket may stay: until its token ends, is renewed, or its session or key is revoked. */
export function createLease(now: () => Date) {
  const running = new WeakMap<Socket, { timers: NodeJS.Timeout[]; groups: string[] }>();
  const members = new Map<string, Set<Socket>>();
  const ended = new WeakSet<Socket>();

  const callerOf = (socket: Socket): Caller => socket.data.caller;
  const remaining = (socket: Socket): number => callerOf(socket).expiresAtMs - now().getTime();

  function stop(socket: Socket): void {
    const { timers = [], groups = [] } = running.get(socket) ?? {};
    for (const timer of timers) clearTimeout(timer);
    running.delete(socket);
    for (const group of groups) {
      const sockets = members.get(group);
      if (sockets?.delete(socket) && sockets.size === 0) members.delete(group);
    }
  }

  return {
    stop,

    start(socket: Socket): void {
      stop(socket);
      const groups = groupsOf(callerOf(socket));
      for (const group of groups) members.set(group, (members.get(group) ?? new Set()).add(socket));
      const inMs = remaining(socket);
      const timers: NodeJS.Timeout[] = [];
      running.set(socket, { timers, groups });
      if (inMs > MAX_TIMEOUT_MS) {
        timers.push(setTimeout(() => this.start(socket), MAX_TIMEOUT_MS - WARN_BEFORE_MS));
        return;
      }
      const warn = () => socket.emit("auth.expiring", { inMs: remaining(socket) });
      timers.push(setTimeout(warn, Math.max(inMs / 2, inMs - WARN_BEFORE_MS)));
      // The client learns "io server disconnect" and comes back only with a new token.
      timers.push(setTimeout(() => socket.disconnect(true), inMs));
    },

    isOver: (socket: Socket): boolean => ended.has(socket) || remaining(socket) <= 0,

    /** The sockets of a session or key, of a user by its stream, or of the bots of an organization by its stream. */
    of: (group: string): Socket[] => [...(members.get(group) ?? [])],

    /** Closes these; the one that asked for it gets its answer. */
    end(group: string): void {
      for (const socket of this.of(group)) {
        ended.add(socket);
        setImmediate(() => socket.disconnect(true));
      }
    },
  };
}
