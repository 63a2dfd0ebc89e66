/**
 * One socket that comes back. It reconnects by itself, not by Socket.IO's own way, since a handshake may need another
 * token first and the server says when to return. `transmit` never waits for a connection and never sends twice.
 */
import { io } from "socket.io-client";
import type { Ack, WireError } from "../../protocol/index.ts";
import type { Credentials } from "./credentials.ts";
import { CommandError, givenUp } from "./errors.ts";
import { backoff } from "./waiting.ts";

export type Timing = {
  /** Without an answer for so long, a command is sent again. */
  ackTimeoutMs: number;
  connectTimeoutMs: number;
  reconnectMinMs: number;
  reconnectMaxMs: number;
};

type Options = Timing & {
  url: string;
  credentials: Credentials;
  opened(): void;
  lost(): void;
  pushed(name: string, data: unknown): void;
  /** It will not come back: the server does not let us in. */
  failed(error: WireError): void;
};

export type Connection = ReturnType<typeof createConnection>;

const DEFAULT_PACKET_BYTES = 64 * 1024;
/** Coming back would not help. */
const isFinal = ({ code }: WireError): boolean => code === "unauthenticated" || code === "forbidden";
/** Another token may be let in: those that come with bad ones too often are told no more than that. */
const isOfToken = ({ code }: WireError): boolean => code === "unauthenticated" || code === "rate_limited";

export function createConnection(options: Options) {
  const { credentials, ackTimeoutMs, connectTimeoutMs, reconnectMinMs, reconnectMaxMs } = options;
  const socket = io(options.url, {
    transports: ["websocket"],
    forceNew: true,
    autoConnect: false,
    reconnection: false,
    timeout: connectTimeoutMs,
  });
  let closed = false;
  let draining = false;
  let attempts = 0;
  let renewed = false;
  let heardAt = 0;
  let packetBytes = DEFAULT_PACKET_BYTES;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let renewal: ReturnType<typeof setTimeout> | undefined;

  function plan(work: () => void, ms: number): void {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(work, ms);
  }
  function comeBack(ms?: number): void {
    plan(() => void begin(), ms ?? backoff(attempts, { minMs: reconnectMinMs, maxMs: reconnectMaxMs }));
    attempts += 1;
  }
  function refused(error: WireError): void {
    if (isOfToken(error) && !renewed && credentials.expire()) {
      renewed = true;
      comeBack(0);
    } else if (isFinal(error)) {
      close();
      options.failed(error);
    } else comeBack(error.retryAfterMs);
  }
  async function begin(): Promise<void> {
    try {
      const token = await credentials.current();
      if (closed) return;
      socket.auth = { token };
      // The answer to the handshake may be lost, and nobody else would notice.
      plan(reopen, connectTimeoutMs);
      socket.connect();
    } catch (error) {
      // It was the way to a new token that said no.
      renewed = true;
      refused(error instanceof CommandError ? error : givenUp("network"));
    }
  }
  function reopen(): void {
    const wasOpen = socket.connected;
    socket.disconnect();
    if (!wasOpen) comeBack();
  }
  function close(): void {
    closed = true;
    clearTimeout(timer);
    clearTimeout(renewal);
    socket.disconnect();
  }

  /** Shows a fresh token. When that fails until the end of the old one, the server disconnects, and we come back. */
  async function renew(): Promise<boolean> {
    if (!credentials.expire()) return false;
    const token = await credentials.current().catch(() => undefined);
    if (token === undefined || !socket.connected) return false;
    const ack: Ack | undefined = await socket
      .timeout(ackTimeoutMs)
      .emitWithAck("session.renew", { token })
      .catch(() => undefined);
    return ack?.ok ?? false;
  }

  /** Not at once: a token may be so short that its warning comes with it, and many clients may be warned together. */
  function renewWithin(ms: number): void {
    const startedAt = performance.now();
    clearTimeout(renewal);
    renewal = setTimeout(
      async () => {
        const left = ms - (performance.now() - startedAt);
        if (!(await renew()) && socket.connected && left > reconnectMinMs) renewWithin(left);
      },
      ms * (0.25 + Math.random() / 4),
    );
  }

  socket.on("connect", () => {
    clearTimeout(timer);
    [attempts, renewed, draining] = [0, false, false];
    options.opened();
  });
  socket.on("connect_error", (error: Error & { data?: WireError }) => {
    if (error.data?.code) refused(error.data);
    else comeBack();
  });
  socket.on("disconnect", (reason) => {
    clearTimeout(renewal);
    options.lost();
    // The server ends a connection when its token or session has ended.
    if (reason === "io server disconnect") credentials.expire();
    comeBack();
  });
  const notice = (): void => {
    heardAt = performance.now();
  };
  socket.io.on("ping", notice);
  socket.onAny((name: string, data: unknown) => {
    notice();
    options.pushed(name, data);
  });
  socket.on("hello", ({ limits }: { limits: { packetBytes: number } }) => {
    packetBytes = limits.packetBytes;
  });
  socket.on("auth.expiring", ({ inMs }: { inMs: number }) => renewWithin(inMs));
  socket.on("draining", ({ retryAfterMs }: { retryAfterMs: number }) => {
    draining = true;
    options.lost();
    plan(reopen, retryAfterMs * (1 + Math.random()));
  });

  return {
    begin: () => void begin(),
    close,
    renew,
    /** Commands go through now. */
    isOpen: () => socket.connected && !draining,
    /** The server cuts a connection that sends more at once. */
    fits: (name: string, json: string) => new TextEncoder().encode(json).length + name.length + 32 <= packetBytes,

    /** Sends once; undefined when no answer came. */
    async transmit(name: string, input: object): Promise<Ack | undefined> {
      if (!socket.connected) return undefined;
      try {
        const ack: Ack = await socket.timeout(ackTimeoutMs).emitWithAck(name, input);
        notice();
        return ack;
      } catch {
        // Silence in half of that time: the line is dead, though nobody told us. What came right after the command was
        // sent says nothing of now.
        if (socket.connected && performance.now() - heardAt > ackTimeoutMs / 2) reopen();
        return undefined;
      }
    },
  };
}
