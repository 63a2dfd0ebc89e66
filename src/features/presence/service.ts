import type { Input, Output } from "../../../protocol/index.ts";
import { connectionOf } from "../../kernel/connection.ts";
import type { ProjectContext } from "../../kernel/context.ts";

export async function setPresence(ctx: ProjectContext, input: Input<"presence.set">): Promise<Output<"presence.set">> {
  const { stream, ref } = ctx.project;
  const { issue, state } = input;
  await connectionOf(ctx).present({ stream, project: ref, ...(issue !== undefined && { issue }), state });
  return {};
}
