import type { Input, Output } from "../../../../protocol/index.ts";
import type { ScriptContext } from "../../../kernel/context.ts";
import { found } from "../../../kernel/errors.ts";
import { transact } from "../../../kernel/transact.ts";
import { deleteScriptRow } from "../repository/write.ts";
import { homeOf } from "./declare.ts";

export async function deleteScript(
  ctx: ScriptContext,
  { scriptId }: Input<"script.delete">,
): Promise<Output<"script.delete">> {
  return transact(ctx, homeOf(ctx).stream, async (tx) => {
    const { name } = found(await deleteScriptRow(tx, scriptId), "Script");
    tx.emit("script.deleted", { scriptId }, { changes: [{ field: "name", from: name, to: null }] });
    return {};
  });
}
