import type { Input, Output } from "../../../../protocol/index.ts";
import type { ScriptContext } from "../../../kernel/context.ts";
import { checkSource, homeOf } from "./declare.ts";

export async function validateScript(
  ctx: ScriptContext,
  { source, params }: Input<"script.validate">,
): Promise<Output<"script.validate">> {
  const { fault, triggers } = await checkSource(ctx, homeOf(ctx), { source, params });
  return triggers ? { valid: true, errors: [], triggers } : { valid: false, errors: [fault], triggers: null };
}
