/** Commands that share a transaction: how they are gathered, run in their order, and told what came of it. */
import { events as eventCatalogue } from "../../protocol/index.ts";
import type { WriteContext } from "./context.ts";
import type { Connection } from "./db.ts";
import { AppError } from "./errors.ts";
import { type Answer, type Done, type Head, type PendingEvent, streamKind } from "./event-log.ts";
import type { Tx } from "./transact.ts";
import { createTurns, type Turn } from "./turns.ts";

export type Job = {
  ctx: WriteContext;
  work: (tx: Tx) => Promise<unknown>;
  resolve: (data: unknown) => void;
  reject: (error: unknown) => void;
};
export type Outcome = Done | { kind: "replayed"; answer: Answer } | { kind: "refused"; error: AppError };
/** After a failure the transaction can no longer be used. */
type Failure = { kind: "failed"; error: unknown };

/** Longest shared transaction; more would make the first of them wait for the last. */
const MAX_SHARED = 64;

const jobKey = ({ ctx }: Job): string | undefined => ctx.commandId && `${ctx.actor.id} ${ctx.commandId}`;

/** The next commands to commit together: a repeated command id waits for the commit of the first. */
export function takeBatch(waiting: Job[]): Job[] {
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

/** Runs one job when its turn comes. Never throws. */
async function runJob(
  connection: Connection,
  stream: string,
  job: Job,
  { turn, stored }: { turn: Turn; stored: Promise<Answer | undefined> },
): Promise<Outcome | Failure> {
  const events: PendingEvent[] = [];
  const tx: Tx = Object.assign(connection.through(turn.send), { emit: emitter(job.ctx, stream, events) });
  try {
    const working = job.work(tx).then(
      (data): Outcome => ({ kind: "done", data, events }),
      (error: unknown): Outcome | Failure =>
        error instanceof AppError && !turn.hasWritten() ? { kind: "refused", error } : { kind: "failed", error },
    );
    const [answer, outcome] = [await stored, await working];
    return answer ? answerAgain(job.ctx, answer) : outcome;
  } catch (error) {
    return { kind: "failed", error };
  }
}

/** Runs the jobs one after the other in an open transaction. Throws when that can no longer be used. */
export async function runJobs(
  connection: Connection,
  stream: string,
  jobs: Job[],
  locking: Promise<Head>,
): Promise<Outcome[]> {
  const turns = createTurns(connection);
  const locked = locking.then(
    () => undefined,
    (error: unknown) => turns.fail(error),
  );
  const running: Promise<Outcome | Failure>[] = [];
  let before: Pick<Turn, "begun" | "ended"> = { begun: Promise.resolve(), ended: locked };
  for (const job of jobs) {
    await before.begun;
    const stored = locking.then(({ answers }) => answers.get(jobKey(job) ?? ""));
    const turn = turns.after(
      before,
      stored.then(
        (answer) => answer === undefined,
        () => false,
      ),
    );
    const ending = runJob(connection, stream, job, { turn, stored }).then((outcome) => {
      if (outcome.kind === "failed") turns.fail(outcome.error);
      turn.end();
      return outcome;
    });
    running.push(ending);
    before = turn;
  }
  return (await Promise.all(running)).map((outcome) => {
    if (outcome.kind === "failed") throw outcome.error;
    return outcome;
  });
}

/** Answers whoever sent it. */
export function settle(job: Job, outcome: Outcome | undefined): void {
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
