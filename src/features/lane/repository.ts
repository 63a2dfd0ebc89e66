import { sql } from "kysely";
import type { Lane } from "../../../protocol/index.ts";
import type { Db } from "../../kernel/db.ts";
import type { Tx } from "../../kernel/transact.ts";

/** The columns of protocol `Lane`. */
const laneColumns = ["id", "name", "color", "position"] as const;

export async function listLanes(db: Db, projectId: string): Promise<Lane[]> {
  return db.selectFrom("lanes").select(laneColumns).where("projectId", "=", projectId).orderBy("position").execute();
}

/** At the bottom. */
export async function insertLane(tx: Tx, lane: Pick<Lane, "name" | "color"> & { projectId: string }): Promise<Lane> {
  const last = sql<number>`coalesce((select max(position) + 1 from lanes where project_id = ${lane.projectId}), 0)`;
  return tx
    .insertInto("lanes")
    .values({ ...lane, position: last })
    .returning(laneColumns)
    .executeTakeFirstOrThrow();
}

export async function updateLaneRow(tx: Tx, { id, name, color }: Lane): Promise<Lane> {
  return tx
    .updateTable("lanes")
    .set({ name, color })
    .where("id", "=", id)
    .returning(laneColumns)
    .executeTakeFirstOrThrow();
}

/** Puts all lanes of a project in this order; gives them as they stand then. */
export async function updateLanePositions(tx: Tx, projectId: string, laneIds: string[]): Promise<Lane[]> {
  const { rows } = await sql<Lane>`update lanes set position = placed.position - 1
    from unnest(cast(${laneIds} as uuid[])) with ordinality as placed(id, position)
    where lanes.id = placed.id and lanes.project_id = ${projectId}
    returning lanes.id, name, color, lanes.position`.execute(tx);
  return rows.sort((a, b) => a.position - b.position);
}

/** Its issues stay, in no lane; their versions stay too. */
export async function deleteLaneRow(tx: Tx, { projectId, id }: { projectId: string; id: string }): Promise<void> {
  await sql`with freed as (
      update issues set lane_id = null where project_id = ${projectId} and lane_id = ${id}
    ) delete from lanes where id = ${id}`.execute(tx);
}
