import { sql } from "kysely";
import type { Card, Issue } from "../../../../protocol/index.ts";
import type { ProjectScope } from "../../../kernel/context.ts";
import type { Tx } from "../../../kernel/transact.ts";
import { issueColumns } from "../columns.ts";
import type { Ranked } from "../rank.ts";

type NewIssue = Pick<Issue, "title" | "description" | "type" | "kind" | "priority" | "status" | "stageId" | "rank"> & {
  estimate: number | null;
  assigneeIds: string[];
  reporterId: string;
};

/** Takes the project's next number. */
export async function insertIssue(tx: Tx, project: ProjectScope, issue: NewIssue): Promise<Issue> {
  return tx
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
    .returning(issueColumns(project))
    .executeTakeFirstOrThrow();
}

type IssueFields = Partial<
  Pick<Issue, "title" | "description" | "status" | "type" | "kind" | "priority" | "estimate" | "stageId" | "rank">
> & { deletedAt?: "now" | null };

/** Writes the fields and a new version. */
export async function updateIssueRow(
  tx: Tx,
  { project, id }: { project: ProjectScope; id: string },
  { deletedAt, ...fields }: IssueFields,
): Promise<Issue> {
  return tx
    .updateTable("issues")
    .set({ ...fields, version: sql`version + 1`, updatedAt: sql`statement_timestamp()` })
    .$if(deletedAt !== undefined, (update) =>
      update.set({ deletedAt: deletedAt === "now" ? sql`statement_timestamp()` : null }),
    )
    .where("id", "=", id)
    .returning(issueColumns(project))
    .executeTakeFirstOrThrow();
}

export async function deleteIssueRow(tx: Tx, id: string): Promise<void> {
  await tx.deleteFrom("issues").where("id", "=", id).execute();
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
