import { sql } from "kysely";
import type { Sprint } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";
import { behind, cursorValues, type Order, readAfter, timeKey, toPage, uuidKey } from "../../../kernel/page.ts";
import type { Tx } from "../../../kernel/transact.ts";

/** The columns of protocol `Sprint`. */
export const sprintColumns = [
  "sprints.id",
  "sprints.name",
  "sprints.goal",
  "sprints.state",
  "sprints.startsAt",
  "sprints.endsAt",
  "sprints.startedAt",
  "sprints.endedAt",
  "sprints.completedAt",
] as const;

type Key = { projectId: string; id: string };

export async function findSprint(db: Db, { projectId, id }: Key): Promise<Sprint | undefined> {
  return db
    .selectFrom("sprints")
    .select(sprintColumns)
    .where("projectId", "=", projectId)
    .where("id", "=", id)
    .executeTakeFirst();
}

/** Those of these sprints that the project has, in any order. */
export async function listSprintsById(
  db: Db,
  { projectId, ids }: { projectId: string; ids: string[] },
): Promise<Sprint[]> {
  return db
    .selectFrom("sprints")
    .select(sprintColumns)
    .where("projectId", "=", projectId)
    .where("id", "in", ids)
    .execute();
}

const allowsParallel = sql`(select parallel_sprints from projects where projects.id = sprints.project_id)`;

/** The sprint, and the active one that keeps it from starting in a project that allows only one. */
export async function listWithRival(db: Db, { projectId, id }: Key): Promise<Sprint[]> {
  return db
    .selectFrom("sprints")
    .select(sprintColumns)
    .where("projectId", "=", projectId)
    .where((eb) => eb.or([eb("id", "=", id), eb("state", "=", "active").and(sql<boolean>`not ${allowsParallel}`)]))
    .execute();
}

const latestFirst: Order = {
  name: "sprints",
  keys: [timeKey(sql`sprints.starts_at`), uuidKey(sql`sprints.id`)],
  direction: "desc",
};

/** The latest start first. */
export async function listSprints(
  db: Db,
  page: { projectId: string; cursor: string | null | undefined; limit: number },
): Promise<{ items: Sprint[]; nextCursor: string | null }> {
  const { projectId, cursor, limit } = page;
  const after = readAfter(latestFirst, cursor);
  let query = db
    .selectFrom("sprints")
    .select(sprintColumns)
    .select(cursorValues(latestFirst).as("cursorValues"))
    .where("projectId", "=", projectId)
    .orderBy("startsAt", "desc")
    .orderBy("id", "desc");
  if (after) query = query.where(behind(latestFirst, after));
  const { items, nextCursor } = toPage(await query.limit(limit + 1).execute(), limit, (row) => row.cursorValues);
  return { items: items.map(({ cursorValues: _, ...sprint }) => sprint), nextCursor };
}

type SprintFields = Pick<Sprint, "name" | "goal" | "startsAt" | "endsAt">;

export async function insertSprint(tx: Tx, sprint: SprintFields & { projectId: string }): Promise<Sprint> {
  return tx.insertInto("sprints").values(sprint).returning(sprintColumns).executeTakeFirstOrThrow();
}

export async function updateSprintRow(tx: Tx, id: string, fields: Partial<SprintFields>): Promise<Sprint> {
  return tx.updateTable("sprints").set(fields).where("id", "=", id).returning(sprintColumns).executeTakeFirstOrThrow();
}

/** Its issues stay, in no sprint; their versions stay too. */
export async function deleteSprintRow(tx: Tx, id: string): Promise<void> {
  await sql`with freed as (update issues set sprint_id = null where sprint_id = ${id})
    delete from sprints where id = ${id}`.execute(tx);
}

export async function startSprintRow(tx: Tx, id: string): Promise<Sprint> {
  return tx
    .updateTable("sprints")
    .set({ state: "active", startedAt: sql`now()` })
    .where("id", "=", id)
    .returning(sprintColumns)
    .executeTakeFirstOrThrow();
}

/** Active sprints whose end has not been told of, the first end first. */
export async function listUnended(db: Db, limit: number): Promise<{ id: string; projectId: string; endsAt: string }[]> {
  return db
    .selectFrom("sprints")
    .select(["id", "projectId", "endsAt"])
    .where("state", "=", "active")
    .where("endedAt", "is", null)
    .orderBy("endsAt")
    .limit(limit)
    .execute();
}

/** undefined: it was told of already, or there is no end to tell of. */
export async function endSprintRow(tx: Tx, { id, now }: { id: string; now: Date }): Promise<Sprint | undefined> {
  const endedAt = now.toISOString();
  return tx
    .updateTable("sprints")
    .set({ endedAt })
    .where("id", "=", id)
    .where("state", "=", "active")
    .where("endedAt", "is", null)
    .where("endsAt", "<=", endedAt)
    .returning(sprintColumns)
    .executeTakeFirst();
}
