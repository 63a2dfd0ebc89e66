import type { Input, Output } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { userStream } from "../../../kernel/event-log.ts";
import { transact } from "../../../kernel/transact.ts";
import { presentIssue } from "../../issue/service/find.ts";
import { deleteWatcher, insertWatcher } from "../repository/own.ts";

/** Nothing of the project changes, so it is the person's stream that is locked. */
export async function watchIssue(ctx: ProjectContext, { issue }: Input<"issue.watch">): Promise<Output<"issue.watch">> {
  const userId = ctx.actor.id;
  return transact(ctx, userStream(userId), async (tx) => {
    const { id: issueId } = await presentIssue(ctx, tx, issue);
    await insertWatcher(tx, { issueId, userId });
    return {};
  });
}

export async function unwatchIssue(
  ctx: ProjectContext,
  { issue }: Input<"issue.unwatch">,
): Promise<Output<"issue.unwatch">> {
  const userId = ctx.actor.id;
  return transact(ctx, userStream(userId), async (tx) => {
    const { id: issueId } = await presentIssue(ctx, tx, issue);
    await deleteWatcher(tx, { issueId, userId });
    return {};
  });
}
