/**
 * What is to be sent.
 * - A mutation gets a command id and stays until it is answered: sent again with the same id after a lost connection, a
 *   lost answer, `unavailable` or `rate_limited`. The server applies an id once, so it happens once.
 * - Mutations of one project go one after another, so that none overtakes another, even when one must be sent again.
 * - Queries go at once and are sent again too, but only for so long.
 */
import type { Ack } from "../../protocol/index.ts";
import { givenUp, refusal } from "./errors.ts";
import { randomId } from "./random-id.ts";
import { backoff, createAlarm } from "./waiting.ts";

const RETRY = { minMs: 250, maxMs: 10_000 };

type Options = {
  isOpen(): boolean;
  /** Sends once; undefined when no answer came. */
  transmit(name: string, input: object): Promise<Ack | undefined>;
  fits(name: string, json: string): boolean;
  /** Gets a fresh token for the connection; false when there is none. */
  renew(): Promise<boolean>;
  maxQueued: number;
  queryPatienceMs: number;
  queueChanged(queued: number): void;
};

export type Outbox = ReturnType<typeof createOutbox>;

export function createOutbox(options: Options) {
  const { isOpen, transmit, fits, renew, maxQueued, queryPatienceMs, queueChanged } = options;
  const lanes = new Map<string, Promise<unknown>>();
  const alarm = createAlarm();
  let queued = 0;
  let closed = false;

  const count = (by: 1 | -1): void => {
    queued += by;
    queueChanged(queued);
  };
  async function rest(until: number): Promise<void> {
    for (let left = until - performance.now(); left > 0 && !closed; left = until - performance.now())
      await alarm.next(left);
  }

  /** Sends until there is an answer that sending again would not change. */
  async function deliver(name: string, input: object, deadline = Number.POSITIVE_INFINITY): Promise<Ack> {
    let renewed = false;
    for (let attempt = 0; ; attempt += 1) {
      while (!isOpen() && !closed && performance.now() < deadline) await alarm.next(deadline - performance.now());
      if (closed) return refusal(givenUp("closed"));
      if (performance.now() >= deadline) return refusal(givenUp("timeout"));
      const ack = await transmit(name, input);
      if (!ack) continue;
      if (ack.ok) return ack;
      const { code, retryAfterMs } = ack.error;
      if (code === "unavailable" || code === "rate_limited") {
        await rest(Math.min(deadline, performance.now() + (retryAfterMs ?? backoff(attempt, RETRY))));
      } else if (code === "unauthenticated" && !renewed) {
        renewed = true;
        if (!(await renew()) && isOpen()) return ack;
      } else return ack;
    }
  }

  return {
    /** Call when the connection has opened. */
    wake: alarm.wake,
    queued: () => queued,

    query(name: string, input: object, patienceMs = queryPatienceMs): Promise<Ack> {
      return deliver(name, input, performance.now() + patienceMs);
    },

    async mutate(name: string, raw: object): Promise<Ack> {
      const { commandId = randomId() } = raw as { commandId?: string };
      const json = JSON.stringify({ ...raw, commandId });
      if (closed) return refusal(givenUp("closed"));
      if (queued >= maxQueued) return refusal(givenUp("queue_full"));
      if (!fits(name, json)) {
        return refusal({ code: "payload_too_large", message: "More than the server takes at once", status: 413 });
      }
      // Whoever sent it may change it meanwhile.
      const input: { project?: string; org?: string } = JSON.parse(json);
      const lane = input.project ?? input.org ?? "";
      count(1);
      const answer = (lanes.get(lane) ?? Promise.resolve()).then(() => deliver(name, input));
      lanes.set(lane, answer);
      const ack = await answer;
      if (lanes.get(lane) === answer) lanes.delete(lane);
      count(-1);
      return ack;
    },

    /** Refuses all that waits, and whatever comes. */
    close(): void {
      closed = true;
      alarm.wake();
    },
  };
}
