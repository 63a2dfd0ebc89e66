/**
 * The only writer. Its promises:
 * - A command's rows, its events and its stored answer commit in one transaction, or none of them does.
 * - The stream's row is locked first, by a statement of its own: what is read afterwards is the present, so services
 *   read like single-threaded code. `seq` is counted in that row: commit order, from 1, without gaps.
 * - Commands of one stream take turns. Those that wait while a commit is under way share the next transaction; each
 *   still sees what the ones before it did. A refusal that has written nothing harms no neighbour; after any other
 *   fault the whole transaction is rolled back and its commands run again one by one.
 * - A command id is applied once: its stored answer is looked up under the lock, and the primary key of
 *   `command_answers` decides between instances.
 * - Work may therefore run more than once; it must do nothing but read, write through `tx`, and emit.
 */
import type { RootOperationNode } from "kysely";
import {
  type Actor,
  type Cause,
  type Change,
  type EventData,
  type EventType,
  events as eventCatalogue,
} from "../../protocol/index.ts";
import type { WriteContext } from "./context.ts";
import type { Connection, Database, Db } from "./db.ts";
import { AppError, constraintOf, sqlState, toAppError } from "./errors.ts";
import {
  type Answer,
  type CommittedEvent,
  type Done,
  lockStream,
  type PendingEvent,
  record,
  streamKind,
} from "./event-log.ts";
import type { Metrics } from "./metrics.ts";

type EmitOptions = {
  /** Another stream than the transaction's, as the user stream of someone concerned. */
  stream?: string;
  /** The number of the issue whose history this belongs to. */
  issue?: number;
  /** What people read in the activity. */
  changes?: Change[];
  /** In place of those of the command. */
  actor?: Actor;
  cause?: Cause;
};

/** A transaction: reads and writes, and the only way to say that something happened. */
export type Tx = Db &
  Pick<Connection["kysely"], "insertInto" | "updateTable" | "deleteFrom" | "with"> & {
    emit<T extends EventType>(type: T, data: EventData<T>, options?: EmitOptions): void;
  };

export type Writer = { run<T>(ctx: WriteContext, stream: string, work: (tx: Tx) => Promise<T>): Promise<T> };

/** Runs `work` in a transaction that has `stream` locked. Throws what work throws; `conflict` when a command id is reused. */
export const transact = <T>(ctx: WriteContext, stream: string, work: (tx: Tx) => Promise<T>): Promise<T> =>
  ctx.writer.run(ctx, stream, work);

type Job = {
  ctx: WriteContext;
  work: (tx: Tx) => Promise<unknown>;
  resolve: (data: unknown) => void;
  reject: (error: unknown) => void;
};
type Outcome = Done | { kind: "replayed"; answer: Answer } | { kind: "refused"; error: AppError };

/** Longest shared transaction; more would make the first of them wait for the last. */
const MAX_SHARED = 64;
const MAX_ATTEMPTS = 5;

const jobKey = ({ ctx }: Job): string | undefined => ctx.commandId && `${ctx.actor.id} ${ctx.commandId}`;

