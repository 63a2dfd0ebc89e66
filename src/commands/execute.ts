/**
 * The corridor: every command of every door passes here, and only here is it limited, checked, counted, timed, logged
 * and answered.
 */
import { createHash, createHmac } from "node:crypto";
import {
  type Ack,
  type Actor,
  type Cause,
  type CommandName,
  commands,
  commonErrors,
  isCommandName,
} from "../../protocol/index.ts";
import type { Caller, Connection, Context, Origin, Parts } from "../kernel/context.ts";
import { AppError, toAppError, toWireError } from "../kernel/errors.ts";
import { findAnswer } from "../kernel/event-log.ts";
import type { Limits } from "../kernel/limits.ts";
import { createWarning } from "../kernel/log.ts";
import { deriveKey } from "../kernel/secrets.ts";
import { type AccessCache, authorize } from "./authorize.ts";
import { handlers } from "./registry.ts";
import { findMalformed } from "./well-formed.ts";

export type Request = {
  name: string;
  input: unknown;
  /** undefined: nobody is signed in, so only public commands run. */
  caller: Caller | undefined;
  requestId: string;
  origin?: Origin;
  connection?: Connection;
  cause?: Cause;
  /** Of a run of a script. */
  run?: { id: string; journal: unknown };
  /** In place of the usual parts: for what is only tried. */
  within?: Pick<Parts, "db" | "writer" | "usage">;
};

export type Execute = {
  /** Never throws: whatever happens becomes an answer. */
  (request: Request): Promise<Ack>;
  /** Refuses new commands with `unavailable`; resolves when those under way are done, or after `patienceMs`. */
  drain(patienceMs: number): Promise<void>;
};

type Options = {
  parts: Parts;
  access: AccessCache;
  limits: Limits;
  /** Told of each command that comes with an API key. */
  keyUsed: (keyId: string) => void;
  /** Check outputs and error codes against the protocol too; for tests. */
  strict: boolean;
};

/** Nobody: the actor of public commands. */
const nobody: Actor & { id: string } = { id: "00000000-0000-0000-0000-000000000000", kind: "system" };
const anonymous: Caller = { actor: nobody, sessionId: null, expiresAtMs: Number.POSITIVE_INFINITY };

function parseInput(name: CommandName, raw: unknown): { commandId?: string | undefined; [field: string]: unknown } {
  const malformed = findMalformed(raw);
  if (malformed)
    throw new AppError("invalid", `${malformed.path}: ${malformed.message}`, { details: { issues: [malformed] } });
  const parsed = commands[name].input.safeParse(raw ?? {});
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues
    .slice(0, 20)
    .map((issue) => ({ path: issue.path.join("."), message: issue.message }));
  const first = issues[0];
  throw new AppError("invalid", `${first?.path || "input"}: ${first?.message}`, { details: { issues } });
}

/** With a key where the input holds secrets, so that nobody can guess them by what is kept. */
const hashInput = (name: string, input: object, key: Buffer | undefined): string =>
  (key ? createHmac("sha256", key) : createHash("sha256")).update(name).update(JSON.stringify(input)).digest("hex");

const isWrongSecret = (name: CommandName, code: string): boolean =>
  commands[name].tries === "email" && code === "unauthenticated";

