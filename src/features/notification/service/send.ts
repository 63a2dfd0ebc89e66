import type { Input, Notification, Output } from "../../../../protocol/index.ts";
import type { ProjectContext } from "../../../kernel/context.ts";
import { AppError, found } from "../../../kernel/errors.ts";
import { userStream } from "../../../kernel/event-log.ts";
import { transact } from "../../../kernel/transact.ts";
import { checkPresent, missing } from "../../issue/service/find.ts";
import { findReceiver, insertMessage } from "../repository/send.ts";

/** Nothing of the project changes, so it is the stream of whoever is told that is locked. */
export async function sendNotification(
  ctx: ProjectContext,
  { userId, text, issue }: Input<"notification.send">,
): Promise<Output<"notification.send">> {
  const { project } = ctx;
  if (ctx.actor.kind !== "script") {
    throw new AppError("forbidden", "Only scripts send notifications; mention people in a comment");
  }
  return transact(ctx, userStream(userId), async (tx) => {
    const receiver = found(await findReceiver(tx, { userId, projectId: project.id, issue }), "Member");
    if (issue !== undefined) {
      if (!receiver.issue) throw await missing(ctx, tx, issue);
      checkPresent(receiver.issue);
    }
    if (!receiver.listens) return { told: false };
    const row = await insertMessage(tx, {
      userId,
      projectId: project.id,
      issue,
      seq: ctx.cause?.seq ?? 0,
      summary: text.replace(/\s+/g, " "),
      byMail: receiver.byMail,
    });
    const key = row.issue === null ? null : `${project.key}-${row.issue}`;
    const notification: Notification = { ...row, project: project.ref, key };
    tx.emit("notification.created", { notification });
    return { told: true };
  });
}
