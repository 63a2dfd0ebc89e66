import { createShardedAdapter } from "@socket.io/redis-adapter";
import { Redis } from "ioredis";
import type { Server } from "socket.io";
import type { CommittedEvent } from "../kernel/event-log.ts";
import type { Logger } from "../kernel/log.ts";

/**
 * Carries committed events to the other instances through the Socket.IO Redis adapter, once per turn. It may lose
 * them without a sign (while Redis is down, or a subscriber reconnects later than a publisher): the feed heals.
 */
export type Relay = { send(committed: CommittedEvent[]): void; status(): "ok" | "degraded"; close(): void };

const MESSAGE = "rhythm:committed";

export function openRelay(io: Server, url: string, log: Logger, receive: (committed: CommittedEvent[]) => void): Relay {
  const options = { retryStrategy: (attempt: number) => Math.min(100 * attempt, 1000), maxRetriesPerRequest: null };
  // No queue while Redis is away: what cannot be sent now is read from Postgres.
  const publisher = new Redis(url, { ...options, enableOfflineQueue: false });
  const subscriber = new Redis(url, options);
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
  io.on(MESSAGE, receive);

  let waiting: CommittedEvent[] = [];
  const flush = (): void => {
    io.serverSideEmit(MESSAGE, waiting);
    waiting = [];
  };
  return {
    send(committed) {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push(...committed);
    },
    status: () => (publisher.status === "ready" && subscriber.status === "ready" ? "ok" : "degraded"),
    close() {
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}
