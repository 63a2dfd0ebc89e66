/**
 * Every event of one project, handed on one after another, from where the bot left off.
 * - The log is the truth: events are read from it in pages, after the position that is kept on the server. The
 *   subscription only says that there are more, so nothing is lost, doubled or piled up however slow a handler is.
 * - The position is committed after the handlers are done; what a crash leaves uncommitted is handled again, with the
 *   same command ids.
 */
import type { Cursor, Output } from "../../protocol/index.ts";
import type { Client } from "../client/client.ts";
import { CommandError } from "../client/errors.ts";
import type { StreamEvent } from "../client/streams.ts";
import { createAlarm } from "../client/waiting.ts";
import type { Log } from "./log.ts";

type Options = {
  client: Client;
  project: string;
  /** The bot's: each has a position of its own. */
  name: string;
  /** Where a bot begins that has never been here. */
  from: "now" | "beginning";
  handle(event: StreamEvent, at: { ref: string; stream: string }): Promise<void>;
  log: Log;
};

export type Follower = {
  /** The project as it is called now, and its stream. */
  at(): { ref: string; stream: string };
  /** Resolves when it listens; throws when the project may not be seen. */
  start(): Promise<void>;
  /** Resolves when the event that is under way has been handled, and its position kept. */
  stop(): Promise<void>;
};

const PAGE = 100;
const COMMIT_MS = 1000;
const RETRY_MS = 1000;

export function createFollower({ client, project, name, from, handle, log }: Options): Follower {
  const alarm = createAlarm();
  let ref = project;
  let stream = "";
  let position: Pick<Cursor, "epoch" | "seq"> = { epoch: "", seq: 0 };
  let committed = 0;
  let committedAt = 0;
  /** The last event that is known to be there. */
  let head = 0;
  let isLost = false;
  let stopped = false;
  let running: Promise<void> = Promise.resolve();

  async function commit(): Promise<void> {
    if (committed === position.seq) return;
    const { seq } = await client.call("cursor.commit", { stream, name, seq: position.seq });
    [committed, committedAt] = [seq, performance.now()];
  }

  /** Finds where the bot left off. The first time that is here, and kept at once: what comes next must not be lost. */
  async function findPosition(here: number): Promise<void> {
    const { seq, epoch, updatedAt } = await client.call("cursor.get", { stream, name });
    position = { epoch, seq };
    committed = seq;
    isLost = false;
    if (updatedAt !== null || from === "beginning") return;
    position.seq = here;
    await commit();
  }

  async function readPage(): Promise<Output<"sync.pull">> {
    try {
      return await client.call("sync.pull", { stream, after: position.seq, limit: PAGE });
    } catch (error) {
      const first = error instanceof CommandError && error.code === "gone" ? error.details?.["head"] : undefined;
      if (typeof first !== "number") throw error;
      log("error", "events are no longer kept; going on at the present", {
        project: ref,
        from: position.seq,
        to: first,
      });
      position.seq = first;
      await commit();
      return readPage();
    }
  }

  async function handlePage({ events, epoch, head: present }: Output<"sync.pull">): Promise<void> {
    if (epoch !== position.epoch || present < position.seq) {
      isLost = true;
      return;
    }
    head = Math.max(head, present);
    for (const event of events as StreamEvent[]) {
      if (stopped) break;
      if (event.type === "project.updated") ref = event.data.project.ref;
      await handle(event, { ref, stream });
      position.seq = event.seq;
      if (performance.now() - committedAt > COMMIT_MS) await commit();
    }
    await commit();
  }

  async function run(): Promise<void> {
    while (!stopped) {
      try {
        if (isLost) await findPosition(head);
        await handlePage(await readPage());
        if (position.seq >= head && !isLost && !stopped) await alarm.next();
      } catch (error) {
        if (stopped || client.state.current.status === "closed") return;
        log("warn", "could not go on; trying again", { project: ref, error });
        await alarm.next(RETRY_MS);
      }
    }
  }

  const subscription = client.subscribe(project, {
    onEvents(events) {
      head = Math.max(head, events.at(-1)?.seq ?? 0);
      alarm.wake();
    },
    onReset({ seq }) {
      head = seq;
      isLost = true;
      alarm.wake();
    },
    onRevoked({ code }) {
      log("warn", "no longer follows a project", { project: ref, code });
      stopped = true;
      alarm.wake();
    },
  });

  return {
    at: () => ({ ref, stream }),
    async start() {
      const joined = await subscription.ready;
      stream = joined.stream;
      head = Math.max(head, joined.seq);
      await findPosition(joined.seq);
      running = run();
    },
    async stop() {
      stopped = true;
      alarm.wake();
      subscription.close();
      await running;
    },
  };
}
