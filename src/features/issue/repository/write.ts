import { sql } from "kysely";
import type { Card, Issue } from "../../../../protocol/index.ts";
import type { ProjectScope } from "../../../kernel/context.ts";
import { prepare } from "../../../kernel/prepare.ts";
import type { Tx } from "../../../kernel/transact.ts";
import { issueColumns } from "../columns.ts";
import type { Ranked } from "../rank.ts";

/** The fields of an issue that commands write, as the table has them. */
type IssueRow = Pick<
  Issue,
  | "title"
  | "description"
  | "status"
  | "type"
  | "kind"
  | "priority"
  | "estimate"
  | "stageId"
  | "rank"
  | "laneId"
  | "sprintId"
  | "parent"
> & { tagIds: string[]; assigneeIds: string[] };

type NewIssue = IssueRow & { reporterId: string };

const insertNumbered = prepare((tx: Tx, { project, issue }: { project: ProjectScope; issue: NewIssue }) =>
  tx
    .with("counted", (cte) =>
      cte
        .updateTable("projects")
        .set({ lastIssueNumber: sql`last_issue_number + 1` })
        .where("id", "=", project.id)
        .returning("lastIssueNumber"),
    )
    .insertInto("issues")
    .values((eb) => ({
      ...issue,
      projectId: project.id,
      number: eb.selectFrom("counted").select("counted.lastIssueNumber"),
    }))
    .returning(issueColumns(project)),
);

/** Takes the project's next number. */
export async function insertIssue(tx: Tx, project: ProjectScope, issue: NewIssue): Promise<Issue> {
  return present((await insertNumbered(tx, { project, issue }))[0]);
}

type Fields = Partial<IssueRow>;
type Update = { id: string; fields: Fields; form: { deletedAt?: "now" | null } };

const changed = (tx: Tx, { id, fields, form: { deletedAt } }: Update) =>
  tx
    .updateTable("issues")
    .set({ ...fields, version: sql`version + 1`, updatedAt: sql`statement_timestamp()` })
    .$if(deletedAt !== undefined, (update) =>
      update.set({ deletedAt: deletedAt === "now" ? sql`statement_timestamp()` : null }),
    )
    .where("id", "=", id);

const updateAll = prepare((tx: Tx, { project, ...update }: Update & { project: ProjectScope }) =>
  changed(tx, update).returning(issueColumns(project)),
);
const updateOwn = prepare((tx: Tx, update: Update) =>
  changed(tx, update).returning([
    ...(Object.keys(update.fields) as Exclude<keyof Fields, "tagIds" | "assigneeIds">[]),
    "version",
    "updatedAt",
    "deletedAt",
  ]),
);

/** Writes the fields and a new version. The issue is as it was read under the lock. */
export async function updateIssueRow(
  tx: Tx,
  project: ProjectScope,
  issue: Issue,
  { deletedAt, ...fields }: Fields & Update["form"],
): Promise<Issue> {
  const update = { id: issue.id, fields, form: deletedAt === undefined ? {} : { deletedAt } };
  if ("tagIds" in fields || "assigneeIds" in fields) return present((await updateAll(tx, { project, ...update }))[0]);
  const [own] = await updateOwn(tx, update);
  return present(own && { ...issue, ...own });
}

/** A row that a statement of ours must have given. */
function present(row: Issue | undefined): Issue {
  if (!row) throw new Error("The issue was not written");
  return row;
}

/** The same of up to a hundred issues in one statement; each row names all planning fields. */
export async function updateIssueRows(
  tx: Tx,
  project: ProjectScope,
  rows: (Omit<IssueRow, "title" | "description"> & { id: string })[],
): Promise<Issue[]> {
  const fresh = sql<{ id: string }>`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as fresh(
    id uuid, status issue_status, type issue_type, kind issue_kind, priority issue_priority, estimate double precision,
    "stageId" uuid, rank text, "laneId" uuid, "sprintId" uuid, parent int, "tagIds" uuid[], "assigneeIds" uuid[]
  )`;
  return tx
    .updateTable("issues")
    .from(sql<{ id: string }>`(select * from ${fresh})`.as("fresh"))
    .set({
      status: sql`fresh.status`,
      type: sql`fresh.type`,
      kind: sql`fresh.kind`,
      priority: sql`fresh.priority`,
      estimate: sql`fresh.estimate`,
      stageId: sql`fresh."stageId"`,
      rank: sql`fresh.rank`,
      laneId: sql`fresh."laneId"`,
      sprintId: sql`fresh."sprintId"`,
      parent: sql`fresh.parent`,
      tagIds: sql`fresh."tagIds"`,
      assigneeIds: sql`fresh."assigneeIds"`,
      version: sql`version + 1`,
      updatedAt: sql`statement_timestamp()`,
    })
    .whereRef("issues.id", "=", "fresh.id")
    .returning(issueColumns(project))
    .execute();
}

/** Its children stay, without a parent; their versions stay too. */
export async function deleteIssueRow(tx: Tx, { project, id }: { project: ProjectScope; id: string }): Promise<void> {
  await sql`with gone as (delete from issues where id = ${id} returning project_id, number)
    update issues set parent = null from gone
    where issues.project_id = gone.project_id and issues.parent = gone.number and ${project.id} = gone.project_id`.execute(
    tx,
  );
}

type Moved = Pick<Card, "number" | "version" | "updatedAt" | "rank">;

/** New ranks without a new version: nothing that people see has changed. */
export async function updateRanks(tx: Tx, ranks: Ranked[]): Promise<Moved[]> {
  if (ranks.length === 0) return [];
  const { rows } = await sql<Moved>`
    update issues set rank = spread.rank
    from unnest(
      cast(${ranks.map(({ id }) => id)} as uuid[]), cast(${ranks.map(({ rank }) => rank)} as text[])
    ) as spread(id, rank)
    where issues.id = spread.id
    returning issues.number, issues.version, issues.updated_at, issues.rank`.execute(tx);
  return rows.sort((a, b) => a.number - b.number);
}
