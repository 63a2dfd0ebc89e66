/**
 * The door of scripts: answers the calls of one run.
 * - Each call is a command that goes through `execute` as the script, with the rights of its owner at that moment.
 * - Call k has a command id derived from run and k, so a run that is tried again applies nothing twice. It is answered
 *   what it was answered before: mutations by their stored answers, and all between them by the journal, which is
 *   stored with the next mutation. So it takes the same way again up to where it was cut off.
 */
import { createHash } from "node:crypto";
import {
  type Ack,
  type Cause,
  type CommandName,
  commands,
  isCommandName,
  type SentCommand,
} from "../../protocol/index.ts";
import { callableCommands } from "../../protocol/script-api.ts";
import type { Request } from "../commands/execute.ts";
import type { LoadedScript, StoredCall } from "../features/script/repository/running.ts";
import type { Caller } from "../kernel/context.ts";
import { deriveId } from "../kernel/derive-id.ts";
import { AppError } from "../kernel/errors.ts";
import { camelKeys, snakeKeys } from "./keys.ts";
import type { CallError, Job } from "./sandbox/job.ts";

export const MAX_CALLS = 1000;
export const MAX_MUTATIONS = 100;

/** Ends a run for a fault of ours: it is tried again. */
export class TryAgain extends Error {
  readonly error: AppError;
  constructor(error: AppError) {
    super(error.message, { cause: error });
    this.name = "TryAgain";
    this.error = error;
  }
}

/** Ends a run that called too often. */
export class TooManyCalls extends Error {}

type Answer = { ok: true; value: unknown } | { ok: false; error: CallError };
/** What call `at` was answered; `hash` tells whether the same was asked. */
type Entry = { at: number; hash: string; answer: Answer };

export type Send = (request: Pick<Request, "name" | "input" | "run">) => Promise<Ack>;

export type Host = {
  call: Job["call"];
  /** What was sent, in order. */
  sent: SentCommand[];
  counts: { calls: number; mutations: number };
  /** How long the script has waited for answers. */
  waitedMs(): number;
  /** Resolves when no command is under way any more. */
  settled(): Promise<unknown>;
};

type Options = {
  run: { id: string };
  script: Pick<LoadedScript, "org" | "project" | "mutationsPerRun">;
  /** The project that calls are for which name none. */
  projectRef: string | null;
  /** What earlier attempts did. */
  stored: StoredCall[];
  send: Send;
};

/** Who a script is to the rest of the server. */
export const callerOf = ({ id, owner, org, project }: LoadedScript): Caller => ({
  actor: { id, kind: "script" },
  rightsOf: owner.id,
  sessionId: null,
  grant: { keyId: null, scopes: ["admin"], projectIds: project && [project.id], orgId: org.id },
  expiresAtMs: Number.POSITIVE_INFINITY,
});

export const causeOf = (run: { id: string; seq: number | null; depth: number }): Cause => ({
  seq: run.seq ?? 0,
  runId: run.id,
  depth: run.depth,
});

const callable: ReadonlySet<string> = new Set(callableCommands);

/** Errors that are no fault of the script: a used up quota too, since tomorrow it may go on. */
const oursAlways: ReadonlySet<string> = new Set(["unavailable", "internal", "quota_exceeded"]);

const hashOf = (op: string, args: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify([op, args]))
    .digest("base64url");

/** Recorded answers by the number of their call. */
function recall(runId: string, stored: StoredCall[]): Map<number, Entry | { data: unknown }> {
  const known = new Map<number, Entry | { data: unknown }>();
  const byId = new Map(stored.map((call) => [call.commandId, call]));
  for (const { journal } of stored) for (const entry of (journal ?? []) as Entry[]) known.set(entry.at, entry);
  for (let at = 1; at <= MAX_CALLS && byId.size > 0; at += 1) {
    const call = byId.get(deriveId(runId, at));
    if (call) known.set(at, { data: call.data });
  }
  return known;
}

