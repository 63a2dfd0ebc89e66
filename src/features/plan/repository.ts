import { type RawBuilder, sql } from "kysely";
import type { Db } from "../../kernel/db.ts";
import type { Tx } from "../../kernel/transact.ts";
import type { Room } from "./policy.ts";

/** The columns of protocol `Plan`. */
const planColumns = [
  "plans.id",
  "plans.name",
  "plans.members",
  "plans.projects",
  "plans.commandsPerDay",
  "plans.scriptRunsPerDay",
  "plans.eventRetentionDays",
] as const;

const counts = { members: sql`org_members`, projects: sql`projects` };

/** Part of a statement of whoever adds one, who has locked the organization's stream and needs no statement for this. */
export const roomFor = (quota: "members" | "projects", orgId: string): RawBuilder<Room> => sql<Room>`(
  select json_build_object(
    'used', (select count(*) from ${counts[quota]} where org_id = planned.id), 'limit', plans.${sql.ref(quota)}
  ) from orgs as planned join plans on plans.id = planned.plan where planned.id = ${orgId}
)`;

/** Like `roomFor`, for those who have no other statement. */
export async function findRoom(db: Db, quota: "members" | "projects", orgId: string): Promise<Room | null> {
  const { room } = await db.selectNoFrom(roomFor(quota, orgId).as("room")).executeTakeFirstOrThrow();
  return room;
}

export async function listPlanRows(db: Db) {
  return db.selectFrom("plans").select(planColumns).orderBy("position").orderBy("id").execute();
}

export async function findPlanOf(db: Db, orgId: string) {
  return db
    .selectFrom("orgs")
    .innerJoin("plans", "plans.id", "orgs.plan")
    .select(planColumns)
    .where("orgs.id", "=", orgId)
    .executeTakeFirst();
}

/** The plan that is asked for, and the name of the present one; undefined when there is no such plan or organization. */
export async function findNextPlan(db: Db, key: { orgId: string; planId: string }) {
  return db
    .selectFrom("orgs")
    .innerJoin("plans as present", "present.id", "orgs.plan")
    .innerJoin("plans", (join) => join.on("plans.id", "=", key.planId))
    .select(planColumns)
    .select(["present.id as presentId", "present.name as presentName"])
    .where("orgs.id", "=", key.orgId)
    .executeTakeFirst();
}

export async function updatePlanOf(tx: Tx, { orgId, planId }: { orgId: string; planId: string }): Promise<void> {
  await tx.updateTable("orgs").set({ plan: planId }).where("id", "=", orgId).execute();
}