export function createExecute({ parts, access, limits, keyUsed, strict }: Options): Execute {
  const { log, metrics } = parts;
  const warn = createWarning(log);
  const inputKey = deriveKey(parts.config.JWT_SECRET, "hash of an input with secrets");
  let draining = false;
  let underWay = 0;
  let idle = () => {};
  metrics.onScrape(() => metrics.commandsUnderWay.set(underWay));

  async function run(ctx: Context, input: Record<string, unknown>): Promise<unknown> {
    const spec = commands[ctx.command];
    const scope = await authorize(access, ctx, spec.access, input);
    if (scope.project?.archived && spec.kind === "mutation" && !spec.whenArchived) {
      throw new AppError("conflict", "The project is archived", { details: { archived: true } });
    }
    const uncount = countUse(ctx, scope.org?.id ?? scope.project?.orgId);
    const handler = handlers[ctx.command] as (ctx: Context, input: unknown) => Promise<unknown>;
    try {
      const data = await handler(Object.assign(ctx, scope), input);
      return strict ? spec.output.parse(data) : data;
    } catch (error) {
      // A fault of ours is nobody's use.
      if (["internal", "unavailable"].includes(toAppError(error).code)) uncount();
      throw error;
    }
  }

  /** Counts the command against the plan of the organization that it acts in; gives how to take that back. */
  function countUse({ command, actor, usage }: Context, orgId: string | undefined): () => void {
    const { unmetered, connection } = commands[command];
    if (orgId === undefined || unmetered || connection) return () => undefined;
    return usage.count({ orgId, principalId: actor.id, quota: "commands" });
  }

  /** The first answer of a command that was applied before and so fails now, as a second delete does. */
  async function answeredBefore(ctx: Context): Promise<unknown> {
    if (ctx.commandId === undefined) return undefined;
    const answer = await findAnswer(ctx.db, { actorId: ctx.actor.id, commandId: ctx.commandId });
    if (answer === undefined || answer.inputHash !== ctx.inputHash) return undefined;
    Object.assign(ctx.receipt, {
      replayed: true,
      ...(answer.seq !== null && { stream: answer.stream, seq: answer.seq }),
    });
    return answer.data;
  }

  async function answer(request: Request, name: CommandName): Promise<Ack> {
    const { requestId } = request;
    const spec = commands[name];
    if (spec.access === "public" && request.connection)
      throw new AppError("not_found", `${name} is served over HTTP only`);
    const caller = request.caller ?? (spec.access === "public" ? anonymous : undefined);
    if (!caller) throw new AppError("unauthenticated", "Sign in first");
    if (caller.grant?.keyId) keyUsed(caller.grant.keyId);
    if (draining) throw new AppError("unavailable", "This instance is stopping; connect again", { retryAfterMs: 1000 });
    const { commandId, ...input } = parseInput(name, request.input);
    const ctx: Context = {
      ...parts,
      ...request.within,
      actor: caller.actor,
      caller,
      command: name,
      emits: spec.emits,
      commandId,
      inputHash: commandId === undefined ? "" : hashInput(name, input, spec.secret && inputKey),
      cause: request.cause,
      requestId,
      origin: request.origin,
      connection: request.connection,
      receipt: {},
      ...(request.run && { run: request.run }),
    };
    let data: unknown;
    try {
      data = await limits.guard({ command: name, input, callerId: ctx.actor.id }, () => run(ctx, input));
    } catch (thrown) {
      const error = toAppError(thrown);
      data = error.code === "unavailable" ? undefined : await answeredBefore(ctx);
      if (data === undefined) throw error;
    }
    return { ok: true, data, ...ctx.receipt, requestId } as Ack;
  }

  function refuse(request: Request, thrown: unknown): Ack {
    const { name, requestId } = request;
    const error = toAppError(thrown);
    if (error.code === "internal") log.error({ err: error.cause ?? error, command: name, requestId }, "command failed");
    else if (error.code === "unavailable") warn({ err: error.cause, command: name, requestId }, error.message);
    if (strict && isCommandName(name) && ![...commonErrors, ...commands[name].errors].includes(error.code)) {
      log.error({ command: name, code: error.code }, "command answered with an error that it does not declare");
    }
    return { ok: false, error: toWireError(error), requestId };
  }

  const execute = async (request: Request): Promise<Ack> => {
    const { name } = request;
    const started = performance.now();
    const known = isCommandName(name) ? name : undefined;
    underWay += 1;
    let ack: Ack;
    try {
      if (request.connection) limits.admitMessage(request.connection, name);
      if (!known) throw new AppError("not_found", `There is no command ${JSON.stringify(name.slice(0, 60))}`);
      ack = await answer(request, known);
    } catch (thrown) {
      ack = refuse(request, thrown);
    } finally {
      underWay -= 1;
      if (underWay === 0) idle();
    }
    const code = ack.ok ? "ok" : ack.error.code;
    const seconds = (performance.now() - started) / 1000;
    metrics.commands.inc({ command: known ?? "unknown", code });
    metrics.commandSeconds.observe({ command: known ?? "unknown" }, seconds);
    if (known && isWrongSecret(known, code)) metrics.signInFailures.inc({ command: known });
    log.debug(
      { requestId: request.requestId, command: name, code, actor: request.caller?.actor.id, ms: seconds * 1000 },
      "command",
    );
    return ack;
  };

  return Object.assign(execute, {
    async drain(patienceMs: number): Promise<void> {
      draining = true;
      if (underWay === 0) return;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        idle = resolve;
        timer = setTimeout(resolve, patienceMs);
      });
      clearTimeout(timer);
    },
  });
}
