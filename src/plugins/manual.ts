/** Runs that someone asks for: for real, for trial, and for what has been. */
import { randomUUID } from "node:crypto";
import { type Ack, events as catalogue, type Input, type Output } from "../../protocol/index.ts";
import type { Request } from "../commands/execute.ts";
import { findProjectAccess } from "../features/project/repository.ts";
import {
  type LoadedProject,
  type LoadedScript,
  listLastEvents,
  listPeople,
  listStoredCalls,
  loadProject,
  loadScript,
} from "../features/script/repository/running.ts";
import { finishManualRun } from "../features/script/service/finish.ts";
import type { Parts, ScriptContext } from "../kernel/context.ts";
import { deriveId } from "../kernel/derive-id.ts";
import { AppError, found, invalid } from "../kernel/errors.ts";
import { type LoggedEvent, orgStream, projectStream, readLog } from "../kernel/event-log.ts";
import { transact } from "../kernel/transact.ts";
import { hears, type Trigger } from "./context.ts";
import { TryAgain } from "./host.ts";
import { createPast } from "./past.ts";
import { createRehearsal } from "./rehearse.ts";
import { type RunPlan, type RunReport, runScript } from "./run.ts";
import type { Sandbox } from "./sandbox/job.ts";

const MAX_REPLAYED = 100;
/** A replay answers with what it has by then, and where to go on. */
const REPLAY_MS = 8000;
/** Events read at once. */
const PAGE = 200;

type Common = Pick<Request, "caller" | "requestId">;
type Options = {
  parts: Omit<Parts, "automation">;
  sandbox: Sandbox;
  execute: (request: Request) => Promise<Ack>;
  commonOf: (plan: Pick<RunPlan, "id" | "script" | "trigger">) => Common;
  run: (plan: Omit<RunPlan, "send" | "dryRun">) => Promise<RunReport>;
};

/** Where a script is run by hand. */
type Scene = { script: LoadedScript; project: LoadedProject | null; stream: string };

