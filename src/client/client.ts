import type { Ack, pushes, WireEvent } from "../../protocol/index.ts";
import { type CallByName, type CommandFunctions, isMutation, type Send, toFunctions } from "./commands.ts";
import { createConnection, type Timing } from "./connection.ts";
import { createCredentials, type SignIn } from "./credentials.ts";
import { CommandError, givenUp } from "./errors.ts";
import { createObservable, type Observable, tell } from "./observable.ts";
import { createOutbox } from "./outbox.ts";
import { createStreams, type Listener, type Position, type StreamSubscription, type Target } from "./streams.ts";

export type ConnectOptions = SignIn &
  Partial<Timing> & {
    /** Most mutations that may wait; more are refused with `unavailable`. */
    maxQueued?: number;
    /** How long a query is tried. */
    queryPatienceMs?: number;
  };

export type ClientState = {
  /** live: connected, and every stream up to date. closed: by you, or the server does not let you in (`error`). */
  status: "live" | "catchingUp" | "offline" | "closed";
  /** Mutations that have no answer yet. */
  queued: number;
  error?: CommandError;
};

type Push = typeof pushes;
/** What a push carries, by its name. */
export type PushData<N extends keyof Push> = ReturnType<Push[N]["data"]["parse"]>;

export type Client = CommandFunctions & {
  readonly state: Observable<ClientState>;
  /** The data of a success; a refusal is thrown as CommandError. */
  call: CallByName;
  /** The whole answer, with `stream` and `seq`; never throws. */
  send: Send;
  subscribe(target: Target, listener: Listener): StreamSubscription;
  /** Hears how many mutations wait, each time that it changes. */
  onQueue(listener: (queued: number) => void): () => void;
  /** Hears other pushes, as `presence`. */
  onPush<N extends keyof Push>(name: N, listener: (data: PushData<N>) => void): () => void;
  /** Ends the connection; what has no answer yet is refused with `unavailable`. */
  close(): void;
};

const defaults = {
  ackTimeoutMs: 10_000,
  connectTimeoutMs: 10_000,
  reconnectMinMs: 250,
  reconnectMaxMs: 10_000,
  maxQueued: 1000,
  queryPatienceMs: 60_000,
};

/** Connects, and stays so until `close`. Commands may be sent at once: they wait for the connection. */
export function connect(url: string, options: ConnectOptions): Client {
  const settings = { ...defaults, ...options };
  const credentials = createCredentials(url, options);
  const state = createObservable<ClientState>({ status: "offline", queued: 0 });
  const queue = createObservable(0);
  const listeners = new Map<string, Set<(data: never) => void>>();
  let ended: CommandError | undefined;
  let isClosed = false;

  function show(): void {
    const status = isClosed ? "closed" : !connection.isOpen() ? "offline" : streams.isBehind() ? "catchingUp" : "live";
    const queued = outbox.queued();
    const before = state.current;
    if (before.status !== status || before.queued !== queued)
      state.set({ status, queued, ...(ended && { error: ended }) });
  }

  const connection = createConnection({
    ...settings,
    url,
    credentials,
    opened() {
      outbox.wake();
      streams.opened();
      show();
    },
    lost() {
      streams.lost();
      show();
    },
    pushed(name, data) {
      if (name === "events") streams.heard(data as { stream: string; epoch: string; events: WireEvent[] });
      else if (name === "head") streams.stoodAt(data as { stream: string } & Position);
      else if (name === "access.revoked") streams.revoked(data as { stream: string });
      for (const listener of listeners.get(name) ?? []) tell(() => listener(data as never));
    },
    failed(error) {
      ended = new CommandError(error);
      close();
    },
  });
  const outbox = createOutbox({
    ...settings,
    ...connection,
    queueChanged(queued) {
      queue.set(queued);
      show();
    },
  });
  const streams = createStreams({
    isOpen: connection.isOpen,
    query: (name, input) => outbox.query(name, input, Number.POSITIVE_INFINITY),
    changed: show,
  });

  function close(): void {
    if (isClosed) return;
    isClosed = true;
    outbox.close();
    connection.close();
    streams.close(ended ?? new CommandError(givenUp("closed")));
    show();
  }
  const send: Send = async (name, input) => {
    const ack = await (isMutation(name) ? outbox.mutate(name, input) : outbox.query(name, input));
    return ack as Ack<typeof name>;
  };
  const call: CallByName = async (name, input) => {
    const ack = await send(name, input);
    if (!ack.ok) throw new CommandError(ack.error, ack.requestId);
    return ack.data;
  };

  connection.begin();
  return {
    ...toFunctions(call),
    state,
    call,
    send,
    subscribe: streams.subscribe,
    onQueue: queue.subscribe,
    onPush(name, listener) {
      const heard = listeners.get(name) ?? new Set();
      listeners.set(name, heard.add(listener));
      return () => void heard.delete(listener);
    },
    close,
  };
}
