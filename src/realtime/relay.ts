import { createShardedAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import type { Server } from "socket.io";
import type { CommittedEvent } from "../kernel/event-log.ts";
import type { Logger } from "../kernel/log.ts";
import type { Metrics } from "../kernel/metrics.ts";

/**
 * Carries committed events to the other instances through the Socket.IO Redis adapter, once per turn. It may lose
 * them without a sign (while Redis is down, or a subscriber reconnects later than a publisher): the feed heals.
 */
export type Relay = { send(committed: CommittedEvent[]): void; isUp(): boolean; close(): void };

const MESSAGE = "rhythm:committed";
/** A Redis that does not answer for this long is away. */
const SILENCE_MS = 3000;

type Options = {
  io: Server;
  url: string;
  log: Logger;
  metrics: Metrics;
  receive: (committed: CommittedEvent[]) => void;
};

export function openRelay({ io, url, log, metrics, receive }: Options): Relay {
  const options = { retryStrategy: (attempt: number) => Math.min(100 * attempt, 1000), keepAlive: 10_000 };
  // No queue while Redis is away or silent: what cannot be sent now is read from Postgres.
  const publisher = new Redis(url, {
    ...options,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    socketTimeout: SILENCE_MS,
  });
  const subscriber = new Redis(url, { ...options, maxRetriesPerRequest: null });
  // The adapter leaves these promises alone, and closing while Redis is away rejects them.
  for (const name of ["ssubscribe", "sunsubscribe"] as const) {
    const send = subscriber[name].bind(subscriber);
    Object.assign(subscriber, { [name]: (channel: string) => send(channel).catch(() => undefined) });
  }
  let told = "";
  for (const client of [publisher, subscriber]) {
    client.on("error", (error: Error) => {
      if (told !== error.message) log.warn({ err: error }, "Redis is away; events go through Postgres");
      told = error.message;
    });
    client.on("ready", () => {
      told = "";
    });
  }
  io.adapter(createShardedAdapter(publisher, subscriber, { subscriptionMode: "static", channelPrefix: "rhythm" }));
  io.on(MESSAGE, (committed: CommittedEvent[]) => {
    metrics.relayMessages.inc({ direction: "received" });
    try {
      receive(committed);
    } catch (error) {
      log.warn({ err: error }, "a message of another instance could not be read");
    }
  });

  let waiting: CommittedEvent[] = [];
  const flush = (): void => {
    if (waiting.length === 0) return;
    metrics.relayMessages.inc({ direction: publisher.status === "ready" ? "sent" : "dropped" });
    io.serverSideEmit(MESSAGE, waiting);
    waiting = [];
  };
  return {
    send(committed) {
      if (waiting.length === 0) setImmediate(flush);
      waiting = waiting.concat(committed);
    },
    isUp: () => publisher.status === "ready" && subscriber.status === "ready",
    close() {
      flush();
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}
