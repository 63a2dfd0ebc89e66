import type { Input, Output } from "../../../protocol/index.ts";
import type { ProjectContext } from "../../kernel/context.ts";
import { found } from "../../kernel/errors.ts";
import { transact } from "../../kernel/transact.ts";
import { findTransitions, updateTransitions } from "./repository.ts";

export async function getWorkflow(ctx: ProjectContext): Promise<Output<"workflow.get">> {
  return { transitions: found(await findTransitions(ctx.db, ctx.project.id), "Project") };
}

export async function setWorkflow(ctx: ProjectContext, input: Input<"workflow.set">): Promise<Output<"workflow.set">> {
  const { transitions } = input;
  return transact(ctx, ctx.project.stream, async (tx) => {
    const before = found(await findTransitions(tx, ctx.project.id), "Project");
    await updateTransitions(tx, ctx.project.id, transitions);
    const changes = [{ field: "transitions", from: before, to: transitions }];
    tx.emit("workflow.changed", { transitions }, { changes });
    return { transitions };
  });
}
