import { expect, onTestFinished } from "vitest";
import {
  type BoardStore,
  type Client,
  type ClientState,
  type ConnectOptions,
  connect,
  openBoard,
} from "../../src/client/index.ts";
import type { Running } from "../support/harness.ts";
import { type ChaosProxy, startChaos } from "./chaos-proxy.ts";

/** Impatient, so that a lost frame costs a test little. */
export const hasty = { ackTimeoutMs: 400, connectTimeoutMs: 1000, reconnectMinMs: 20, reconnectMaxMs: 200 };

/** A client of the SDK, closed when the test ends. */
export function join(url: string, options: ConnectOptions): Client {
  const client = connect(url, { ...hasty, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** A network of one's own on the way to `app`. */
export async function startNetwork(app: Running): Promise<ChaosProxy> {
  const network = await startChaos(app.url);
  onTestFinished(() => network.close());
  return network;
}

export async function openReady(client: Client, project: string, perColumn = 100): Promise<BoardStore> {
  const board = openBoard(client, project, { perColumn });
  onTestFinished(() => board.close());
  await board.ready;
  return board;
}

/** Resolves when the state is so, now or later. */
export const until = (client: Client, is: (state: ClientState) => boolean): Promise<void> =>
  new Promise((resolve) => {
    if (is(client.state.current)) return resolve();
    const stop = client.state.subscribe((state) => {
      if (!is(state)) return;
      stop();
      resolve();
    });
  });
export const isLive = ({ status }: ClientState): boolean => status === "live";

/** Expects it now or within a time that is long for a busy machine. */
export const soon = <T>(look: () => T) => expect.poll(look, { timeout: 10_000, interval: 10 });
