/**
 * A board that stays in step with its project, and shows own changes at once.
 * - `confirmed` is a snapshot plus events, nothing else. The view is `confirmed` with the intents that are under way
 *   laid over it, in order; it is made anew each time, so a refused change is taken back alone.
 * - An intent leaves when it is refused, or when the event that its answer names has been applied.
 * - A snapshot, a page or a digest is of one seq. While it is read, events wait; it is then laid beside the board of
 *   exactly that seq.
 */

import { digestText } from "../../protocol/digest.ts";
import type { Ack, ClientInput, Output } from "../../protocol/index.ts";
import { applyEvent, GapError, type LiveBoard, type LiveColumn } from "./board.ts";
import type { Client } from "./client.ts";
import { withPage } from "./columns.ts";
import { CommandError } from "./errors.ts";
import { type Layable, lay } from "./intents.ts";
import { createObservable, type Observable } from "./observable.ts";
import type { StreamEvent } from "./streams.ts";
import { backoff, createAlarm } from "./waiting.ts";

export type BoardOptions = {
  /** Cards of each column that are loaded at first. */
  perColumn?: number;
};
export type BoardState = {
  /** gone: it may no longer be seen, or the client is closed; `board` is the last that was seen. */
  status: "loading" | "ready" | "gone";
  board: LiveBoard | undefined;
  /** Own changes that are shown but not confirmed. */
  pending: number;
};
/** Whether the board is what the server has; unknown while it does not show every issue. */
export type Verdict = "inStep" | "outOfStep" | "unknown";

type Own<N extends Layable> = (input: Omit<ClientInput<N>, "project">) => Promise<Output<N>>;
export type BoardStore = Observable<BoardState> & {
  /** Resolves when the board is there first. */
  readonly ready: Promise<void>;
  /** Each is shown at once, and taken back when it is refused, with a CommandError. */
  move: Own<"issue.move">;
  update: Own<"issue.update">;
  setTags: Own<"issue.setTags">;
  setAssignees: Own<"issue.setAssignees">;
  setSprint: Own<"issue.setSprint">;
  /** Loads the next cards of a column that shows only its first ones. */
  more(stageId: string | null): Promise<void>;
  /** Compares with the server's digest; a board that is out of step is loaded again. */
  verify(): Promise<Verdict>;
  close(): void;
};

type Intent = { show(board: LiveBoard): LiveBoard; confirmedBy: number | undefined };

const MAX_PER_COLUMN = 100;
/** A busy board whose windows go stale over and over is loaded no more often than this. */
const RELOAD_MS = 1000;
const RETRY = { minMs: 500, maxMs: 10_000 };

