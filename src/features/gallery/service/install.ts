import type { Input, Output, Parameter, Script } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { AppError, found } from "../../../kernel/errors.ts";
import { createScriptIn } from "../../script/service/create.ts";
import { homeOf } from "../../script/service/declare.ts";
import { fillParams } from "../policy.ts";
import { findItemAndStanding } from "../repository/list.ts";
import { getTemplate, isItemId } from "./list.ts";

type Installing = Input<"gallery.install">;

/** What is published comes with how the scripts stand in the project, which saves a statement. */
async function readItem({ db, project }: ProjectContext, { id, version, name }: Installing) {
  if (!isItemId(id)) return { ...getTemplate({ id, version }), standing: undefined };
  const place = { orgId: project.orgId, projectId: project.id };
  return found(await findItemAndStanding(db, { id, version, name, ...place }), "Published automation");
}

export async function installItem(ctx: ProjectContext, input: Installing): Promise<Output<"gallery.install">> {
  const { title, source, parameters, standing } = await readItem(ctx, input);
  const params = checkParams(parameters, input.params);
  const script = { name: input.name ?? title, source, params, timeoutMs: null, enabled: true };
  return createScriptIn(ctx, homeOf(ctx), script, standing);
}

function checkParams(parameters: readonly Parameter[], given: Script["params"]): Script["params"] {
  const { values, faults } = fillParams(parameters, given);
  if (values) return values;
  const message = faults.map((fault) => `${fault.path}: ${fault.message}`).join("; ");
  throw new AppError("invalid", message, { details: { issues: faults } });
}
