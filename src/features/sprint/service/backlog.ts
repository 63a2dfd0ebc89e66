import type { Input, Output } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { listBacklog } from "../repository/backlog.ts";

export async function listProjectBacklog(
  ctx: ProjectContext,
  { cursor, limit }: Input<"backlog.list">,
): Promise<Output<"backlog.list">> {
  return listBacklog(ctx.db, { project: ctx.project, cursor, limit });
}
