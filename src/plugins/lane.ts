/** One batch of a lane: the next events of a stream, for one script. */
import {
  consumerOf,
  type LoadedScript,
  listPeople,
  listStoredCalls,
  loadProject,
  loadScript,
} from "../features/script/repository/running.ts";
import { finishRuns, isStrike, MAX_FAILURES } from "../features/script/service/finish.ts";
import type { Parts } from "../kernel/context.ts";
import type { Db } from "../kernel/db.ts";
import { deriveId } from "../kernel/derive-id.ts";
import { type LoggedEvent, readLog, streamKind } from "../kernel/event-log.ts";
import { isHeld, movePosition } from "../kernel/positions.ts";
import { hears } from "./context.ts";
import type { RunPlan, RunReport } from "./run.ts";

const BATCH = 50;
/** Runs that are over are written down together, at most so late. */
const WRITE_EVERY_MS = 50;

/** A script in a stream. */
export type Lane = { scriptId: string; stream: string };
export const keyOf = ({ scriptId, stream }: Lane): string => `${scriptId} ${stream}`;
export const positionOf = ({ scriptId, stream }: Lane) => ({ consumer: consumerOf(scriptId), stream });

export type EventPlan = Omit<RunPlan, "send" | "dryRun" | "attempt">;

export type Surroundings = {
  parts: Pick<Parts, "db" | "writer">;
  instance: string;
  /** Every statement waits its turn here. */
  statement<T>(send: () => Promise<T>): Promise<T>;
  isRunning(): boolean;
  /** undefined: not now. */
  attempt(lane: Lane, plan: EventPlan): Promise<RunReport | undefined>;
};

/** `moved`: there may be more; `failed`: the event behind what was written is to be tried again later. */
export type Step = { kind: "moved"; seq: number } | { kind: "end" } | { kind: "failed" };

/** From where to go on, how far the stream goes, and whether events behind it may have been handled. */
type Start = { from: number; head: number; isDoubtful: boolean };

export async function handleBatch(surroundings: Surroundings, lane: Lane, start: Start): Promise<Step> {
  const { parts, instance, statement } = surroundings;
  const { db } = parts;
  const { from, head } = start;
  const events = await statement(() => readLog(db, { stream: lane.stream, after: from, limit: BATCH }));
  const last = events.at(-1)?.seq ?? head;
  // Without events, those up to the head have been pruned.
  if (last <= from) return { kind: "end" };
  const script = await statement(() => loadScript(db, lane.scriptId));
  // Disabled or deleted: there is no position to move any more, or it is set anew when it is enabled.
  if (!script?.enabled) return { kind: "end" };
  const heard = events.filter((event) => hears(script.triggers.events, event));
  if (heard.length === 0) {
    await statement(() => movePosition(db, { ...positionOf(lane), from, to: last }));
    return { kind: "moved", seq: last };
  }
  // Else it was disabled and enabled since the claim, and these events are none of its business.
  const isOurs = await statement(() => isHeld(db, { ...positionOf(lane), instance, seq: from }));
  return isOurs ? runAll(surroundings, { lane, script, heard, last, start }) : { kind: "end" };
}

type Batch = { lane: Lane; script: LoadedScript; heard: LoggedEvent[]; last: number; start: Start };

async function runAll(surroundings: Surroundings, batch: Batch): Promise<Step> {
  const { lane, script, heard, last, start } = batch;
  const background = await prepare(surroundings, batch);
  const log = openLog(surroundings, { lane, projectRef: background.project?.ref ?? null, from: start.from });
  let failures = script.failures;
  for (const event of heard) {
    if (!surroundings.isRunning()) break;
    const report = await surroundings.attempt(lane, planOf(batch, event, background));
    if (!report) {
      await log.write(event.seq - 1);
      return { kind: "failed" };
    }
    log.add(report.run);
    failures = report.run.status === "ok" ? 0 : failures + 1;
    const mayEnd = failures >= MAX_FAILURES || isStrike(report.run);
    if ((mayEnd || log.isLate()) && (await log.write(event.seq))) return { kind: "end" };
  }
  const seq = surroundings.isRunning() ? last : log.lastSeq();
  return (await log.write(seq)) ? { kind: "end" } : { kind: "moved", seq };
}

async function prepare({ parts: { db }, statement }: Surroundings, { lane, script, heard, start }: Batch) {
  const { stream } = lane;
  const projectId = streamKind(stream) === "project" ? stream.slice("project:".length) : undefined;
  const actorIds = [...new Set(heard.flatMap(({ actor }) => actor.id ?? []))];
  const runIds = heard.map((event) => deriveId(script.id, stream, event.seq));
  const [project, people, stored] = await Promise.all([
    script.project ?? (projectId === undefined ? undefined : statement(() => loadProject(db, projectId))),
    statement(() => listPeople(db, actorIds)),
    start.isDoubtful ? statement(() => listStoredCalls(db, { scriptId: script.id, runIds })) : [],
  ]);
  return { project: project ?? null, people, stored };
}

function planOf(
  { lane: { stream }, script }: Batch,
  event: LoggedEvent,
  { project, people, stored }: Awaited<ReturnType<typeof prepare>>,
): EventPlan {
  const id = deriveId(script.id, stream, event.seq);
  return {
    id,
    script,
    trigger: { kind: "event", stream, event },
    project,
    people,
    stored: stored.filter(({ runId }) => runId === id),
    // The time of the event: the same each time it is tried.
    now: new Date(event.at),
  };
}

/** Gathers runs that are over. */
function openLog(
  { parts, statement }: Surroundings,
  { lane, projectRef, from }: { lane: Lane; projectRef: string | null; from: number },
) {
  let position = from;
  let runs: RunReport["run"][] = [];
  let since = performance.now();
  return {
    add: (run: RunReport["run"]) => runs.push(run),
    isLate: () => performance.now() - since > WRITE_EVERY_MS,
    lastSeq: () => runs.at(-1)?.seq ?? position,
    /** Writes them down and moves on to `to`; gives whether the script is disabled now. */
    async write(to: number): Promise<boolean> {
      const [at, over] = [position, runs];
      if (to <= at) return false;
      [position, runs, since] = [to, [], performance.now()];
      const move = (on: Db) => movePosition(on, { ...positionOf(lane), from: at, to });
      return statement(() => finishRuns(parts, { ...lane, projectRef, runs: over }, move));
    },
  };
}
