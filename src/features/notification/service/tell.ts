import type { Notification } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";
import { type LoggedEvent, userStream } from "../../../kernel/event-log.ts";
import type { Tx } from "../../../kernel/transact.ts";
import { findHandles, findMentioned } from "../mentions.ts";
import { isTelling, type Telling, toNews } from "../news.ts";
import {
  type Background,
  findBackground,
  insertNotifications,
  listMentionable,
  type Notice,
} from "../repository/tell.ts";
import { summarize } from "../sentence.ts";

/** What a project's events have to tell; undefined: nothing, to nobody. */
export type Bulletin = { projectId: string; stream: string; ref: string; key: string; notices: Notice[] };

export async function writeBulletin(
  db: Db,
  { projectId, stream, events }: { projectId: string; stream: string; events: LoggedEvent[] },
): Promise<Bulletin | undefined> {
  const telling = events.filter(isTelling);
  if (telling.length === 0) return undefined;
  const actorIds = telling.flatMap(({ actor }) => actor.id ?? []);
  const created = telling.filter(({ type }) => type === "issue.created");
  const background = await findBackground(db, { projectId, stream, actorIds, created });
  if (!background) return undefined;
  const { ref, key, descriptions } = background;
  const stories = telling.map((event) => ({ event, ...toNews(event, descriptions[event.seq] ?? "") }));
  const handles = stories.flatMap(({ words }) => [...findHandles(words.before), ...findHandles(words.after)].flat());
  const people = handles.length === 0 ? [] : await listMentionable(db, { projectId, handles });
  const notices = stories.map(({ event, watched, assigned, words }) => {
    const before = findMentioned(words.before, people);
    const mentioned = findMentioned(words.after, people).filter((id) => !before.includes(id));
    return { ...about(event, background), watched, assigned, mentioned };
  });
  return { projectId, stream, ref, key, notices };
}

const about = (event: Telling, { key, names }: Background) => ({
  seq: event.seq,
  at: event.at,
  issue: event.issue,
  actorId: event.actor.id,
  summaries: summarize(event, {
    actor: names[event.actor.id ?? ""] ?? (event.actor.kind === "script" ? "A script" : "Rhythm"),
    key: `${key}-${event.issue}`,
  }),
});

/** Notifies in the stream of each person; gives whether anyone wants an e-mail. */
export async function tellPeople(tx: Tx, bulletin: Bulletin): Promise<boolean> {
  const told = await insertNotifications(tx, bulletin);
  for (const { userId, seq: _, byMail: __, ...row } of told) {
    const notification: Notification = { ...row, project: bulletin.ref, key: `${bulletin.key}-${row.issue}` };
    tx.emit("notification.created", { notification }, { stream: userStream(userId) });
  }
  return told.some(({ byMail }) => byMail);
}
