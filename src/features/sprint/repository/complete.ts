import { sql } from "kysely";
import type { Issue, Sprint } from "../../../../protocol/index.ts";
import type { Tx } from "../../../kernel/transact.ts";
import { sprintColumns } from "./sprint.ts";

/** An issue that left a sprint; a deleted one left unseen. */
export type MovedOut = Pick<Issue, "number" | "version" | "updatedAt" | "deletedAt">;

/** Nested in JSON, a time must be spelled as the wire has it. */
const wireTime = (column: string) => sql`to_char(${sql.ref(column)}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const movedOut = sql<MovedOut[]>`coalesce((
  select json_agg(json_build_object(
    'number', number, 'version', version, 'updatedAt', ${wireTime("updated_at")}, 'deletedAt', ${wireTime("deleted_at")}
  ) order by number) from moved
), '[]')`;

/** Closes a sprint and takes its unfinished issues, deleted ones too, to another one or to none. */
export async function completeSprintRow(
  tx: Tx,
  { id, endedAt, moveTo }: { id: string; endedAt: string | null; moveTo: string | null },
): Promise<{ sprint: Sprint; issues: MovedOut[] }> {
  const { issues, ...sprint } = await tx
    .with("moved", (cte) =>
      cte
        .updateTable("issues")
        .set({ sprintId: moveTo, version: sql`version + 1`, updatedAt: sql`now()` })
        .where("sprintId", "=", id)
        .where("status", "in", ["open", "in_progress"])
        .returning(["number", "version", "updatedAt", "deletedAt"]),
    )
    .updateTable("sprints")
    .set({ state: "completed", completedAt: sql`now()`, endedAt })
    .where("id", "=", id)
    .returning(sprintColumns)
    .returning(movedOut.as("issues"))
    .executeTakeFirstOrThrow();
  return { sprint, issues };
}
