/** What the runner reads. */
import { sql } from "kysely";
import type { Change, Schedule, Triggers } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";

/** The name that a script has among the consumers of `positions`. */
export const consumerOf = (scriptId: string): string => `script:${scriptId}`;

/** Enabled here, and wherever it is. */
const runs = sql<boolean>`(scripts.enabled and orgs.scripts_enabled)`;

export type Hearing = {
  scriptId: string;
  stream: string;
  /** Types of events, or patterns of them. */
  events: string[];
  /** It has not come to the end of the stream, and nobody is at it. */
  behind: boolean;
};

/** Which enabled script hears which stream. */
export async function listHearings(db: Db): Promise<Hearing[]> {
  const { rows } = await sql<Hearing>`
    with heard as (
      select scripts.id, scripts.triggers, 'project:' || projects.id as stream
      from scripts join orgs on orgs.id = scripts.org_id
      join projects on projects.org_id = scripts.org_id and projects.scripts_enabled
        and (scripts.project_id is null or projects.id = scripts.project_id)
      where ${runs}
      union all
      select scripts.id, scripts.triggers, 'org:' || scripts.org_id
      from scripts join orgs on orgs.id = scripts.org_id
      where ${runs} and scripts.project_id is null
    )
    select heard.id as script_id, heard.stream, heard.triggers -> 'events' as events,
      streams.seq > coalesce(p.seq, 0) and (p.claimed_until is null or p.claimed_until < now()) as behind
    from heard join streams on streams.id = heard.stream
    left join positions p on p.consumer = 'script:' || heard.id and p.stream = heard.stream
    where jsonb_array_length(heard.triggers -> 'events') > 0`.execute(db);
  return rows;
}

export type LoadedProject = { id: string; ref: string; key: string; name: string };
export type LoadedScript = {
  id: string;
  name: string;
  source: string;
  params: Record<string, unknown>;
  triggers: Triggers;
  revision: number;
  timeoutMs: number | null;
  failures: number;
  enabled: boolean;
  owner: { id: string; displayName: string; suspended: boolean };
  org: { id: string; slug: string; name: string };
  /** null: it is for the whole organization. */
  project: LoadedProject | null;
  /** What the organization allows, where it is less than what the server does. */
  mutationsPerRun: number | null;
};

/** A script with all that a run needs to know; `enabled` here, and wherever it is. */
export async function loadScript(db: Db, id: string): Promise<LoadedScript | undefined> {
  return db
    .selectFrom("scripts")
    .innerJoin("orgs", "orgs.id", "scripts.orgId")
    .innerJoin("users as owner", "owner.id", "scripts.ownerId")
    .leftJoin("projects", "projects.id", "scripts.projectId")
    .select(["scripts.id", "scripts.name", "source", "revision", "timeoutMs", "failures"])
    .select(sql<boolean>`${runs} and coalesce(projects.scripts_enabled, true)`.as("enabled"))
    .select([
      sql<Record<string, unknown>>`params`.as("params"),
      sql<Triggers>`triggers`.as("triggers"),
      sql<LoadedScript["owner"]>`json_build_object(
        'id', owner.id, 'displayName', owner.display_name, 'suspended', owner.suspended_at is not null
      )`.as("owner"),
      sql<LoadedScript["org"]>`json_build_object('id', orgs.id, 'slug', orgs.slug, 'name', orgs.name)`.as("org"),
      sql<LoadedProject | null>`case when projects.id is not null then json_build_object(
        'id', projects.id, 'ref', orgs.slug || '/' || projects.slug, 'key', projects.key, 'name', projects.name
      ) end`.as("project"),
      sql<number | null>`(orgs.script_caps ->> 'mutationsPerRun')::int`.as("mutationsPerRun"),
    ])
    .where("scripts.id", "=", id)
    .executeTakeFirst();
}

export async function loadProject(db: Db, id: string): Promise<LoadedProject | undefined> {
  return db
    .selectFrom("projects")
    .innerJoin("orgs", "orgs.id", "projects.orgId")
    .select(["projects.id", "projects.key", "projects.name"])
    .select(sql<string>`orgs.slug || '/' || projects.slug`.as("ref"))
    .where("projects.id", "=", id)
    .executeTakeFirst();
}

export type Person = { id: string; displayName: string; kind: string };

