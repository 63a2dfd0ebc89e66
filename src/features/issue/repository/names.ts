import { type RawBuilder, sql } from "kysely";
import type { ProjectScope } from "../../../kernel/context.ts";
import type { Db } from "../../../kernel/db.ts";

export type Wanted = { kind: "tag" | "stage" | "lane" | "sprint" | "member"; name: string };
/** `ids` of all that are called so, capitals as written if there are such; else `others`, the nearest names. */
export type Named = { ids: string[]; others: string[] };

const ofTable = (kind: Exclude<Wanted["kind"], "member">, project: ProjectScope) =>
  sql`select ${sql.lit(kind)} as kind, id, name, false as hidden
    from ${sql.table(`${kind}s`)} where project_id = ${project.id}`;

/** Members are called by display name or e-mail, which is not shown to others. */
const members = (project: ProjectScope) => sql`
  select 'member', users.id, alias.name, alias.hidden
  from users cross join lateral (values (users.display_name, false), (users.email, true)) as alias(name, hidden)
  where alias.name is not null and users.id in (
    select user_id from org_members where org_id = ${project.orgId}
    union select user_id from project_members where project_id = ${project.id}
  )`;

/** What the names stand for in a project, in their order. */
export async function listNamed(db: Db, project: ProjectScope, wanted: Wanted[]): Promise<Named[]> {
  const kinds = [...new Set(wanted.map(({ kind }) => kind))].sort();
  const known: RawBuilder<unknown>[] = kinds.map((kind) =>
    kind === "member" ? members(project) : ofTable(kind, project),
  );
  const { rows } = await sql<{ exact: string[]; alike: string[]; others: string[] }>`
    with known(kind, id, name, hidden) as materialized (${sql.join(known, sql` union all `)})
    select
      array(select id from known k where k.kind = w.kind and (k.name = w.name or k.id::text = lower(w.name))) as exact,
      array(select id from known k where k.kind = w.kind and lower(k.name) = lower(w.name)) as alike,
      array(
        select k.name from known k where k.kind = w.kind and not k.hidden and lower(k.name) <> lower(w.name)
        order by similarity(k.name, w.name) desc, k.name limit 5
      ) as others
    from unnest(
      cast(${wanted.map(({ kind }) => kind)} as text[]), cast(${wanted.map(({ name }) => name)} as text[])
    ) with ordinality as w(kind, name, place)
    order by w.place`.execute(db);
  return rows.map(({ exact, alike, others }) => ({ ids: exact.length > 0 ? exact : alike, others }));
}
