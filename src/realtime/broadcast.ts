import type { Server } from "socket.io";
import type { Delivery } from "../feed/feed.ts";
import type { Metrics } from "../kernel/metrics.ts";

/**
 * Sends what one turn of the event loop brings as one packet per room: writes to sockets are what fan-out costs.
 * Acks are written before, in the turn itself.
 */
export type Broadcast = {
  add(delivery: Delivery): void;
  /** Sends a stream's waiting events to its room now, so that who joins afterwards does not get them. */
  flush(stream: string): void;
};

export function createBroadcast(io: Server, metrics: Metrics): Broadcast {
  const waiting = new Map<string, Delivery>();
  let scheduled = false;

  const send = (delivery: Delivery): void => {
    metrics.eventsSent.inc(delivery.events.length);
    if (!io.sockets.adapter.rooms.has(delivery.stream)) return;
    io.local.to(delivery.stream).emit("events", delivery);
    const [first] = delivery.events;
    // Clocks differ: an event may seem to come from the future.
    if (first) metrics.eventLag.observe(Math.max(0, Date.now() - Date.parse(first.at)) / 1000);
  };
  const flushAll = (): void => {
    scheduled = false;
    const deliveries = [...waiting.values()];
    waiting.clear();
    for (const delivery of deliveries) send(delivery);
  };
  return {
    add(delivery) {
      const before = waiting.get(delivery.stream);
      if (before) before.events = before.events.concat(delivery.events);
      else waiting.set(delivery.stream, { ...delivery, events: [...delivery.events] });
      if (scheduled) return;
      scheduled = true;
      setImmediate(flushAll);
    },
    flush(stream) {
      const delivery = waiting.get(stream);
      waiting.delete(stream);
      if (delivery) send(delivery);
    },
  };
}
