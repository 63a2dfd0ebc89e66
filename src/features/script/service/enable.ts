import type { Input, Output } from "../../../../protocol/index.ts";
import type { ScriptContext } from "../../../kernel/context.ts";
import { found } from "../../../kernel/errors.ts";
import { transact } from "../../../kernel/transact.ts";
import { findScript } from "../repository/script.ts";
import { disableScriptRow, enableScriptRow } from "../repository/write.ts";
import { homeOf, ticksOf } from "./declare.ts";

export async function setScriptEnabled(
  ctx: ScriptContext,
  { scriptId: id, enabled }: Input<"script.setEnabled">,
): Promise<Output<"script.setEnabled">> {
  const { stream, ...place } = homeOf(ctx);
  return transact(ctx, stream, async (tx) => {
    const { source: _, ...present } = found(await findScript(tx, id), "Script");
    if (present.enabled === enabled) return present;
    const ticks = ticksOf(ctx, { enabled, triggers: present.triggers });
    const script = enabled
      ? await enableScriptRow(tx, { id, ownerId: ctx.actor.id, ticks, ...place })
      : found(await disableScriptRow(tx, { id, reason: null }), "Script");
    const changes = [{ field: "enabled", from: present.enabled, to: enabled }];
    tx.emit(enabled ? "script.enabled" : "script.disabled", { script }, { changes });
    return script;
  });
}
