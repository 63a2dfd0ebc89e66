import { sql } from "kysely";
import type { GalleryItem, Input, OrgRole, ProjectRole, Script } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";
import type { Tx } from "../../../kernel/transact.ts";
import { userRef } from "../../org/person.ts";

export type ScriptToPublish = {
  source: string;
  params: Script["params"];
  orgId: string;
  projectId: string | null;
  /** Of the person who asks, both null for outsiders. */
  orgRole: OrgRole | null;
  projectRole: ProjectRole | null;
};

export async function findScriptToPublish(
  db: Db,
  { scriptId, userId }: { scriptId: string; userId: string },
): Promise<ScriptToPublish | undefined> {
  return db
    .selectFrom("scripts")
    .leftJoin("orgMembers", (join) =>
      join.onRef("orgMembers.orgId", "=", "scripts.orgId").on("orgMembers.userId", "=", userId),
    )
    .leftJoin("projectMembers", (join) =>
      join.onRef("projectMembers.projectId", "=", "scripts.projectId").on("projectMembers.userId", "=", userId),
    )
    .select(["source", "scripts.orgId", "scripts.projectId"])
    .select(["orgMembers.role as orgRole", "projectMembers.role as projectRole"])
    .select(sql<Script["params"]>`params`.as("params"))
    .where("scripts.id", "=", scriptId)
    .executeTakeFirst();
}

export type NewVersion = Pick<
  Input<"gallery.publish">,
  "title" | "summary" | "document" | "category" | "parameters"
> & {
  authorId: string;
  source: string;
};

/** An item with its first version; undefined when its author has `most` already. */
export async function insertItem(tx: Tx, version: NewVersion & { most: number }): Promise<GalleryItem | undefined> {
  const { authorId, category, most } = version;
  return insertVersion(
    tx,
    version,
    sql`
      insert into gallery_items (author_id, category)
      select cast(${authorId} as uuid), cast(${category} as gallery_category)
      where (select count(*) from gallery_items where author_id = ${authorId}) < ${most}
      returning id, version, author_id`,
  );
}

/** The next version of an item; undefined when it is not the author's, or there is none. */
export async function insertNextVersion(
  tx: Tx,
  version: NewVersion & { itemId: string },
): Promise<GalleryItem | undefined> {
  const { authorId, category, itemId } = version;
  return insertVersion(
    tx,
    version,
    sql`
      update gallery_items set version = version + 1, category = ${category}
      where id = ${itemId} and author_id = ${authorId}
      returning id, version, author_id`,
  );
}

/** `item`: a statement that gives the row of the item, with the number of this version. */
async function insertVersion(
  tx: Tx,
  { title, summary, category, document, source, parameters }: NewVersion,
  item: ReturnType<typeof sql>,
): Promise<GalleryItem | undefined> {
  const { rows } = await sql<GalleryItem>`
    with item as (${item}), published as (
      insert into gallery_versions (item_id, number, title, summary, category, document, source, parameters)
      select id, version, ${title}, ${summary}, cast(${category} as gallery_category), ${document}, ${source},
        cast(${JSON.stringify(parameters)} as jsonb)
      from item
      returning item_id, number, title, summary, category, parameters, published_at
    )
    select item.id, number as version, title, summary, category, parameters, published_at,
      (select ${userRef} from users where users.id = item.author_id) as author
    from item join published on published.item_id = item.id`.execute(tx);
  return rows[0];
}
