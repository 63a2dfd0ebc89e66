import { sql } from "kysely";
import type { Db } from "../../kernel/db.ts";
import type { Tx } from "../../kernel/transact.ts";

/** Counts of one principal on one day, to be added to those that are written. */
export type UsageLine = { orgId: string; principalId: string; day: string; commands: number; scriptRuns: number };
export type UsageBatch = { instance: string; number: number; lines: UsageLine[] };

/** The totals of an organization on a day, over all instances, and what its plan allows. */
export type UsageDay = {
  orgId: string;
  day: string;
  commands: number;
  scriptRuns: number;
  commandsPerDay: number | null;
  scriptRunsPerDay: number | null;
  told: string[];
};

/** Of scripts: what the plan allows, or less where an admin says so. */
const runsPerDay = sql<number | null>`least(plans.script_runs_per_day, (orgs.script_caps ->> 'runsPerDay')::int)`;

/**
 * Adds a batch, unless the same one was added before and only its answer was lost. One statement, which needs no
 * transaction; instances add their lines in the same order, so they do not lock each other out. An organization that is
 * gone counts no more. Gives the new totals.
 */
export async function addUsage(db: Db, { instance, number, lines }: UsageBatch): Promise<UsageDay[]> {
  const { rows } = await sql<UsageDay>`
    with batch as (
      insert into usage_batches as b (instance, number) values (${instance}, ${number})
      on conflict (instance) do update set number = excluded.number, at = now() where b.number < excluded.number
      returning number
    ), lines as (
      select orgs.id as org_id, l.day, l."principalId" as principal_id, l.commands, l."scriptRuns" as script_runs
      from jsonb_to_recordset(${JSON.stringify(lines)}::jsonb)
        as l("orgId" uuid, "principalId" uuid, day date, commands bigint, "scriptRuns" bigint)
      join orgs on orgs.id = l."orgId"
      where exists (select from batch)
      order by orgs.id
      -- One that is being deleted is waited for, and then is gone.
      for key share of orgs
    ), counted as (
      insert into usage as u (org_id, day, principal_id, commands, script_runs)
      select * from lines order by org_id, day, principal_id
      on conflict (org_id, day, principal_id) do update
        set commands = u.commands + excluded.commands, script_runs = u.script_runs + excluded.script_runs
    ), totals as (
      insert into usage_days as d (org_id, day, commands, script_runs)
      select org_id, day, sum(commands), sum(script_runs) from lines group by org_id, day order by org_id, day
      on conflict (org_id, day) do update
        set commands = d.commands + excluded.commands, script_runs = d.script_runs + excluded.script_runs
      returning org_id, day, commands, script_runs, told
    )
    select t.org_id, t.day, t.commands, t.script_runs, t.told, plans.commands_per_day, ${runsPerDay} as script_runs_per_day
    from totals t join orgs on orgs.id = t.org_id join plans on plans.id = orgs.plan`.execute(db);
  return rows;
}

/** Like the answer of `addUsage`, with zeros for whoever used nothing. */
export async function findUsageDays(db: Db, { orgIds, day }: { orgIds: string[]; day: string }): Promise<UsageDay[]> {
  return db
    .selectFrom("orgs")
    .innerJoin("plans", "plans.id", "orgs.plan")
    .leftJoin("usageDays", (join) =>
      join.onRef("usageDays.orgId", "=", "orgs.id").on("usageDays.day", "=", sql<string>`cast(${day} as date)`),
    )
    .select((eb) => [
      "orgs.id as orgId",
      sql<string>`cast(${day} as text)`.as("day"),
      eb.fn.coalesce("usageDays.commands", sql<number>`0::bigint`).as("commands"),
      eb.fn.coalesce("usageDays.scriptRuns", sql<number>`0::bigint`).as("scriptRuns"),
      eb.fn.coalesce("usageDays.told", sql<string[]>`'{}'::text[]`).as("told"),
      "plans.commandsPerDay",
      runsPerDay.as("scriptRunsPerDay"),
    ])
    .where((eb) => eb("orgs.id", "=", eb.fn.any(eb.val(orgIds))))
    .execute();
}

const MOST_PRINCIPALS = 50;

/** Who used most on a day. */
export async function listPrincipals(db: Db, { orgId, day }: { orgId: string; day: string }) {
  return db
    .selectFrom("usage")
    .leftJoin("users", "users.id", "usage.principalId")
    .select(["usage.principalId as id", "users.displayName", "usage.commands", "usage.scriptRuns"])
    .where("usage.orgId", "=", orgId)
    .where("usage.day", "=", sql<string>`cast(${day} as date)`)
    .orderBy((eb) => eb("usage.commands", "+", eb.ref("usage.scriptRuns")), "desc")
    .orderBy("usage.principalId")
    .limit(MOST_PRINCIPALS)
    .execute();
}

/** The totals of so many days up to this one, with zeros where nothing was used. */
export async function listUsageDays(db: Db, { orgId, day, days }: { orgId: string; day: string; days: number }) {
  const { rows } = await sql<{ day: string; commands: number; scriptRuns: number }>`
    select each.day::date as day, coalesce(d.commands, 0) as commands, coalesce(d.script_runs, 0) as script_runs
    from generate_series(${day}::date - (${days}::int - 1), ${day}::date, interval '1 day') as each(day)
    left join usage_days d on d.org_id = ${orgId} and d.day = each.day::date
    order by each.day`.execute(db);
  return rows;
}

/** How many belong to an organization. */
export async function countBelongings(db: Db, orgId: string) {
  const { rows } = await sql<{ members: number; projects: number; bots: number }>`
    select count(*) as members, count(*) filter (where users.kind = 'bot') as bots,
      (select count(*) from projects where org_id = ${orgId}) as projects
    from org_members join users on users.id = org_members.user_id where org_members.org_id = ${orgId}`.execute(db);
  return rows[0] ?? { members: 0, projects: 0, bots: 0 };
}

/** By name; a hundred say enough. */
export async function listFailingScripts(db: Db, orgId: string): Promise<{ scriptId: string; name: string }[]> {
  return db
    .selectFrom("scripts")
    .select(["id as scriptId", "name"])
    .where("orgId", "=", orgId)
    .where("failures", ">", 0)
    .orderBy(sql`lower(name)`)
    .orderBy("id")
    .limit(100)
    .execute();
}

/** false when it was told before. */
export async function markTold(tx: Tx, news: { orgId: string; day: string; what: string }): Promise<boolean> {
  const told = await tx
    .updateTable("usageDays")
    .set({ told: sql<string[]>`array_append(told, ${news.what})` })
    .where("orgId", "=", news.orgId)
    .where("day", "=", sql<string>`cast(${news.day} as date)`)
    .where(sql<boolean>`not (${news.what} = any(told))`)
    .returning("orgId")
    .executeTakeFirst();
  return told !== undefined;
}

/** Days of single principals that nobody can ask for any more, and batches of instances that are gone. */
export async function pruneUsage(db: Db): Promise<void> {
  await sql`with gone as (delete from usage_batches where at < now() - interval '1 day')
    delete from usage where ctid = any(array(
      select ctid from usage where day < current_date - 90 limit 5000
    ))`.execute(db);
}
