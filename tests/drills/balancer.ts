/** A load balancer as simple as they come: TCP, the fewest connections first, over those whose /readyz says yes. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type Balancer = {
  url: string;
  /** Ends every connection, and until `admit` refuses new ones. */
  refuse(): void;
  admit(): void;
  /** One more instance. */
  add(port: number): void;
  close(): void;
};

const LOOK_MS = 250;
const PATIENCE_MS = 1000;

export async function startBalancer(first: readonly number[]): Promise<Balancer> {
  const ports = [...first];
  const open = new Map(ports.map((port) => [port, new Set<Socket>()]));
  const up = new Set(ports);
  let isRefusing = false;

  async function look(port: number): Promise<void> {
    const isReady = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(PATIENCE_MS) }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.ok;
      },
      () => false,
    );
    if (isReady) up.add(port);
    else up.delete(port);
  }
  const timer = setInterval(() => {
    for (const port of ports) void look(port);
  }, LOOK_MS);

  const sizeOf = (port: number): number => open.get(port)?.size ?? 0;

  /** Tries one after the other until one takes the connection. */
  function carry(client: Socket, tried: ReadonlySet<number>): void {
    const [port] = [...up].filter((one) => !tried.has(one)).sort((a, b) => sizeOf(a) - sizeOf(b));
    if (port === undefined || client.destroyed) return void client.destroy();
    const server = connect({ port, host: "127.0.0.1", noDelay: true });
    open.get(port)?.add(server);
    let isThere = false;
    server.once("connect", () => {
      isThere = true;
      client.pipe(server).pipe(client);
    });
    server.on("error", () => undefined);
    server.once("close", () => {
      open.get(port)?.delete(server);
      if (isThere) client.destroy();
      else carry(client, new Set([...tried, port]));
    });
    client.once("close", () => server.destroy());
  }

  const clients = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    clients.add(client);
    client.on("error", () => undefined);
    client.once("close", () => clients.delete(client));
    if (isRefusing) client.destroy();
    else carry(client, new Set());
  });
  server.listen({ port: 0, host: "127.0.0.1", backlog: 8192 });
  await once(server, "listening");
  const cut = (): void => {
    for (const client of clients) client.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refuse() {
      isRefusing = true;
      cut();
    },
    admit() {
      isRefusing = false;
    },
    add(port) {
      ports.push(port);
      open.set(port, new Set());
    },
    close() {
      clearInterval(timer);
      server.close();
      cut();
    },
  };
}
