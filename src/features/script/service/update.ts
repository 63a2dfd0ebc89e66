import { isDeepStrictEqual } from "node:util";
import type { Input, Output, Triggers } from "../../../../protocol/index.ts";
import type { ScriptContext } from "../../../kernel/context.ts";
import { AppError, found } from "../../../kernel/errors.ts";
import { transact } from "../../../kernel/transact.ts";
import { changesOf } from "../../org/changes.ts";
import { findScript, findScriptAndClash, findScriptAndRevision } from "../repository/script.ts";
import { updateScriptRow } from "../repository/write.ts";
import { nameTaken } from "./create.ts";
import { declareSource, homeOf, ticksOf } from "./declare.ts";

type Saved = Output<"script.update">;
type Patch = Input<"script.update">["patch"];
type Changed = Pick<Saved, "name" | "timeoutMs" | "revision">;

export async function updateScript(
  ctx: ScriptContext,
  { scriptId, patch, expect }: Input<"script.update">,
): Promise<Saved> {
  return save(ctx, found(await findScript(ctx.db, scriptId), "Script"), { patch, expect });
}

export async function rollbackScript(
  ctx: ScriptContext,
  { scriptId, revision: number }: Input<"script.rollback">,
): Promise<Saved> {
  const { older, ...seen } = found(await findScriptAndRevision(ctx.db, { scriptId, number }), "Script");
  return save(ctx, seen, { patch: found(older, `Revision ${number}`) });
}

/** What is tried before anything is locked, and so is good for the revision that was seen only. */
type Trial = { seen: number; isRevised: boolean; triggers: Triggers };

async function trySource(ctx: ScriptContext, seen: Saved, patch: Patch): Promise<Trial> {
  const { source = seen.source, params = seen.params } = patch;
  const isRevised = source !== seen.source || !isDeepStrictEqual(params, seen.params);
  const triggers = isRevised ? await declareSource(ctx, homeOf(ctx), { source, params }) : seen.triggers;
  return { seen: seen.revision, isRevised, triggers };
}

/** Throws `conflict` when it is another revision by now than the sender, or the trial, has seen. */
function checkRevision(present: Saved, seen: (number | undefined)[]): void {
  if (seen.every((revision) => revision === undefined || revision === present.revision)) return;
  throw new AppError("conflict", "The script changed meanwhile", { details: { current: present } });
}

async function save(
  ctx: ScriptContext,
  before: Saved,
  { patch, expect }: { patch: Patch; expect?: number | undefined },
): Promise<Saved> {
  const { seen, isRevised, triggers } = await trySource(ctx, before, patch);
  const concernsSource = patch.source !== undefined || patch.params !== undefined;

  return transact(ctx, homeOf(ctx).stream, async (tx) => {
    const standing = found(await findScriptAndClash(tx, { scriptId: before.id, name: patch.name }), "Script");
    const { nameTaken: isTaken, ...present } = standing;
    checkRevision(present, [expect, concernsSource ? seen : undefined]);
    const { name = present.name, source = present.source, params = present.params } = patch;
    const { timeoutMs = present.timeoutMs } = patch;
    if (isTaken) throw nameTaken(name);
    const revision = present.revision + (isRevised ? 1 : 0);
    const changes = changesOf<Changed>(present, { name, timeoutMs, revision });
    if (changes.length === 0) return present;
    const script = { ...present, name, source, params, timeoutMs, revision, ownerId: ctx.actor.id };
    if (isRevised) script.triggers = triggers;
    const saved = await updateScriptRow(tx, { script, isRevised, ticks: ticksOf(ctx, script) });
    const { source: _, ...shown } = saved;
    tx.emit("script.updated", { script: shown }, { changes });
    return saved;
  });
}
