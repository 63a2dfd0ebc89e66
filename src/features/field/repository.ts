import { sql } from "kysely";
import type { Field, Issue } from "../../../protocol/index.ts";
import type { ProjectScope } from "../../kernel/context.ts";
import type { Db } from "../../kernel/db.ts";
import type { Tx } from "../../kernel/transact.ts";
import { issueColumns } from "../issue/columns.ts";

/** The columns of protocol `Field`. */
const fieldColumns = ["id", "name", "kind", "options"] as const;

export async function listFields(db: Db, projectId: string): Promise<Field[]> {
  return db.selectFrom("fields").select(fieldColumns).where("projectId", "=", projectId).orderBy("name").execute();
}

/** undefined: the name is taken. */
export async function insertField(
  tx: Tx,
  field: Omit<Field, "id"> & { projectId: string },
): Promise<Field | undefined> {
  return tx
    .insertInto("fields")
    .values(field)
    .onConflict((conflict) => conflict.columns(["projectId", "name"]).doNothing())
    .returning(fieldColumns)
    .executeTakeFirst();
}

export async function updateFieldRow(tx: Tx, { id, name, options }: Field): Promise<Field> {
  return tx
    .updateTable("fields")
    .set({ name, options })
    .where("id", "=", id)
    .returning(fieldColumns)
    .executeTakeFirstOrThrow();
}

/** With its values on all issues, whose versions stay. */
export async function deleteFieldRow(tx: Tx, { projectId, id }: { projectId: string; id: string }): Promise<void> {
  await sql`with emptied as (
      update issues set fields = fields - ${id}::text where project_id = ${projectId} and fields ? ${id}::text
    ) delete from fields where id = ${id}`.execute(tx);
}

export type Filling = { issue: Issue; field: Field | null; isInsider: boolean };

/** An issue, the field that is to be set, and whether `userId` (of a user field) may see the project. */
export async function findFilling(
  db: Db,
  {
    project,
    number,
    fieldId,
    userId,
  }: { project: ProjectScope; number: number; fieldId: string; userId: string | null },
): Promise<Filling | undefined> {
  const row = await db
    .selectFrom("issues")
    .select(issueColumns(project))
    .select([
      sql<Field | null>`(
        select json_build_object('id', f.id, 'name', f.name, 'kind', f.kind, 'options', f.options)
        from fields f where f.id = ${fieldId} and f.project_id = ${project.id}
      )`.as("field"),
      sql<boolean>`(
        exists (select from org_members where org_id = ${project.orgId} and user_id::text = ${userId})
        or exists (select from project_members where project_id = ${project.id} and user_id::text = ${userId})
      )`.as("isInsider"),
    ])
    .where("issues.projectId", "=", project.id)
    .where("issues.number", "=", number)
    .executeTakeFirst();
  if (!row) return undefined;
  const { field, isInsider, ...issue } = row;
  return { issue, field, isInsider };
}

/** null empties the field. */
export async function updateFieldValue(
  tx: Tx,
  {
    project,
    id,
    fieldId,
    value,
  }: { project: ProjectScope; id: string; fieldId: string; value: string | number | null },
): Promise<Issue> {
  const entry = JSON.stringify({ [fieldId]: value });
  const fields = value === null ? sql<string>`fields - ${fieldId}::text` : sql<string>`fields || ${entry}::jsonb`;
  return tx
    .updateTable("issues")
    .set({ fields, version: sql`version + 1`, updatedAt: sql`statement_timestamp()` })
    .where("id", "=", id)
    .returning(issueColumns(project))
    .executeTakeFirstOrThrow();
}
