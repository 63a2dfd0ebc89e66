import { once } from "node:events";
import WebSocket from "ws";

/** A WebSocket that speaks Engine.IO and Socket.IO only as far as the test writes it. */
export type RawSocket = {
  ws: WebSocket;
  /** Every frame, in order. */
  received: string[];
  /** Resolves with the close code. */
  closed: Promise<number>;
  isOpen(): boolean;
  /** The first frame that matches, received already or yet to come; undefined once the socket is closed. */
  frame(match: RegExp): Promise<string | undefined>;
};

export async function openRaw(url: string, query = "EIO=4&transport=websocket"): Promise<RawSocket> {
  const ws = new WebSocket(`${url.replace("http", "ws")}/socket.io/?${query}`, { perMessageDeflate: false });
  const received: string[] = [];
  ws.on("message", (data) => received.push(String(data)));
  const closed = new Promise<number>((resolve) => ws.once("close", resolve));
  // A socket that is cut off while it sends says so here too.
  ws.on("error", () => undefined);
  await once(ws, "open");
  return {
    ws,
    received,
    closed,
    isOpen: () => ws.readyState === WebSocket.OPEN,
    async frame(match) {
      for (let i = 0; ; i += 1) {
        while (received.length <= i) {
          if (ws.readyState === WebSocket.CLOSED) return undefined;
          await Promise.race([once(ws, "message"), closed]);
        }
        if (match.test(received[i] ?? "")) return received[i];
      }
    },
  };
}

/** One that has joined the namespace with this token. */
export async function connectRaw(url: string, token: string): Promise<RawSocket> {
  const raw = await openRaw(url);
  raw.ws.send(`40${JSON.stringify({ token })}`);
  await raw.frame(/^40\{/);
  return raw;
}
