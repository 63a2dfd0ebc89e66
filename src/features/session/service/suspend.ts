import { type Parts, systemContext } from "../../../kernel/context.ts";
import { userStream } from "../../../kernel/event-log.ts";
import { transact } from "../../../kernel/transact.ts";
import { setSuspendedAt } from "../repository/user.ts";

/** Refuses a person everywhere and closes the sockets, or takes that back: they sign in anew then. */
export async function setSuspended(parts: Pick<Parts, "writer" | "now">, userId: string, suspended: boolean) {
  const ctx = systemContext(parts, { name: "suspend", emits: ["session.revoked"] });
  const now = parts.now().toISOString();
  await transact(ctx, userStream(userId), async (tx) => {
    const changed = await setSuspendedAt(tx, { userId, at: suspended ? now : null, now });
    if (changed && suspended) tx.emit("session.revoked", { sessionId: null, reason: "suspended" });
  });
}
