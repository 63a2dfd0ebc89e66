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
import type { Kysely } from "kysely";
import type { Actor, Cause, Change, EventData, EventType } from "../../protocol/index.ts";
import type { WriteContext } from "./context.ts";
import type { Database, Db } from "./db.ts";
import { AppError, constraintOf, sqlState, toAppError } from "./errors.ts";
import { type CommittedEvent, commitDone, lockStream } from "./event-log.ts";
import { type Job, type Outcome, runJobs, settle, takeBatch } from "./jobs.ts";
import type { Metrics } from "./metrics.ts";
import type { DB } from "./schema.ts";

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
  Pick<Kysely<DB>, "insertInto" | "updateTable" | "deleteFrom" | "with"> & {
    emit<T extends EventType>(type: T, data: EventData<T>, options?: EmitOptions): void;
  };

export type Writer = { run<T>(ctx: WriteContext, stream: string, work: (tx: Tx) => Promise<T>): Promise<T> };

/** Runs `work` in a transaction that has `stream` locked. Throws what work throws; `conflict` when a command id is reused. */
export const transact = <T>(ctx: WriteContext, stream: string, work: (tx: Tx) => Promise<T>): Promise<T> =>
  ctx.writer.run(ctx, stream, work);

const MAX_ATTEMPTS = 5;

/** A deadlock, a serialization failure, or another instance that stored the same command id first. */
const mayRunAgain = (error: unknown): boolean =>
  ["40P01", "40001"].includes(sqlState(error) ?? "") || constraintOf(error) === "command_answers_pkey";

type Telling = () => void;
type Options = { database: Database; metrics: Metrics; committed: (events: CommittedEvent[]) => void };

export function createWriter({ database, metrics, committed }: Options): Writer {
  const queues = new Map<string, Job[]>();
  metrics.onScrape(() => {
    metrics.commandsWaiting.set([...queues.values()].reduce((sum, waiting) => sum + waiting.length, 0));
  });

  /**
   * One transaction for all `jobs`; gives how to tell everyone what came of it. Throws when it was rolled back, or
   * `unavailable` when nobody knows.
   */
  async function commit(stream: string, jobs: Job[]): Promise<Telling> {
    const connection = await database.connect();
    let broken = false;
    let committing = false;
    let written: CommittedEvent[];
    let outcomes: Outcome[];
    try {
      const contexts = jobs.map(({ ctx }) => ctx);
      const beginning = connection.query("begin");
      const locking = lockStream(connection, stream, contexts);
      [outcomes] = await Promise.all([runJobs(connection, stream, jobs, locking), beginning]);
      const head = await locking;
      const done = outcomes.flatMap((outcome, i) => {
        const ctx = contexts[i];
        return ctx && outcome.kind === "done" ? [{ ctx, outcome }] : [];
      });
      committing = true;
      written = await commitDone(connection, stream, head, done);
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
    return () => {
      committed(written);
      jobs.forEach((job, i) => {
        settle(job, outcomes[i]);
      });
    };
  }

  async function runAlone(stream: string, job: Job): Promise<Telling> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await commit(stream, [job]);
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !mayRunAgain(error)) return () => job.reject(error);
        metrics.transactionRetries.inc();
      }
    }
  }

  async function runBatch(stream: string, batch: Job[]): Promise<Telling> {
    try {
      return await commit(stream, batch);
    } catch (error) {
      const { code } = toAppError(error);
      if (code === "unavailable" && !mayRunAgain(error)) {
        return () => {
          for (const job of batch) job.reject(error);
        };
      }
      metrics.transactionRetries.inc(batch.length);
      for (const job of batch) (await runAlone(stream, job))();
      return () => undefined;
    }
  }

  async function drain(stream: string, waiting: Job[]): Promise<void> {
    for (let batch = takeBatch(waiting); batch.length > 0; batch = takeBatch(waiting)) {
      const [job, ...others] = batch;
      const tell = job && others.length === 0 ? await runAlone(stream, job) : await runBatch(stream, batch);
      // While Postgres is at the next ones.
      if (waiting.length > 0) setImmediate(tell);
      else tell();
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
