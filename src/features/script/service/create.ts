import { randomUUID } from "node:crypto";
import type { Input, Output, Triggers } from "../../../../protocol/index.ts";
import type { Context, ScriptContext } from "../../../kernel/context.ts";
import { AppError } from "../../../kernel/errors.ts";
import { type Tx, transact } from "../../../kernel/transact.ts";
import { MAX_SCRIPTS } from "../policy.ts";
import { findStanding, type Standing } from "../repository/script.ts";
import { insertScript } from "../repository/write.ts";
import { declareSource, type Home, homeOf, ticksOf } from "./declare.ts";

export const nameTaken = (name: string) => new AppError("conflict", `There is a script named ${name} already`);

type Fields = Pick<Input<"script.create">, "name" | "source" | "params" | "timeoutMs" | "enabled">;

export async function createScript(
  ctx: ScriptContext,
  input: Input<"script.create">,
): Promise<Output<"script.create">> {
  return createScriptIn(ctx, homeOf(ctx), input);
}

/**
 * For commands that emit `script.created`; the script is the actor's. `standing`: where it was read already; a name that
 * was taken since is refused by the table.
 */
export async function createScriptIn(
  ctx: Context,
  home: Home,
  fields: Fields,
  standing?: Standing,
): Promise<Output<"script.create">> {
  const triggers = await declareSource(ctx, home, fields);
  return transact(ctx, home.stream, (tx) => addScript(tx, ctx, { ...fields, home, triggers, standing }));
}

/** Part of a transaction that has the place's stream locked; two statements, or one with the `standing`. */
export async function addScript(
  tx: Tx,
  ctx: Context,
  script: Fields & { home: Home; triggers: Triggers; standing?: Standing | undefined },
): Promise<Output<"script.create">> {
  const { name, source, params, timeoutMs, enabled, triggers } = script;
  const { orgId, projectId, stream } = script.home;
  const standing = script.standing ?? (await findStanding(tx, { orgId, projectId, name }));
  if (standing.nameTaken) throw nameTaken(name);
  if (standing.count >= MAX_SCRIPTS) throw new AppError("conflict", `At most ${MAX_SCRIPTS} scripts`);
  const made = await insertScript(tx, {
    id: randomUUID(),
    orgId,
    projectId,
    name,
    source,
    params,
    timeoutMs,
    enabled,
    triggers,
    ownerId: ctx.actor.id,
    ticks: ticksOf(ctx, script),
  });
  const { source: _, ...shown } = made;
  tx.emit("script.created", { script: shown }, { stream });
  return made;
}
