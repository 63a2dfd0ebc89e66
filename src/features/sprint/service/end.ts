import type { WriteContext } from "../../../kernel/context.ts";
import { projectStream } from "../../../kernel/event-log.ts";
import { transact } from "../../../kernel/transact.ts";
import { endSprintRow } from "../repository/sprint.ts";

/** Tells that the end of a sprint has passed, unless that was told or the end was put off meanwhile. */
export async function endSprint(
  ctx: WriteContext,
  { id, projectId, now }: { id: string; projectId: string; now: Date },
): Promise<void> {
  await transact(ctx, projectStream(projectId), async (tx) => {
    const sprint = await endSprintRow(tx, { id, now });
    if (sprint) tx.emit("sprint.ended", { sprint });
  });
}
