import { createHash } from "node:crypto";
import { digestText } from "../../protocol/digest.ts";
import type { Output, WireEvent } from "../../protocol/index.ts";
import { applyEvents, type LiveBoard } from "../../src/client/board.ts";
import { type Client, connect } from "../support/client.ts";

/** Someone with an account and a board of their own, which goes on each time from where it was left. */
export type Person = {
  userId: string;
  email: string;
  /** Every event of the project that was taken, in order. */
  taken: WireEvent[];
  isHere(): boolean;
  /** The socket of today. */
  here(): Client;
  board(): LiveBoard;
  /** What the board says of itself, as `sync.digest` does. */
  digest(): string;
  /** Signs in again and connects. */
  arrive(): Promise<void>;
  /** Hears a project from where the board stands; from the present, with a snapshot, the first time. */
  follow(project: string): Promise<void>;
  caughtUp(seq: number): Promise<void>;
  leave(): void;
};

type Tokens = Output<"auth.register">;

async function post(url: string, path: string, body: object): Promise<Tokens> {
  const response = await fetch(`${url}/api/v1/auth/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json() as Promise<Tokens>;
}

/** Makes an account over HTTP. `hear` gets each event of the project once, after the board has it. */
export async function createPerson(url: string, name: string, hear: (event: WireEvent) => void = () => {}) {
  const email = `${name}@acme.example`;
  let tokens = await post(url, "register", { email, password: `${name} has a long password`, displayName: name });
  const userId = tokens.user.id;
  const taken: WireEvent[] = [];
  let client: Client | undefined;
  let board: LiveBoard | undefined;
  let stream = "";

  const here = (): Client => {
    if (!client) throw new Error(`${name} is not here`);
    return client;
  };
  const boardOf = (): LiveBoard => {
    if (!board) throw new Error(`${name} has no board`);
    return board;
  };
  const take = (events: readonly WireEvent[]): void => {
    const held = board?.seq ?? Number.POSITIVE_INFINITY;
    const fresh = events.filter(({ seq }) => seq > held);
    if (board) board = applyEvents(board, fresh);
    taken.push(...fresh);
    fresh.forEach(hear);
  };

  const person: Person = {
    userId,
    email,
    taken,
    isHere: () => client !== undefined,
    here,
    board: boardOf,
    digest: () =>
      createHash("sha256")
        .update(digestText(boardOf().columns.flatMap(({ issues }) => issues)))
        .digest("hex"),
    async arrive() {
      tokens = await post(url, "refresh", { refreshToken: tokens.refreshToken });
      client = await connect(url, { userId, token: tokens.accessToken });
      client.socket.on("events", (batch: { stream: string; events: WireEvent[] }) => {
        if (batch.stream === stream) take(batch.events);
      });
    },
    async follow(project) {
      const since = board && { epoch: board.epoch, seq: board.seq };
      const joined = await here().ok("project.subscribe", { project, since });
      await here().ok("user.subscribe", {});
      if (joined.reset) throw new Error(`${name} was not told what was missed`);
      stream = joined.stream;
      take(joined.events);
      board ??= await here().ok("board.get", { project });
    },
    async caughtUp(seq) {
      if (boardOf().seq < seq) await here().caughtUp(stream, seq);
    },
    leave() {
      client?.close();
      client = undefined;
    },
  };
  return person;
}