export function createHost({ run, script, projectRef, stored, send }: Options): Host {
  const known = recall(run.id, stored);
  const counts = { calls: 0, mutations: 0 };
  const sent: SentCommand[] = [];
  const maxMutations = Math.min(MAX_MUTATIONS, script.mutationsPerRun ?? MAX_MUTATIONS);
  let journal: Entry[] = [];
  let waitedMs = 0;
  let underWay: Promise<unknown> = Promise.resolve();

  /** The input with the place that it means; undefined when that is outside of where the script is. */
  function place(name: CommandName, args: Record<string, unknown>): Record<string, unknown> | undefined {
    const { access } = commands[name];
    if (access.startsWith("org:")) return { org: script.org.slug, ...args };
    const input = { ...(projectRef !== null && { project: projectRef }), ...args };
    const { project } = input as { project?: unknown };
    const isInside = project === undefined || String(project).startsWith(`${script.org.slug}/`);
    return isInside ? input : undefined;
  }

  async function ask(at: number, name: CommandName, input: Record<string, unknown>): Promise<Answer> {
    const isMutation = commands[name].kind === "mutation";
    const ack = await send({
      name,
      input: isMutation ? { ...input, commandId: deriveId(run.id, at) } : input,
      ...(isMutation && { run: { id: run.id, journal } }),
    });
    if (isMutation) note(name, input, ack.ok ? undefined : ack.error);
    if (ack.ok) return { ok: true, value: snakeKeys(ack.data) };
    const { code, message, details, retryAfterMs } = ack.error;
    const isOurs = oursAlways.has(code) || (code === "conflict" && details?.["firstAnswer"] !== undefined);
    if (isOurs) throw new TryAgain(new AppError(code, message, retryAfterMs === undefined ? {} : { retryAfterMs }));
    return { ok: false, error: { code, message, ...(details && { details: snakeKeys(details) }) } };
  }

  function note(command: string, input: Record<string, unknown>, error?: { code: string; message: string }): void {
    const { code = "", message = "" } = error ?? {};
    sent.push({ command, input, ok: error === undefined, ...(error && { error: { code, message } }) });
  }

  function remembered(entry: Entry | { data: unknown }, hash: string, op: string, input: unknown): Answer {
    if (!("at" in entry)) {
      note(op, input as Record<string, unknown>);
      return { ok: true, value: snakeKeys(entry.data) };
    }
    if (entry.hash === hash) return entry.answer;
    throw new AppError("conflict", `The run did not repeat what it did before: ${op}`);
  }

  async function answer(op: string, args: unknown): Promise<Answer> {
    counts.calls += 1;
    const at = counts.calls;
    if (at > MAX_CALLS) throw new TooManyCalls(`A run may call at most ${MAX_CALLS} times`);
    if (!isCommandName(op) || !callable.has(op)) {
      return { ok: false, error: { code: "not_found", message: `There is no call ${op}` } };
    }
    const isMutation = commands[op].kind === "mutation";
    if (isMutation) counts.mutations += 1;
    if (counts.mutations > maxMutations) throw new TooManyCalls(`A run may change at most ${maxMutations} things`);
    const input = place(op, camelKeys(args ?? {}) as Record<string, unknown>);
    if (!input) return { ok: false, error: { code: "not_found", message: "Project not found" } };
    const hash = hashOf(op, input);
    const before = known.get(at);
    if (before) return remembered(before, hash, op, input);
    const given = await ask(at, op, input);
    // What a mutation did is stored under its command id, together with the journal up to it.
    if (isMutation && given.ok) journal = [];
    else journal.push({ at, hash, answer: given });
    return given;
  }

  return {
    sent,
    counts,
    settled: () => underWay,
    waitedMs: () => waitedMs,
    call(op, args) {
      const from = performance.now();
      const answered = answer(op, args).finally(() => {
        waitedMs += performance.now() - from;
      });
      underWay = answered.catch(() => undefined);
      return answered;
    },
  };
}
