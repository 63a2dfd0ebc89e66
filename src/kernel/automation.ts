import type { Input, Output, Schedule, Triggers } from "../../protocol/index.ts";
import type { ScriptContext } from "./context.ts";

/** What is wrong with a source; the line counts from 1, null where it is not known. */
export type SourceFault = { line: number | null; message: string };
export type Declared = { triggers: Triggers; fault?: never } | { fault: SourceFault; triggers?: never };

/** The part that runs scripts, as features see it. */
export type Automation = {
  /** Runs a source once, without its handlers and without access to anything, and gives what it asked for. */
  declare(source: { orgId: string; source: string; params: Record<string, unknown> }): Promise<Declared>;
  /** The first tick after a moment; null when there is none. */
  nextTick(schedule: Schedule, after: Date): Date | null;
  /** What `script.run` and `script.replay` do. */
  run(ctx: ScriptContext, input: Input<"script.run">): Promise<Output<"script.run">>;
  replay(ctx: ScriptContext, input: Input<"script.replay">): Promise<Output<"script.replay">>;
};
