/** One client of the SDK that writes down what it sends and hears. */
import { randomUUID } from "node:crypto";
import { tokenOf } from "../../bench/people.ts";
import { projectRef, projectStream, userId } from "../../bench/seed.ts";
import type { ClientInput, Output } from "../../protocol/index.ts";
import {
  type BoardStore,
  type Client,
  type ClientState,
  type ConnectOptions,
  connect,
  openBoard,
  type StreamEvent,
} from "../../src/client/index.ts";
import { beginSegment, type Heard, type History, hear, type Op } from "./history.ts";

export type Write = "issue.create" | "issue.update" | "issue.move";
type Input<N extends Write> = Omit<ClientInput<N>, "project" | "commandId">;

export type Member = {
  client: Client;
  user: number;
  project: number;
  heard: Heard;
  board: BoardStore | undefined;
  /** When it changed to which status. */
  states: { at: number; status: ClientState["status"] }[];
  /** Resolves when it follows its project. */
  ready: Promise<unknown>;
  /** Sends one command, as often as it takes; undefined when it was refused or nobody knows. */
  write<N extends Write>(name: N, input: Input<N>): Promise<Output<N> | undefined>;
  close(): void;
};

export type MemberOptions = {
  url: string;
  user: number;
  project: number;
  withBoard: boolean;
  history: History;
  /** How late an event came, by the clock of the machine. */
  late?: (ms: number) => void;
  timing?: Partial<ConnectOptions>;
};

export function openMember({ url, user, project, withBoard, history, late, timing }: MemberOptions): Member {
  const stream = projectStream(project);
  const heard: Heard = { client: `client of user ${user}`, stream, segments: [] };
  history.heard.push(heard);
  const client = connect(url, { token: tokenOf(user), ...timing });
  const states: Member["states"] = [{ at: performance.now(), status: client.state.current.status }];
  client.state.subscribe(({ status }) => {
    if (states.at(-1)?.status !== status) states.push({ at: performance.now(), status });
  });

  let early: StreamEvent[] | undefined = [];
  const subscription = client.subscribe(projectRef(project), {
    onEvents(events) {
      for (const { at } of events) late?.(Date.now() - Date.parse(at));
      if (early) early.push(...events);
      else hear(heard, events);
    },
    onReset: (position) => beginSegment(heard, position),
  });
  const joined = subscription.ready.then((position) => {
    beginSegment(heard, position);
    hear(heard, early ?? []);
    early = undefined;
  });
  const board = withBoard ? openBoard(client, projectRef(project), { perColumn: 100 }) : undefined;

  async function write<N extends Write>(name: N, input: Input<N>): Promise<Output<N> | undefined> {
    const commandId = randomUUID();
    const { title, patch, issue } = input as { title?: string; patch?: { title?: string }; issue?: number };
    const op: Op = {
      ...{ name, stream, commandId, issue, userId: userId(user), token: title ?? patch?.title },
      ...{ sentAt: performance.now(), endedAt: undefined, ending: undefined },
    };
    history.ops.push(op);
    const ack = await client.send(name, { ...input, project: projectRef(project), commandId } as ClientInput<N>);
    op.endedAt = performance.now();
    if (ack.ok) op.ending = { outcome: "ok", seq: ack.seq };
    // The client gave up before anyone said what became of it.
    else op.ending = { outcome: ack.error.code === "unavailable" ? "unknown" : "refused", code: ack.error.code };
    return ack.ok ? ack.data : undefined;
  }
  return {
    ...{ client, user, project, heard, board, states, write },
    ready: Promise.all([joined, board?.ready]),
    close() {
      board?.close();
      client.close();
    },
  };
}
