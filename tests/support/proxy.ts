import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Stands between a server and its Postgres, as a network that can fail in part. */
export type Proxy = {
  /** The database by way of the proxy. */
  url: string;
  /** Connections of these application names, present and later ones, stay open but carry nothing any more. */
  mute(applicationName: string): void;
  close(): Promise<void>;
};

export async function startProxy(databaseUrl: string): Promise<Proxy> {
  const target = new URL(databaseUrl);
  const muted = new Set<string>();
  const pairs = new Set<{ name: string; sides: Socket[] }>();
  const silence = ({ name, sides }: { name: string; sides: Socket[] }) => {
    if (!muted.has(name)) return;
    for (const side of sides) side.unpipe().removeAllListeners("data").resume();
  };

  const server = createServer((client) => {
    const postgres = connect(Number(target.port), target.hostname);
    const pair = { name: "", sides: [client, postgres] };
    pairs.add(pair);
    for (const side of pair.sides) {
      side.on("error", () => undefined);
      side.on("close", () => {
        pairs.delete(pair);
        for (const other of pair.sides) other.destroy();
      });
    }
    // The first message holds parameters as zero-terminated words.
    client.once("data", (startup) => {
      const words = startup.toString("latin1").split("\0");
      pair.name = words[words.indexOf("application_name") + 1] ?? "";
      postgres.write(startup);
      client.pipe(postgres).pipe(client);
      silence(pair);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    mute(applicationName) {
      muted.add(applicationName);
      for (const pair of pairs) silence(pair);
    },
    async close() {
      server.close();
      for (const { sides } of pairs) for (const side of sides) side.destroy();
    },
  };
}
