import { io, type Socket } from "socket.io-client";
import type { Ack, ClientInput, CommandName, Output, WireError, WireEvent } from "../../protocol/index.ts";

type Batch = { stream: string; epoch: string; events: WireEvent[] };
export type Heard = WireEvent & { stream: string; epoch: string };

/** A signed-in socket that remembers all that it was sent. */
export type Client = {
  socket: Socket;
  userId: string;
  token: string;
  /** Every event of every `events` packet, in order of arrival. */
  heard: Heard[];
  /** Other pushes, in order of arrival. */
  pushes: { name: string; data: Record<string, unknown> }[];
  call<N extends CommandName>(name: N, input: ClientInput<N>): Promise<Ack<N>>;
  /** The data of a success; fails with the error of a refusal. */
  ok<N extends CommandName>(name: N, input: ClientInput<N>): Promise<Output<N>>;
  /** The error of a refusal; fails on success. */
  refused<N extends CommandName>(name: N, input: ClientInput<N>): Promise<WireError>;
  /** Sends whatever, typed or not. */
  send(name: string, ...args: unknown[]): Promise<Ack>;
  /** The first event of this type that matches, heard already or yet to come. */
  next(type: string, match?: (event: Heard) => boolean): Promise<Heard>;
  /** Like `next`, for the other pushes. */
  nextPush(name: string, match?: (data: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  /** Resolves when an event with this seq of the stream was heard. */
  caughtUp(stream: string, seq: number): Promise<void>;
  close(): void;
};

const PATIENCE_MS = 10_000;

export async function connect(
  url: string,
  user: { userId: string; token: string },
  options: object = {},
): Promise<Client> {
  const socket = io(url, {
    transports: ["websocket"],
    auth: { token: user.token },
    forceNew: true,
    reconnection: false,
    ...options,
  });
  const heard: Heard[] = [];
  const pushes: Client["pushes"] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of [...waiting]) look();
  };
  socket.on("events", ({ stream, epoch, events }: Batch) => {
    for (const event of events) heard.push({ ...event, stream, epoch });
    wake();
  });
  socket.onAny((name: string, data: Record<string, unknown>) => {
    if (name !== "events") pushes.push({ name, data });
    wake();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("connect_error", reject);
  });

  const until = <T>(what: string, look: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const done = (finish: () => void) => {
        clearTimeout(timer);
        waiting.delete(check);
        finish();
      };
      const timer = setTimeout(
        () =>
          done(() =>
            reject(new Error(`waited ${PATIENCE_MS} ms for ${what}; heard ${JSON.stringify(heard).slice(-1500)}`)),
          ),
        PATIENCE_MS,
      );
      const check = () => {
        const found = look();
        if (found !== undefined) done(() => resolve(found));
      };
      waiting.add(check);
      check();
    });

  const call = <N extends CommandName>(name: N, input: ClientInput<N>): Promise<Ack<N>> =>
    socket.timeout(PATIENCE_MS).emitWithAck(name, input);
  return {
    ...user,
    socket,
    heard,
    pushes,
    call,
    async ok(name, input) {
      const ack = await call(name, input);
      if (!ack.ok) throw new Error(`${name} was refused: ${JSON.stringify(ack.error)}`);
      return ack.data;
    },
    async refused(name, input) {
      const ack = await call(name, input);
      if (ack.ok) throw new Error(`${name} succeeded: ${JSON.stringify(ack.data)}`);
      return ack.error;
    },
    send: (name, ...args) => socket.timeout(PATIENCE_MS).emitWithAck(name, ...args),
    next: (type, match = () => true) => until(type, () => heard.find((event) => event.type === type && match(event))),
    nextPush: (name, match = () => true) =>
      until(name, () => pushes.find((push) => push.name === name && match(push.data))?.data),
    caughtUp: async (stream, seq) => {
      await until(`${stream} ${seq}`, () => heard.find((event) => event.stream === stream && event.seq >= seq));
    },
    close: () => socket.close(),
  };
}
