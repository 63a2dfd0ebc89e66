import type { Notification, Script, ScriptRun } from "../../../../protocol/index.ts";
import { type Parts, systemContext, type WriteContext } from "../../../kernel/context.ts";
import { userStream } from "../../../kernel/event-log.ts";
import { type Tx, transact } from "../../../kernel/transact.ts";
import { findReceiver, insertMessage } from "../../notification/repository/send.ts";
import { countFailures, type FinishedRun, insertRuns, listLastErrors } from "../repository/finish.ts";
import { disableScriptRow } from "../repository/write.ts";

const outcomes = ["script.ran", "script.failed"] as const;

/** After so many runs in a row that failed, a script is disabled. */
export const MAX_FAILURES = 5;

/** After so many in a row that had to be stopped. */
const MAX_STRIKES = 3;
const strikes: readonly string[] = ["cpu_limit", "time_limit", "memory_limit", "log_limit", "crashed"];

/** It had to be stopped: what it costs others is not forgiven as often as an error is. */
export const isStrike = ({ error }: Pick<FinishedRun, "error">): boolean =>
  error !== null && strikes.includes(error.code);

async function reasonToDisable(tx: Tx, scriptId: string, failures: number): Promise<string | undefined> {
  if (failures >= MAX_FAILURES) return `It failed ${failures} times in a row`;
  if (failures < MAX_STRIKES) return undefined;
  const last = await listLastErrors(tx, { scriptId, limit: MAX_STRIKES });
  return last.every((code) => strikes.includes(code ?? ""))
    ? `It had to be stopped ${MAX_STRIKES} times in a row`
    : undefined;
}

export type Finished = {
  scriptId: string;
  /** Where its runs are announced. */
  stream: string;
  projectRef: string | null;
  /** In order. */
  runs: FinishedRun[];
};

/** How many of the last runs failed, and whether one before them did not. */
function failuresIn(runs: FinishedRun[]): { inRow: number; since: boolean } {
  const lastGood = runs.findLastIndex(({ status }) => status === "ok");
  return { inRow: runs.length - 1 - lastGood, since: lastGood >= 0 };
}

/**
 * Writes down that runs are over, in one transaction with what `move` does, so that none is counted twice. Disables a
 * script that has failed too often; gives whether it did.
 */
export async function finishRuns(
  parts: Pick<Parts, "writer">,
  finished: Finished,
  move: (tx: Tx) => Promise<void>,
): Promise<boolean> {
  const { scriptId, stream, runs } = finished;
  const ctx = systemContext(parts, {
    name: "scripts",
    emits: [...outcomes, "script.disabled", "notification.created"],
  });
  return transact(ctx, stream, async (tx) => {
    await move(tx);
    if (runs.length === 0) return false;
    const failures = await countFailures(tx, { scriptId, ...failuresIn(runs) });
    // undefined: the script was deleted meanwhile.
    if (failures === undefined) return false;
    await tellRuns(tx, finished);
    const reason = await reasonToDisable(tx, scriptId, failures);
    if (reason === undefined) return false;
    const script = await disableScriptRow(tx, { id: scriptId, reason });
    if (script) {
      tx.emit("script.disabled", { script });
      await tellOwner(tx, finished, script);
    }
    return true;
  });
}

/** Where it failed in a project: other notifications have no place to be about. */
async function tellOwner(
  tx: Tx,
  { runs, projectRef }: Finished,
  { name, owner, disabledReason }: Script,
): Promise<void> {
  const projectId = runs.at(-1)?.projectId;
  if (!projectId || projectRef === null) return;
  const receiver = await findReceiver(tx, { userId: owner.id, projectId, issue: undefined });
  if (!receiver?.listens) return;
  const summary = `Your script ${name} is disabled: ${disabledReason}`;
  const row = await insertMessage(tx, {
    userId: owner.id,
    projectId,
    issue: undefined,
    seq: runs.at(-1)?.seq ?? 0,
    summary,
    byMail: receiver.byMail,
  });
  const notification: Notification = { ...row, project: projectRef, key: null };
  tx.emit("notification.created", { notification }, { stream: userStream(owner.id) });
}

/** For a run that someone asked for: it is logged and announced, and sets nothing back or forth. */
export const finishManualRun = <T>(ctx: WriteContext, finished: Finished, answer: T): Promise<T> =>
  transact(ctx, finished.stream, async (tx) => {
    await tellRuns(tx, finished);
    return answer;
  });

async function tellRuns(tx: Tx, { scriptId, projectRef, runs }: Finished): Promise<void> {
  await insertRuns(tx, runs);
  for (const run of runs) {
    const { id, seq, depth } = run;
    tx.emit(
      run.status === "ok" ? "script.ran" : "script.failed",
      { run: withoutOutput(run, projectRef) },
      { actor: { id: scriptId, kind: "script" }, cause: { seq: seq ?? 0, runId: id, depth } },
    );
  }
}

function withoutOutput({ projectId: _, output: __, ...run }: FinishedRun, project: string | null) {
  return { ...run, project } satisfies Omit<ScriptRun, "output">;
}