export async function listPeople(db: Db, ids: string[]): Promise<Person[]> {
  return db
    .selectFrom("users")
    .select(["id", "displayName", "kind"])
    .where((eb) => eb("id", "=", eb.fn.any(eb.val(ids))))
    .execute();
}

export type StoredCall = { runId: string; commandId: string; data: unknown; journal: unknown };

/** The mutations that these runs have done, each with what the run was answered before it. */
export async function listStoredCalls(
  db: Db,
  { scriptId, runIds }: { scriptId: string; runIds: string[] },
): Promise<StoredCall[]> {
  const { rows } = await sql<StoredCall>`
    select run_id, command_id, data, journal from command_answers
    where actor_id = ${scriptId} and run_id = any(${runIds})`.execute(db);
  return rows;
}

/** The last events of these types, latest first. */
export async function listLastEvents(
  db: Db,
  { stream, types, limit }: { stream: string; types: string[]; limit: number },
): Promise<{ seq: number; type: string; data: Record<string, unknown> }[]> {
  const { rows } = await sql<{ seq: number; type: string; data: Record<string, unknown> }>`
    select seq, type, data from events where stream = ${stream} and type = any(${types})
    order by seq desc limit ${limit}`.execute(db);
  return rows;
}

export type LaterChange = { seq: number; type: string; changes: Change[]; data: Record<string, unknown> };

/** What happened to an issue after a seq, latest first. */
export async function listLaterChanges(
  db: Db,
  { stream, issue, after, limit }: { stream: string; issue: number; after: number; limit: number },
): Promise<LaterChange[]> {
  const { rows } = await sql<LaterChange>`
    select seq, type, data, coalesce(changes, '[]') as changes from events
    where stream = ${stream} and issue = ${issue} and seq > ${after}
    order by seq desc limit ${limit}`.execute(db);
  return rows;
}

export type DueTick = Schedule & {
  scriptId: string;
  place: number;
  nextAt: string;
  attempt: number;
};

const isFree = (now: Date) =>
  sql`(claimed_until is null or claimed_until < ${now}) and (retry_at is null or retry_at <= ${now})`;

/** The ticks whose time has come and that nobody is at, oldest first. */
export async function listDueTicks(db: Db, { now, limit }: { now: Date; limit: number }): Promise<DueTick[]> {
  const { rows } = await sql<DueTick>`
    select t.script_id, t.place, t.cron, t.time_zone, t.next_at, t.attempt
    from script_schedules t join scripts on scripts.id = t.script_id join orgs on orgs.id = scripts.org_id
    left join projects on projects.id = scripts.project_id
    where t.next_at <= ${now} and ${isFree(now)} and ${runs} and coalesce(projects.scripts_enabled, true)
    order by t.next_at limit ${limit}`.execute(db);
  return rows;
}

type Tick = Pick<DueTick, "scriptId" | "place" | "nextAt">;
type Holder = { instance: string; now: Date; leaseMs: number };

const until = ({ now, leaseMs }: Holder): Date => new Date(now.getTime() + leaseMs);

/** false: another instance was first. */
export async function claimTick(db: Db, { scriptId, place, nextAt }: Tick, holder: Holder): Promise<boolean> {
  const { rows } = await sql`
    update script_schedules set claimed_by = ${holder.instance}, claimed_until = ${until(holder)}
    where script_id = ${scriptId} and place = ${place} and next_at = ${nextAt} and ${isFree(holder.now)}
    returning place`.execute(db);
  return rows.length > 0;
}

/** Another lease for those of these ticks that are this instance's. */
export async function renewTicks(db: Db, ticks: Tick[], holder: Holder): Promise<void> {
  const [ids, places] = [ticks.map(({ scriptId }) => scriptId), ticks.map(({ place }) => place)];
  await sql`update script_schedules set claimed_until = ${until(holder)}
    where claimed_by = ${holder.instance}
      and (script_id, place) in (select * from unnest(${ids}::uuid[], ${places}::int[]))`.execute(db);
}

/** After a fault of ours: whoever comes first tries again. */
export async function postponeTick(db: Db, { scriptId, place, nextAt }: Tick, retryAt: Date): Promise<void> {
  await sql`
    update script_schedules set attempt = attempt + 1, retry_at = ${retryAt}, claimed_by = null, claimed_until = null
    where script_id = ${scriptId} and place = ${place} and next_at = ${nextAt}`.execute(db);
}