export function createManualRuns({ parts, sandbox, execute, commonOf, run: runForReal }: Options) {
  const { config, db } = parts;

  async function setScene(
    ctx: ScriptContext,
    { scriptId, project: ref }: { scriptId: string; project?: string | undefined },
  ) {
    const script = found(await loadScript(ctx.db, scriptId), "Script");
    const named = ref === undefined ? undefined : await findProjectAccess(ctx.db, { userId: ctx.actor.id, ref });
    const project = script.project ?? (named && found(await loadProject(ctx.db, named.id), "Project")) ?? null;
    const stream = project ? projectStream(project.id) : orgStream(script.org.id);
    return { script, project, stream } satisfies Scene;
  }

  async function findEvent(stream: string, seq: number): Promise<LoggedEvent> {
    const [event] = await readLog(db, { stream, after: seq - 1, limit: 1 });
    if (event?.seq === seq) return event;
    throw new AppError(event ? "gone" : "not_found", event ? "The event is no longer kept" : "Event not found");
  }

  /** The last event that would set the script off. */
  async function findLastHeard({ script, stream }: Scene): Promise<LoggedEvent | undefined> {
    const patterns = script.triggers.events;
    const types = Object.keys(catalogue).filter(
      (type) => hears(patterns, { type, data: {} }) || hears(patterns, { type, data: { changes: { status: "" } } }),
    );
    const last = await listLastEvents(db, { stream, types, limit: PAGE });
    const heard = last.find((event) => hears(patterns, event));
    return heard && findEvent(stream, heard.seq);
  }

  async function findTrigger(ctx: ScriptContext, scene: Scene, eventSeq: number | undefined): Promise<Trigger> {
    const { stream, script } = scene;
    const event = eventSeq === undefined ? await findLastHeard(scene) : await findEvent(stream, eventSeq);
    if (event) return { kind: "event", stream, event };
    if (script.triggers.schedules.length > 0) {
      return { kind: "schedule", place: 1, scheduledFor: ctx.now().toISOString() };
    }
    throw invalid("eventSeq", "nothing that would set it off has happened yet; name an event");
  }

  async function planFor(scene: Scene, trigger: Trigger, id: string) {
    const actorIds = trigger.kind === "event" ? [trigger.event.actor.id ?? []].flat() : [];
    return {
      id,
      script: scene.script,
      trigger,
      manual: true,
      project: scene.project,
      people: await listPeople(db, actorIds),
      attempt: 1,
      stored: [],
      now: trigger.kind === "event" ? new Date(trigger.event.at) : new Date(trigger.scheduledFor),
    } satisfies Omit<RunPlan, "send" | "dryRun">;
  }

  async function honestly<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof TryAgain ? error.error : error;
    }
  }

  async function run(ctx: ScriptContext, input: Input<"script.run">): Promise<Output<"script.run">> {
    const scene = await setScene(ctx, input);
    const trigger = await findTrigger(ctx, scene, input.eventSeq);
    const { script, project, stream } = scene;
    // The same command again is the same run.
    const id = ctx.commandId === undefined ? randomUUID() : deriveId(script.id, ctx.actor.id, ctx.commandId);
    const plan = await planFor(scene, trigger, id);
    const { run: over, sent: commands } = await honestly(async () => {
      if (input.dryRun) {
        const send = createRehearsal({ parts, execute, common: commonOf(plan) });
        return runScript({ config, sandbox }, { ...plan, send, dryRun: true });
      }
      return runForReal({ ...plan, stored: await listStoredCalls(db, { scriptId: script.id, runIds: [id] }) });
    });
    const { projectId: _, ...shown } = over;
    const projectRef = project?.ref ?? null;
    const answer = { run: { ...shown, project: projectRef }, dryRun: input.dryRun, commands };
    if (input.dryRun) return transact(ctx, stream, async () => answer);
    return finishManualRun(ctx, { scriptId: script.id, stream, projectRef, runs: [over] }, answer);
  }

  type Item = Output<"script.replay">["items"][number];

  async function replayOne(scene: Scene, event: LoggedEvent): Promise<Item> {
    const trigger = { kind: "event" as const, stream: scene.stream, event };
    const plan = await planFor(scene, trigger, randomUUID());
    const past = createPast({ db, stream: scene.stream, seq: event.seq, at: event.at });
    const common = commonOf(plan);
    const { run: over } = await runScript(
      { config, sandbox },
      { ...plan, send: (request) => execute({ ...common, ...request }), dryRun: true, wrap: past.wrap },
    );
    const { seq, type } = event;
    const { error, output } = over;
    const status = error ? ("failed" as const) : ("ok" as const);
    return { seq, type, status, error, output, commands: past.sent, notes: [...past.notes] };
  }

  async function replay(ctx: ScriptContext, input: Input<"script.replay">): Promise<Output<"script.replay">> {
    const { fromSeq, toSeq } = input;
    if (toSeq < fromSeq) throw invalid("toSeq", "not before fromSeq");
    const scene = await setScene(ctx, input);
    const items: Item[] = [];
    const until = performance.now() + REPLAY_MS;
    for (let after = fromSeq - 1; after < toSeq; ) {
      const events = await readLog(db, { stream: scene.stream, after, limit: PAGE });
      const first = events[0];
      if (first && items.length === 0 && after === fromSeq - 1 && first.seq > fromSeq) {
        throw new AppError("gone", "Events that old are no longer kept", { details: { from: first.seq } });
      }
      for (const event of events) {
        if (event.seq > toSeq) break;
        if (!hears(scene.script.triggers.events, event)) continue;
        if (items.length === MAX_REPLAYED || performance.now() > until) return { items, nextSeq: event.seq };
        items.push(await honestly(() => replayOne(scene, event)));
      }
      if (events.length < PAGE) break;
      after = events.at(-1)?.seq ?? toSeq;
    }
    return { items, nextSeq: null };
  }

  return { run, replay };
}
