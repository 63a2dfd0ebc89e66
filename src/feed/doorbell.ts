import pgListen from "pg-listen";
import { z } from "zod";
import type { CommittedEvent } from "../kernel/event-log.ts";
import type { Logger } from "../kernel/log.ts";

const CHANNEL = "rhythm";
/** NOTIFY takes a database-wide lock at commit, so there is one for all that was committed within this time. */
const COALESCE_MS = 10;
const UNHURRIED_MS = 200;
/** Postgres takes payloads below 8,000 bytes. */
const MAX_PAYLOAD = 7900;

const Ring = z.object({ from: z.string(), heads: z.record(z.string(), z.number()).optional() });

/** Tells other instances, through Postgres and after the commit, where streams stand now. A hint that may be lost. */
export type Doorbell = { ring(committed: CommittedEvent[]): void; close(): Promise<void> };

type Options = {
  url: string;
  instance: string;
  log: Logger;
  /** Whether the others most likely know already, or there are none. */
  isUnhurried: () => boolean;
  /** Heads as another instance wrote them; undefined: too many to list, look at all. */
  heard: (heads: Record<string, number> | undefined) => void;
};

/** Resolves when it listens. The only place that knows pg-listen. */
export async function openDoorbell({ url, instance, log, isUnhurried, heard }: Options): Promise<Doorbell> {
  const subscriber = pgListen.default(
    { connectionString: url, application_name: "rhythm listen", keepAlive: true },
    {
      // Without Infinity it falls silent for ever after 3 s without a database.
      retryTimeout: Number.POSITIVE_INFINITY,
      retryInterval: (attempt) => Math.min(2000, 100 * 2 ** attempt),
      parse: (payload) => payload,
      serialize: (payload) => payload,
    },
  );
  subscriber.events.on("error", (error) => log.warn({ err: error }, "listening to Postgres failed; polling goes on"));
  subscriber.events.on("connected", () => heard(undefined));
  subscriber.notifications.on(CHANNEL, (payload: string) => {
    const ring = Ring.safeParse(parseJson(payload));
    if (ring.success && ring.data.from !== instance) heard(ring.data.heads);
  });
  await subscriber.connect();
  await subscriber.listenTo(CHANNEL);

  let heads: Record<string, number> = {};
  let timer: NodeJS.Timeout | undefined;
  const waitMs = (): number => (isUnhurried() ? UNHURRIED_MS : COALESCE_MS);
  // One at a time: to a Postgres that does not answer nothing piles up.
  const send = (): void => {
    const full = JSON.stringify({ from: instance, heads });
    heads = {};
    subscriber
      .notify(CHANNEL, full.length < MAX_PAYLOAD ? full : JSON.stringify({ from: instance }))
      .catch(() => undefined)
      .then(() => {
        timer = Object.keys(heads).length > 0 ? setTimeout(send, waitMs()) : undefined;
      });
  };
  return {
    ring(committed) {
      for (const { stream, event } of committed) heads[stream] = event.seq;
      timer ??= setTimeout(send, waitMs());
    },
    async close() {
      clearTimeout(timer);
      await subscriber.close();
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
