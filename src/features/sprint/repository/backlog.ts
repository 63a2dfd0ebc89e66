import { type RawBuilder, sql } from "kysely";
import { z } from "zod";
import type { Card } from "../../../../protocol/index.ts";
import type { ProjectScope } from "../../../kernel/context.ts";
import type { Db } from "../../../kernel/db.ts";
import { behind, intKey, type Order, readAfter, toPage } from "../../../kernel/page.ts";
import { cardColumns } from "../../issue/columns.ts";

const boardOrder = (position: RawBuilder<unknown>): Order => ({
  name: "backlog",
  keys: [intKey(position), { by: sql`rank`, type: "text", holds: z.string().max(200) }, intKey(sql`number`)],
  direction: "asc",
});

/** Of issues without a stage: behind all stages, as on the board. */
const LAST_POSITION = 2_147_483_647;

/**
 * Issues in no sprint that are to be done, in board order. Each stage is read from the index `issues_backlog`, no further
 * than the page is long, and the stage of the cursor from its rank on.
 */
export async function listBacklog(
  db: Db,
  page: { project: ProjectScope; cursor: string | null | undefined; limit: number },
): Promise<{ items: Card[]; nextCursor: string | null }> {
  const { project, cursor, limit } = page;
  const after = readAfter(boardOrder(sql`position`), cursor) ?? [-1, "", 0];
  const [position, rank] = after;
  const column = (stage: RawBuilder<unknown>, at: RawBuilder<unknown>) => sql`(
    select id, cast(${at} as int) as position, rank, number from issues
    where project_id = ${project.id} and ${stage}
      and sprint_id is null and deleted_at is null and status in ('open', 'in_progress') and kind <> 'epic'
      and rank >= case when ${at} = ${position} then ${rank} else '' end
      and ${behind(boardOrder(at), after)}
    order by rank, number limit ${limit + 1}
  )`;
  const order = sql`order by position, rank, number limit ${limit + 1}`;
  const picked = sql<{ id: string; position: number }>`(
    (
      select found.* from stages cross join lateral ${column(sql`stage_id = stages.id`, sql`stages.position`)} found
      where stages.project_id = ${project.id} ${order}
    )
    union all ${column(sql`stage_id is null`, sql.lit(LAST_POSITION))}
    ${order}
  )`;
  const rows = await db
    .selectFrom(picked.as("picked"))
    .innerJoin("issues", "issues.id", "picked.id")
    .select(cardColumns(project))
    .select("picked.position")
    .orderBy("picked.position")
    .orderBy("issues.rank")
    .orderBy("issues.number")
    .execute();
  const { items, nextCursor } = toPage(rows, limit, (row) => ["backlog", row.position, row.rank, row.number]);
  return { items: items.map(({ position: _, ...card }) => card), nextCursor };
}
