import { type ExpressionBuilder, sql } from "kysely";
import type { Script, Triggers, UserRef } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";
import type { DB } from "../../../kernel/schema.ts";
import { type AfterName, byName } from "../../org/by-name.ts";
import { userRef } from "../../org/person.ts";

/** Where scripts are: in a project, or else in an organization. */
export type Place = { orgId: string; projectId: string | null };

const org = sql<string>`(select orgs.slug from orgs where orgs.id = scripts.org_id)`;
const project = sql<string | null>`(
  select orgs.slug || '/' || projects.slug from projects join orgs on orgs.id = projects.org_id
  where projects.id = scripts.project_id
)`;
const owner = sql<UserRef>`(select ${userRef} from users where users.id = scripts.owner_id)`;

/** The columns of protocol `Script`. */
export const scriptColumns = [
  "scripts.id",
  org.as("org"),
  project.as("project"),
  "scripts.name",
  "scripts.enabled",
  "scripts.disabledReason",
  owner.as("owner"),
  sql<Triggers>`scripts.triggers`.as("triggers"),
  sql<Script["params"]>`scripts.params`.as("params"),
  "scripts.revision",
  "scripts.timeoutMs",
  "scripts.failures",
  "scripts.createdAt",
  "scripts.updatedAt",
] as const;

const isIn =
  ({ orgId, projectId }: Place) =>
  (eb: ExpressionBuilder<DB, "scripts">) =>
    eb.and([
      eb("scripts.orgId", "=", orgId),
      projectId === null ? eb("scripts.projectId", "is", null) : eb("scripts.projectId", "=", projectId),
    ]);

export async function listScriptRows(
  db: Db,
  { after, limit, ...place }: Place & { after: AfterName; limit: number },
): Promise<Script[]> {
  const order = byName({ name: "scripts.name", id: "scripts.id" });
  return db
    .selectFrom("scripts")
    .select(scriptColumns)
    .where(isIn(place))
    .where(order.behind(after))
    .orderBy(order.name)
    .orderBy("scripts.id")
    .limit(limit)
    .execute();
}

/** With its source. */
export async function findScript(db: Db, scriptId: string): Promise<(Script & { source: string }) | undefined> {
  return db
    .selectFrom("scripts")
    .select([...scriptColumns, "scripts.source"])
    .where("id", "=", scriptId)
    .executeTakeFirst();
}

/** Like `findScript`, with what an older revision of it was; that is null when there is none. */
export async function findScriptAndRevision(db: Db, { scriptId, number }: { scriptId: string; number: number }) {
  return db
    .selectFrom("scripts")
    .select([...scriptColumns, "scripts.source"])
    .select(
      sql<(Pick<Script, "params"> & { source: string }) | null>`(
        select json_build_object('source', older.source, 'params', older.params) from script_revisions older
        where older.script_id = scripts.id and older.number = ${number}
      )`.as("older"),
    )
    .where("id", "=", scriptId)
    .executeTakeFirst();
}

/** How many scripts are in a place, and whether one of them has the name. */
export type Standing = { count: number; nameTaken: boolean };

export async function findStanding(db: Db, { name, ...place }: Place & { name: string }): Promise<Standing> {
  return db
    .selectFrom("scripts")
    .select([
      sql<number>`count(*)`.as("count"),
      sql<boolean>`coalesce(bool_or(scripts.name = ${name}), false)`.as("nameTaken"),
    ])
    .where(isIn(place))
    .executeTakeFirstOrThrow();
}

/** Like `findScript`, and whether another one of its place has the name. */
export async function findScriptAndClash(db: Db, { scriptId, name }: { scriptId: string; name: string | undefined }) {
  return db
    .selectFrom("scripts")
    .select([...scriptColumns, "scripts.source"])
    .select(
      sql<boolean>`exists (
        select from scripts other where other.org_id = scripts.org_id and other.name = ${name ?? ""}
          and other.project_id is not distinct from scripts.project_id and other.id <> scripts.id
      )`.as("nameTaken"),
    )
    .where("id", "=", scriptId)
    .executeTakeFirst();
}
