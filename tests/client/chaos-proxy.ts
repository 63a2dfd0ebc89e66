import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import WebSocket, { WebSocketServer } from "ws";

/** What becomes of one frame. */
export type Fate = "pass" | "drop" | "twice" | "cut" | { delayMs: number } | { instead: string };
export type Way = "up" | "down";

/** Stands between clients and a server, and knows where one frame ends, so that it can lose and repeat whole ones. */
export type ChaosProxy = {
  url: string;
  /** Decides over each frame from now on; everything passes until it is set. */
  rule(fate: (way: Way, frame: string) => Fate): void;
  /** Ends every connection, and until `admit` refuses new ones. */
  refuse(): void;
  admit(): void;
  /** Ends every connection; new ones come through. */
  cut(): void;
  connections(): number;
  close(): Promise<void>;
};

export async function startChaos(target: string): Promise<ChaosProxy> {
  let decide: (way: Way, frame: string) => Fate = () => "pass";
  let isRefusing = false;
  const open = new Set<WebSocket>();

  /** In order, each frame after the one before it. */
  function carry(from: WebSocket, to: WebSocket, way: Way): void {
    let last: Promise<unknown> = to.readyState === WebSocket.CONNECTING ? once(to, "open") : Promise.resolve();
    last.catch(() => undefined);
    const send = (frame: string) => to.readyState === WebSocket.OPEN && to.send(frame);
    from.on("message", (data) => {
      const frame = String(data);
      last = last.then(async () => {
        const fate = decide(way, frame);
        if (fate === "drop") return;
        if (fate === "cut") return from.terminate();
        if (typeof fate === "object" && "delayMs" in fate) await sleep(fate.delayMs);
        send(typeof fate === "object" && "instead" in fate ? fate.instead : frame);
        if (fate === "twice") send(frame);
      });
      last.catch(() => undefined);
    });
    from.on("error", () => undefined);
    from.on("close", () => to.terminate());
  }

  const server = createServer((incoming, outgoing) => {
    const { method = "GET", headers } = incoming;
    const onward = request(new URL(incoming.url ?? "/", target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (incoming, socket, head) => {
    if (isRefusing) {
      socket.destroy();
      return;
    }
    sockets.handleUpgrade(incoming, socket, head, (client) => {
      const upstream = new WebSocket(`${target.replace("http", "ws")}${incoming.url}`, { perMessageDeflate: false });
      open.add(client);
      client.on("close", () => open.delete(client));
      carry(client, upstream, "up");
      carry(upstream, client, "down");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const cut = () => {
    for (const socket of open) socket.terminate();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    rule(fate) {
      decide = fate;
    },
    refuse() {
      isRefusing = true;
      cut();
    },
    admit() {
      isRefusing = false;
    },
    cut,
    connections: () => open.size,
    async close() {
      cut();
      server.close();
      server.closeAllConnections();
    },
  };
}
