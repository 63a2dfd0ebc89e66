import type { Input, Output } from "../../../../protocol/index.ts";
import type { ScriptContext } from "../../../kernel/context.ts";

export const runScript = (ctx: ScriptContext, input: Input<"script.run">): Promise<Output<"script.run">> =>
  ctx.automation.run(ctx, input);

export const replayScript = (ctx: ScriptContext, input: Input<"script.replay">): Promise<Output<"script.replay">> =>
  ctx.automation.replay(ctx, input);
