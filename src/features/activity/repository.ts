import { sql } from "kysely";
import type { Activity, Change } from "../../../protocol/index.ts";
import type { ProjectScope } from "../../kernel/context.ts";
import type { Db } from "../../kernel/db.ts";
import { behind, bigintKey, type Order, readAfter, toPage } from "../../kernel/page.ts";

export type ActivityFilter = {
  issue: number | undefined;
  actor: string | undefined;
  type: string | undefined;
  cursor: string | null | undefined;
  limit: number;
};

const newestFirst: Order = { name: "activity", keys: [bigintKey(sql`seq`)], direction: "desc" };

/** A project's history from the event log, newest first; new ranks that nobody asked for are left out. */
export async function findActivity(
  db: Db,
  project: ProjectScope,
  { issue, actor, type, cursor, limit }: ActivityFilter,
): Promise<{ items: Activity[]; nextCursor: string | null }> {
  const after = readAfter(newestFirst, cursor);
  let query = db
    .selectFrom("events")
    .leftJoin("users", "users.id", "events.actorId")
    .leftJoin("issues", (join) =>
      join.on("issues.projectId", "=", project.id).onRef("issues.number", "=", "events.issue"),
    )
    .select(["seq", "at", "events.type", "actorId", "actorKind", "users.displayName", "events.issue", "issues.title"])
    .select(sql<Change[] | null>`events.changes`.as("changes"))
    .where("stream", "=", project.stream)
    .where(sql<boolean>`not (events.type = 'issue.moved' and events.changes is null)`)
    .orderBy("seq", "desc");
  if (issue !== undefined) query = query.where("events.issue", "=", issue);
  if (actor !== undefined) query = query.where("actorId", "=", actor);
  if (type !== undefined) query = query.where("events.type", "=", type);
  if (after) query = query.where(behind(newestFirst, after));

  const page = toPage(await query.limit(limit + 1).execute(), limit, ({ seq }) => [newestFirst.name, seq]);
  const items = page.items.map(({ actorId, actorKind, displayName, issue: number, title, changes, ...event }) => ({
    ...event,
    actor: { id: actorId, kind: actorKind, displayName },
    issue: number === null ? null : { number, key: `${project.key}-${number}`, title },
    changes: changes ?? [],
  }));
  return { items, nextCursor: page.nextCursor };
}