/** A plain SELECT, built or written by hand; anything else counts as a write. */
const isRead = (node: RootOperationNode): boolean =>
  node.kind === "SelectQueryNode"
    ? node.with === undefined
    : node.kind === "RawNode" && /^\s*\(?select\b/i.test(node.sqlFragments[0] ?? "");

/** The next commands to commit together: a repeated command id waits for the commit of the first. */
function takeBatch(waiting: Job[]): Job[] {
  const keys = new Set<string>();
  const batch: Job[] = [];
  while (waiting.length > 0 && batch.length < MAX_SHARED) {
    const job = waiting[0];
    const key = job && jobKey(job);
    if (!job || (key && keys.has(key))) break;
    if (key) keys.add(key);
    batch.push(job);
    waiting.shift();
  }
  return batch;
}

/** A deadlock, a serialization failure, or another instance that stored the same command id first. */
const mayRunAgain = (error: unknown): boolean =>
  ["40P01", "40001"].includes(sqlState(error) ?? "") || constraintOf(error) === "command_answers_pkey";

/** The same id again: the first answer if the input is the same, else `conflict` that tells it. */
function answerAgain(ctx: WriteContext, answer: Answer): Outcome {
  if (answer.inputHash !== ctx.inputHash) {
    const details = { firstAnswer: answer.data };
    return {
      kind: "refused",
      error: new AppError("conflict", "This commandId was used with another input", { details }),
    };
  }
  return { kind: "replayed", answer };
}

/** What services emit by: checked against what the command declares, and gathered in `events`. */
export const emitter = (ctx: WriteContext, stream: string, events: PendingEvent[]): Tx["emit"] =>
  function emit(type, data, options = {}) {
    if (!ctx.emits.includes(type)) throw new Error(`${ctx.command} does not declare that it emits ${type}`);
    const target = options.stream ?? stream;
    const kinds: readonly string[] = eventCatalogue[type].streams;
    if (!kinds.includes(streamKind(target))) throw new Error(`${type} does not belong in ${target}`);
    const { issue = null, changes = null, actor = ctx.actor, cause = ctx.cause } = options;
    events.push({ stream: target, type, data, issue, changes, actor, cause });
  };

function settle(job: Job, outcome: Outcome | undefined): void {
  const { receipt } = job.ctx;
  if (outcome?.kind === "done") {
    const last = outcome.events.findLast((event) => event.seq !== undefined);
    if (last?.seq !== undefined) Object.assign(receipt, { stream: last.stream, seq: last.seq });
    job.resolve(outcome.data);
  } else if (outcome?.kind === "replayed") {
    const { stream, seq, data } = outcome.answer;
    Object.assign(receipt, { replayed: true, ...(seq !== null && { stream, seq }) });
    job.resolve(data);
  } else {
    job.reject(outcome?.error ?? new AppError("internal", "Something went wrong on the server"));
  }
}

type Options = { database: Database; metrics: Metrics; committed: (events: CommittedEvent[]) => void };

export function createWriter({ database, metrics, committed }: Options): Writer {
  const queues = new Map<string, Job[]>();
  metrics.onScrape(() => {
    metrics.commandsWaiting.set([...queues.values()].reduce((sum, waiting) => sum + waiting.length, 0));
  });

  /** Runs one job inside an open transaction. Throws when the transaction can no longer be used. */
  async function runJob(
    connection: Connection,
    stream: string,
    job: Job,
    stored: Answer | undefined,
  ): Promise<Outcome> {
    const { ctx, work } = job;
    if (stored) return answerAgain(ctx, stored);
    const events: PendingEvent[] = [];
    let wrote = false;
    const watching = connection.kysely.withPlugin({
      transformQuery: ({ node }) => {
        if (!isRead(node)) wrote = true;
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const tx: Tx = Object.assign(watching, { emit: emitter(ctx, stream, events) });
    try {
      return { kind: "done", data: await work(tx), events };
    } catch (error) {
      if (error instanceof AppError && !wrote) return { kind: "refused", error };
      throw error;
    }
  }

  /** One transaction for all `jobs`. Throws when it was rolled back, or `unavailable` when nobody knows. */
  async function commit(stream: string, jobs: Job[]): Promise<Outcome[]> {
    const connection = await database.connect();
    let broken = false;
    let committing = false;
    let written: CommittedEvent[];
    const outcomes: Outcome[] = [];
    try {
      await connection.query("begin");
      const contexts = jobs.map(({ ctx }) => ctx);
      const head = await lockStream(connection, stream, contexts);
      for (const job of jobs) outcomes.push(await runJob(connection, stream, job, head.answers.get(jobKey(job) ?? "")));
      const done = outcomes.flatMap((outcome, i) => {
        const ctx = contexts[i];
        return ctx && outcome.kind === "done" ? [{ ctx, outcome }] : [];
      });
      written = await record(connection, stream, head, done);
      committing = true;
      await connection.query("commit");
    } catch (error) {
      metrics.rollbacks.inc();
      broken = await connection.query("rollback").then(
        () => false,
        () => true,
      );
      // Postgres says why it refused a commit; only a connection that was lost leaves it open.
      if (!committing || !broken) throw error;
      throw new AppError("unavailable", "The database went away; retry with the same commandId", {
        cause: error,
        retryAfterMs: 1000,
      });
    } finally {
      connection.release(broken);
    }
    metrics.commandsPerCommit.observe(jobs.length);
    for (const { event } of written) metrics.eventsWritten.inc({ type: event.type });
    committed(written);
    return outcomes;
  }

  async function runAlone(stream: string, job: Job): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        settle(job, (await commit(stream, [job]))[0]);
        return;
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !mayRunAgain(error)) {
          job.reject(error);
          return;
        }
        metrics.transactionRetries.inc();
      }
    }
  }

  async function runBatch(stream: string, batch: Job[]): Promise<void> {
    let outcomes: Outcome[];
    try {
      outcomes = await commit(stream, batch);
    } catch (error) {
      const { code } = toAppError(error);
      if (code === "unavailable" && !mayRunAgain(error)) for (const job of batch) job.reject(error);
      else {
        metrics.transactionRetries.inc(batch.length);
        for (const job of batch) await runAlone(stream, job);
      }
      return;
    }
    batch.forEach((job, i) => {
      settle(job, outcomes[i]);
    });
  }

  async function drain(stream: string, waiting: Job[]): Promise<void> {
    for (let batch = takeBatch(waiting); batch.length > 0; batch = takeBatch(waiting)) {
      if (batch.length === 1 && batch[0]) await runAlone(stream, batch[0]);
      else await runBatch(stream, batch);
    }
    queues.delete(stream);
  }

  return {
    run: <T>(ctx: WriteContext, stream: string, work: (tx: Tx) => Promise<T>) =>
      new Promise<T>((resolve, reject) => {
        const job: Job = { ctx, work, resolve: resolve as (data: unknown) => void, reject };
        const waiting = queues.get(stream);
        if (waiting) {
          waiting.push(job);
          return;
        }
        const queue = [job];
        queues.set(stream, queue);
        void drain(stream, queue);
      }),
  };
}
