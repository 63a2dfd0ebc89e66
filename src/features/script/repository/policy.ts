import { type RawBuilder, type SqlBool, sql } from "kysely";
import type { ScriptPolicy } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";
import type { Tx } from "../../../kernel/transact.ts";

/** Without a cap, or null: what the plan and the server say. */
export type Caps = Partial<ScriptPolicy["caps"]>;

const caps = sql<Caps>`orgs.script_caps`;

/** What an organization has chosen; of the project when one is named, else `project` is null. undefined: not there. */
export async function findPolicy(db: Db, { orgId, project }: { orgId: string; project: string | undefined }) {
  const row = await db
    .selectFrom("orgs")
    .leftJoin("projects", (join) =>
      join
        .onRef("projects.orgId", "=", "orgs.id")
        .on(sql<boolean>`orgs.slug || '/' || projects.slug = ${project ?? null}`),
    )
    .select(["orgs.scriptsEnabled", caps.as("caps"), "projects.id as projectId"])
    .select("projects.scriptsEnabled as projectEnabled")
    .where("orgs.id", "=", orgId)
    .executeTakeFirst();
  return row === undefined || (project !== undefined && row.projectId === null) ? undefined : row;
}

/** Puts scripts at the end of what they hear: what happened while they might not run sets nothing off. */
const skip = (isWhere: RawBuilder<SqlBool>) => sql<object>`(
  update positions set seq = streams.seq, claimed_by = null, claimed_until = null
  from streams where streams.id = positions.stream and positions.consumer like 'script:%' and ${isWhere}
)`;

export async function updateOrgPolicy(
  tx: Tx,
  { orgId, enabled, caps }: { orgId: string; enabled: boolean; caps: Caps },
): Promise<void> {
  const isOfOrg = sql<SqlBool>`cast(${enabled} as boolean)
    and exists (select from orgs where id = ${orgId} and not scripts_enabled)
    and positions.consumer in (select 'script:' || id from scripts where org_id = ${orgId})`;
  await tx
    .with("skipped", () => skip(isOfOrg))
    .updateTable("orgs")
    .set({ scriptsEnabled: enabled, scriptCaps: sql`cast(${JSON.stringify(caps)} as jsonb)` })
    .where("id", "=", orgId)
    .execute();
}

export async function updateProjectPolicy(
  tx: Tx,
  { projectId, enabled }: { projectId: string; enabled: boolean },
): Promise<void> {
  const isOfProject = sql<SqlBool>`cast(${enabled} as boolean) and positions.stream = 'project:' || cast(${projectId} as text)`;
  await tx
    .with("skipped", () => skip(isOfProject))
    .updateTable("projects")
    .set({ scriptsEnabled: enabled })
    .where("id", "=", projectId)
    .execute();
}
