/**
 * Who is where, told to the rooms of projects: never numbered, never stored.
 * - What a socket says lives for TTL_MS, and ends when the socket leaves the room or closes.
 * - A room hears the whole list: when it changed, at most once in PUSH_EVERY_MS, and again every `repeatMs`.
 * - Each instance tells the others the list of its own sockets in the same rhythm. Lists carry a number, so that one
 *   which comes late is dropped, and are forgotten when they are not repeated: whatever is lost, the next one repairs.
 */
import type { Server, Socket } from "socket.io";
import { z } from "zod";
import { PresentUser, type UserRef } from "../../protocol/index.ts";
import { findDisplayName } from "../features/presence/repository.ts";
import type { Whereabouts } from "../kernel/context.ts";
import type { Db } from "../kernel/db.ts";

const TTL_MS = 30_000;
const PUSH_EVERY_MS = 1000;
const MAX_USERS = 100;
const MESSAGE = "rhythm:present";

/** `at`: when, in ms since 1970. */
const Said = PresentUser.extend({ at: z.number() });
type Said = z.infer<typeof Said>;
/** What one instance tells the others. */
const Told = z.object({
  instance: z.string(),
  number: z.int(),
  stream: z.string(),
  project: z.string(),
  users: z.array(Said).max(MAX_USERS),
});

/** The people of one project. */
type Gathering = {
  project: string;
  own: Map<Socket, Said>;
  others: Map<string, { number: number; heardAt: number; users: Said[] }>;
  toOthers: LastTold;
  toRoom: LastTold;
  timer: NodeJS.Timeout | undefined;
};
/** A list as JSON, and when it was told last. */
type LastTold = { list: string; at: number };
type Speaker = { name: Promise<string>; streams: Set<string> };

type Options = {
  io: Server;
  db: Db;
  instance: string;
  /** There may be other instances, to be reached by `serverSideEmit`. */
  shared: boolean;
  now: () => Date;
  repeatMs: number;
};

const NOBODY = "[]";
const never = (): LastTold => ({ list: NOBODY, at: Number.NEGATIVE_INFINITY });

/** Everyone once, by what they said last, in an order that all instances agree on. */
function listUsers(said: Said[]): Said[] {
  const latest = new Map<string, Said>();
  for (const one of said) if ((latest.get(one.userId)?.at ?? 0) <= one.at) latest.set(one.userId, one);
  return [...latest.values()].sort((a, b) => (a.userId < b.userId ? -1 : 1)).slice(0, MAX_USERS);
}

const withoutTime = (users: Said[]): PresentUser[] => users.map(({ at: _, ...user }) => user);

