import { type RawBuilder, sql } from "kysely";
import type { GalleryItem, Input, Parameter, UserRef } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";
import { behind, cursorValues, type Order, readAfter, timeKey, toPage, uuidKey } from "../../../kernel/page.ts";
import { userRef } from "../../org/person.ts";
import type { Place, Standing } from "../../script/repository/script.ts";

const authorOf = (id: RawBuilder<unknown>) => sql<UserRef>`(select ${userRef} from users where users.id = ${id})`;

/** The columns of protocol `GalleryItem`, of a version and its item. */
export const itemColumns = [
  "galleryItems.id",
  "galleryVersions.number as version",
  "title",
  "summary",
  "galleryVersions.category",
  sql<Parameter[]>`parameters`.as("parameters"),
  authorOf(sql`gallery_items.author_id`).as("author"),
  "publishedAt",
] as const;

const newestFirst: Order = {
  name: "gallery",
  keys: [timeKey(sql`gallery_items.created_at`), uuidKey(sql`gallery_items.id`)],
  direction: "desc",
};

/** Each item in its latest version; every word must be in its title or summary. */
export async function listItems(
  db: Db,
  { category, q, cursor, limit }: Input<"gallery.list">,
): Promise<{ items: GalleryItem[]; nextCursor: string | null }> {
  const after = readAfter(newestFirst, cursor);
  let query = db
    .selectFrom("galleryItems")
    .innerJoin("galleryVersions", (join) =>
      join
        .onRef("galleryVersions.itemId", "=", "galleryItems.id")
        .onRef("galleryVersions.number", "=", "galleryItems.version"),
    )
    .select(itemColumns)
    .select(cursorValues(newestFirst).as("cursorValues"))
    .orderBy("galleryItems.createdAt", "desc")
    .orderBy("galleryItems.id", "desc");
  if (category !== undefined) query = query.where("galleryItems.category", "=", category);
  for (const word of (q ?? "").toLowerCase().split(/\s+/)) {
    if (word !== "") query = query.where(sql<boolean>`position(${word} in lower(title || ' ' || summary)) > 0`);
  }
  if (after) query = query.where(behind(newestFirst, after));
  const page = toPage(await query.limit(limit + 1).execute(), limit, (row) => row.cursorValues);
  return { items: page.items.map(({ cursorValues: _, ...item }) => item), nextCursor: page.nextCursor };
}

export type WholeItem = GalleryItem & { document: string; source: string; latestVersion: number };

type Key = { id: string; version: number | undefined };

const wholeItem = (db: Db, { id, version }: Key) =>
  db
    .selectFrom("galleryItems")
    .innerJoin("galleryVersions", "galleryVersions.itemId", "galleryItems.id")
    .select(itemColumns)
    .select(["document", "source", "galleryItems.version as latestVersion"])
    .where("galleryItems.id", "=", id)
    .where("galleryVersions.number", "=", (eb) =>
      version === undefined ? eb.ref("galleryItems.version") : eb.val(version),
    );

/** A version, or the latest; undefined when there is none. */
export const findItem = async (db: Db, key: Key): Promise<WholeItem | undefined> =>
  wholeItem(db, key).executeTakeFirst();

/** With how the scripts stand where it is to be, by this name or else its title. */
export async function findItemAndStanding(
  db: Db,
  { orgId, projectId, name, ...key }: Key & Place & { name: string | undefined },
): Promise<(WholeItem & { standing: Standing }) | undefined> {
  return wholeItem(db, key)
    .select(
      sql<Standing>`(
        select json_build_object(
          'count', count(*),
          'nameTaken', coalesce(bool_or(scripts.name = coalesce(${name ?? null}, gallery_versions.title)), false)
        )
        from scripts where scripts.org_id = ${orgId} and scripts.project_id is not distinct from ${projectId}
      )`.as("standing"),
    )
    .executeTakeFirst();
}
