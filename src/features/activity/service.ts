import type { Input, Output } from "../../../protocol/index.ts";
import type { ProjectContext } from "../../kernel/context.ts";
import { findActivity } from "./repository.ts";

export async function listActivity(
  ctx: ProjectContext,
  input: Input<"activity.list">,
): Promise<Output<"activity.list">> {
  const { issue, actor, type, cursor, limit } = input;
  return findActivity(ctx.db, ctx.project, { issue, actor, type, cursor, limit });
}