async function sha256(text: string): Promise<string | undefined> {
  // Pages on plain http have none.
  const hash = await globalThis.crypto?.subtle?.digest("SHA-256", new TextEncoder().encode(text));
  return hash && Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const isWhole = ({ nextCursor, stale }: LiveColumn): boolean => nextCursor === null && !stale;

export function openBoard(client: Client, project: string, { perColumn = 50 }: BoardOptions = {}): BoardStore {
  const state = createObservable<BoardState>({ status: "loading", board: undefined, pending: 0 });
  const alarm = createAlarm();
  let ref = project;
  let status: BoardState["status"] = "loading";
  let confirmed: LiveBoard | undefined;
  /** The events that come do not follow `confirmed`. */
  let isCut = true;
  let intents: Intent[] = [];
  let inbox: StreamEvent[] = [];
  /** While it is there, events wait, save those up to its `seq`. */
  let hold: { seq?: number; reached?: (isThere: boolean) => void } | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  let reload: Promise<void> | undefined;
  let loadedAt = 0;
  let shown = perColumn;

  function publish(): void {
    const board = confirmed && intents.reduce((later, intent) => intent.show(later), confirmed);
    state.set({ status, board, pending: intents.length });
  }

  function drain(): void {
    if (!confirmed || isCut) return;
    const before = confirmed;
    try {
      for (let event = inbox[0]; event && (!hold || confirmed.seq < (hold.seq ?? 0)); event = inbox[0]) {
        confirmed = applyEvent(confirmed, event);
        inbox.shift();
        if (event.type === "project.updated") ref = event.data.project.ref;
      }
    } catch (error) {
      if (!(error instanceof GapError)) throw error;
      cut();
    }
    if (hold?.seq !== undefined && confirmed.seq >= hold.seq) hold.reached?.(true);
    if (confirmed === before) return;
    const { seq } = confirmed;
    intents = intents.filter(({ confirmedBy }) => confirmedBy === undefined || confirmedBy > seq);
    publish();
    if (confirmed.columns.some(({ stale }) => stale)) void load();
  }

  /** What comes from here on does not follow: only a snapshot helps. */
  function cut(): void {
    isCut = true;
    hold?.reached?.(false);
    void load();
  }

  /** Lets `work` read something of one moment, one such work at a time; events wait meanwhile. */
  function still<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(async () => {
      hold = {};
      try {
        return await work();
      } finally {
        hold = undefined;
        drain();
      }
    });
    turn = done.catch(() => undefined);
    return done;
  }
  /** Resolves when the board holds every event up to `seq` and none after; with false when the stream began anew. */
  const reach = (seq: number): Promise<boolean> =>
    new Promise((reached) => {
      if (isCut) return reached(false);
      hold = { seq, reached };
      drain();
    });

  async function readSnapshot(): Promise<void> {
    for (let attempt = 0; status !== "gone"; attempt += 1) {
      const ack = await client.send("board.get", { project: ref, perColumn: shown });
      loadedAt = performance.now();
      if (ack.ok && !(confirmed?.epoch === ack.data.epoch && ack.data.seq < confirmed.seq)) return begin(ack.data);
      if (!ack.ok && (ack.error.code === "not_found" || client.state.current.status === "closed")) return leave();
      await alarm.next(backoff(attempt, RETRY));
    }
  }
  function begin(board: LiveBoard): void {
    const isOther = confirmed !== undefined && confirmed.epoch !== board.epoch;
    confirmed = board;
    isCut = false;
    intents = intents.filter(({ confirmedBy }) => confirmedBy === undefined || (!isOther && confirmedBy > board.seq));
    status = "ready";
    publish();
  }
  function leave(): void {
    status = "gone";
    hold?.reached?.(false);
    alarm.wake();
    publish();
  }
  /** Loads the board anew; a load that has not begun serves all who ask. */
  function load(): Promise<void> {
    reload ??= alarm.next(confirmed ? Math.max(0, loadedAt + RELOAD_MS - performance.now()) : 0).then(() =>
      still(() => {
        reload = undefined;
        return readSnapshot();
      }),
    );
    return reload;
  }

  const stream = client.subscribe(project, {
    onEvents(events) {
      inbox.push(...events);
      drain();
    },
    onReset() {
      inbox = [];
      cut();
    },
    onRevoked: leave,
  });
  const ready = stream.ready.then(load).catch((error: unknown) => {
    leave();
    throw error;
  });
  // Whoever waits for it hears of it; the state tells all others.
  ready.catch(() => undefined);

  /** Sends a command and shows what it will do. */
  async function act<N extends Layable>(name: N, given: Omit<ClientInput<N>, "project">): Promise<Output<N>> {
    const input = { ...given, project: ref } as ClientInput<N>;
    const intent: Intent = { show: (board) => lay(board, name, input), confirmedBy: undefined };
    intents.push(intent);
    publish();
    const ack: Ack<N> = await client.send(name, input);
    const waits = ack.ok && ack.seq !== undefined && ack.seq > (confirmed?.seq ?? 0) && status !== "gone";
    if (waits) intent.confirmedBy = ack.seq;
    else intents = intents.filter((other) => other !== intent);
    publish();
    if (!ack.ok) throw new CommandError(ack.error, ack.requestId);
    return ack.data;
  }

  return {
    get current() {
      return state.current;
    },
    subscribe: state.subscribe,
    ready,
    move: (input) => act("issue.move", input),
    update: (input) => act("issue.update", input),
    setTags: (input) => act("issue.setTags", input),
    setAssignees: (input) => act("issue.setAssignees", input),
    setSprint: (input) => act("issue.setSprint", input),

    async more(stageId) {
      await ready;
      await still(async () => {
        const cursor = confirmed?.columns.find((column) => column.stageId === stageId)?.nextCursor;
        if (!cursor) return;
        const page = await client.call("board.column", { project: ref, stageId, cursor, limit: perColumn });
        if (!(await reach(page.seq)) || !confirmed) return;
        confirmed = withPage(confirmed, stageId, page);
        const longest = Math.max(...confirmed.columns.map(({ issues }) => issues.length));
        shown = Math.min(MAX_PER_COLUMN, Math.max(shown, longest));
        publish();
      });
    },

    async verify() {
      await ready;
      const verdict = await still(async (): Promise<Verdict> => {
        const ack = await client.send("sync.digest", { project: ref });
        if (!ack.ok || !(await reach(ack.data.seq)) || !confirmed?.columns.every(isWhole)) return "unknown";
        const own = await sha256(digestText(confirmed.columns.flatMap(({ issues }) => issues)));
        return own === undefined ? "unknown" : own === ack.data.digest ? "inStep" : "outOfStep";
      });
      if (verdict === "outOfStep") await load();
      return verdict;
    },

    close() {
      stream.close();
      leave();
    },
  };
}