export function createPresence({ io, db, instance, shared, now, repeatMs }: Options) {
  const gatherings = new Map<string, Gathering>();
  const speakers = new Map<Socket, Speaker>();
  let number = 0;

  function gatheringOf(stream: string, project: string): Gathering {
    const gathering: Gathering = gatherings.get(stream) ?? {
      project,
      own: new Map(),
      others: new Map(),
      toOthers: never(),
      toRoom: never(),
      timer: undefined,
    };
    gatherings.set(stream, gathering);
    // It may have been renamed.
    return Object.assign(gathering, { project });
  }

  const everyone = ({ own, others }: Gathering): PresentUser[] =>
    withoutTime(listUsers([...own.values(), ...[...others.values()].flatMap(({ users }) => users)]));

  const isDue = (told: LastTold): boolean => performance.now() - told.at >= repeatMs;

  /** Whether the list must be told, and notes it as told: it changed, or those in it are to be repeated. */
  function mustTell(told: LastTold, users: PresentUser[]): boolean {
    const list = JSON.stringify(users);
    if (list === told.list && (users.length === 0 || !isDue(told))) return false;
    Object.assign(told, { list, at: performance.now() });
    return true;
  }

  function tellOthers(stream: string, { project, own, toOthers }: Gathering): void {
    if (!shared) return;
    const users = listUsers([...own.values()]);
    if (!mustTell(toOthers, withoutTime(users))) return;
    number += 1;
    io.serverSideEmit(MESSAGE, { instance, number, stream, project, users } satisfies z.infer<typeof Told>);
  }

  function tell(stream: string, gathering: Gathering): void {
    gathering.timer = undefined;
    tellOthers(stream, gathering);
    const users = everyone(gathering);
    if (!mustTell(gathering.toRoom, users) || !io.sockets.adapter.rooms.has(stream)) return;
    io.local.to(stream).emit("presence", { project: gathering.project, users });
  }

  function changed(stream: string, gathering: Gathering): void {
    const last = Math.max(gathering.toRoom.at, gathering.toOthers.at);
    const wait = Math.max(0, last + PUSH_EVERY_MS - performance.now());
    gathering.timer ??= setTimeout(() => tell(stream, gathering), wait);
  }

  /** Deletes what was said before `oldest`. */
  function forget({ own, others }: Gathering, oldest: number): boolean {
    const before = own.size + others.size;
    for (const [socket, { at }] of own) if (at < oldest) own.delete(socket);
    for (const [sender, { heardAt }] of others) if (heardAt < oldest) others.delete(sender);
    return own.size + others.size < before;
  }

  function sweep(): void {
    for (const [stream, gathering] of gatherings) {
      const { own, others, toOthers, toRoom } = gathering;
      const isOver = own.size + others.size === 0 && toRoom.list === NOBODY && toOthers.list === NOBODY;
      const repeats = isDue(toRoom) || (shared && own.size > 0 && isDue(toOthers));
      if (isOver && !gathering.timer) gatherings.delete(stream);
      else if (forget(gathering, now().getTime() - TTL_MS) || repeats) changed(stream, gathering);
    }
  }

  function hear(message: unknown): void {
    const told = Told.safeParse(message).data;
    if (!told) return;
    const { stream, users } = told;
    const gathering = gatheringOf(stream, told.project);
    if ((gathering.others.get(told.instance)?.number ?? 0) >= told.number) return;
    gathering.others.set(told.instance, { number: told.number, heardAt: now().getTime(), users });
    changed(stream, gathering);
  }

  /** The name is looked up when a socket first speaks. */
  function speakerOf(socket: Socket, userId: string): Speaker {
    const known = speakers.get(socket);
    if (known) return known;
    const name = findDisplayName(db, userId).then((found) => found ?? "");
    const speaker: Speaker = { name, streams: new Set() };
    speakers.set(socket, speaker);
    name.catch(() => speakers.delete(socket));
    return speaker;
  }

  function leave(socket: Socket, stream: string): void {
    speakers.get(socket)?.streams.delete(stream);
    const gathering = gatherings.get(stream);
    if (gathering?.own.delete(socket)) changed(stream, gathering);
  }

  if (shared) io.on(MESSAGE, hear);
  const timer = setInterval(sweep, PUSH_EVERY_MS);

  return {
    async present(socket: Socket, { stream, project, ...seen }: Whereabouts): Promise<void> {
      const userId: string = socket.data.caller.actor.id;
      const speaker = speakerOf(socket, userId);
      const name = await speaker.name;
      if (!socket.connected) return;
      speaker.streams.add(stream);
      const gathering = gatheringOf(stream, project);
      gathering.own.set(socket, { userId, name, ...seen, at: now().getTime() });
      changed(stream, gathering);
    },

    leave,

    /** What this person says from now on is said by the new name. */
    renamed({ id, displayName }: Pick<UserRef, "id" | "displayName">): void {
      for (const [socket, speaker] of speakers) {
        if (socket.data.caller.actor.id === id) speaker.name = Promise.resolve(displayName);
      }
    },

    /** Shows a socket that has just joined a room who is there, after the answer to its command. */
    greet(socket: Socket, stream: string): void {
      setImmediate(() => {
        const gathering = gatherings.get(stream);
        const users = gathering ? everyone(gathering) : [];
        if (gathering && users.length > 0) socket.emit("presence", { project: gathering.project, users });
      });
    },

    closed(socket: Socket): void {
      for (const stream of [...(speakers.get(socket)?.streams ?? [])]) leave(socket, stream);
      speakers.delete(socket);
    },

    /** The people here are gone: the other instances need not wait until they forget them. */
    stop(): void {
      clearInterval(timer);
      for (const [stream, gathering] of gatherings) {
        clearTimeout(gathering.timer);
        gathering.own.clear();
        tellOthers(stream, gathering);
      }
      gatherings.clear();
    },
  };
}
