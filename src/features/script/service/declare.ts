import type { Script, Triggers } from "../../../../protocol/index.ts";
import type { SourceFault } from "../../../kernel/automation.ts";
import type { Context, ScriptContext } from "../../../kernel/context.ts";
import { AppError, found } from "../../../kernel/errors.ts";
import { faultOf, lineOf } from "../policy.ts";
import type { Place } from "../repository/script.ts";
import type { Tick } from "../repository/write.ts";

/** Where a script is to be, with the stream that tells of it. */
export type Home = Place & { stream: string };

export function homeOf({ project, org }: Pick<ScriptContext, "project" | "org">): Home {
  if (project) return { orgId: project.orgId, projectId: project.id, stream: project.stream };
  const { id, stream } = found(org, "Organization");
  return { orgId: id, projectId: null, stream };
}

type Source = Pick<Script, "params"> & { source: string };
type Checked = { triggers: Triggers; fault?: never } | { fault: SourceFault; triggers?: never };

/** What sets a source off, or what is wrong with it. */
export async function checkSource(
  ctx: Context,
  { orgId, projectId }: Place,
  { source, params }: Source,
): Promise<Checked> {
  const declared = await ctx.automation.declare({ orgId, source, params });
  if (declared.fault) return declared;
  const fault = faultOf(declared.triggers, projectId === null ? "org" : "project");
  if (!fault) return declared;
  return { fault: { message: fault.message, line: fault.name === undefined ? null : lineOf(source, fault.name) } };
}

/** Throws `invalid` with the line when something is wrong with the source. */
export async function declareSource(ctx: Context, place: Place, source: Source): Promise<Triggers> {
  const { fault, triggers } = await checkSource(ctx, place, source);
  if (triggers) return triggers;
  const { message, line } = fault;
  const where = line === null ? "" : `line ${line}: `;
  throw new AppError("invalid", `source: ${where}${message}`, {
    details: { issues: [{ path: "source", message, line }] },
  });
}

/** The schedules of an enabled script, each with its next tick. */
export function ticksOf(ctx: Context, { enabled, triggers }: { enabled: boolean; triggers: Triggers }): Tick[] {
  if (!enabled) return [];
  return triggers.schedules.map((schedule) => ({
    ...schedule,
    nextAt: ctx.automation.nextTick(schedule, ctx.now())?.toISOString() ?? null,
  }));
}
