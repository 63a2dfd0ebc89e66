import { type Bulletin, tellPeople, writeBulletin } from "../features/notification/service/tell.ts";
import { type Parts, systemContext } from "../kernel/context.ts";
import { transact } from "../kernel/transact.ts";
import type { Batch, Consumer } from "./runner.ts";

const NAME = "notifications";
/** Each may concern many people, and all of it is one transaction. */
const BATCH = 50;

/**
 * Tells people what concerns them in their projects. The transaction locks no stream of its own: the project's would
 * make commands wait, so instances take turns at the position, and the streams of the people are locked only when
 * their events are numbered, in the order of their names.
 */
export function createNotifications(parts: Parts, wantsMail: () => void): Consumer {
  const tell = async (bulletin: Bulletin, advance: Batch["advance"]): Promise<void> => {
    const ctx = systemContext(parts, { name: NAME, emits: ["notification.created"] });
    const byMail = await transact(ctx, `${NAME}:${bulletin.stream}`, async (tx) => {
      await advance(tx);
      return tellPeople(tx, bulletin);
    });
    if (byMail) wantsMail();
  };
  return {
    name: NAME,
    streams: "project",
    batchSize: BATCH,
    async handle({ stream, events, advance }) {
      const projectId = stream.slice("project:".length);
      const bulletin = await writeBulletin(parts.db, { projectId, stream, events });
      if (bulletin) await tell(bulletin, advance);
    },
  };
}
