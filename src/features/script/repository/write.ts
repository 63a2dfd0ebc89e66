import { sql } from "kysely";
import type { Schedule, Script, Triggers } from "../../../../protocol/index.ts";
import type { Tx } from "../../../kernel/transact.ts";
import { type Place, scriptColumns } from "./script.ts";

/** A schedule with its next tick. */
export type Tick = Schedule & { nextAt: string | null };
type WithSource = Script & { source: string };

/** Cast: where the value stands alone, Postgres would take it for text. */
const json = (value: object) => sql<string>`cast(${JSON.stringify(value)} as jsonb)`;

/** Puts a script that is enabled at the head of each stream that it hears: it runs for what comes. */
const hear = (script: { id: string; enabled: boolean } & Place) => sql<object>`(
  insert into positions (consumer, stream, seq)
  select 'script:' || cast(${script.id} as text), streams.id, streams.seq from streams
  where cast(${script.enabled} as boolean) and streams.id in (
    select case when cast(${script.projectId} as uuid) is null then 'org:' || cast(${script.orgId} as uuid)
      else 'project:' || cast(${script.projectId} as uuid) end
    union all
    select 'project:' || projects.id from projects
    where cast(${script.projectId} as uuid) is null and projects.org_id = ${script.orgId}
  )
  on conflict (consumer, stream) do update set seq = excluded.seq, claimed_by = null, claimed_until = null
)`;

/** A schedule that is as it was keeps its next tick, and the run that is under way. */
const plan = (scriptId: string, ticks: Tick[]) => sql<object>`(
  insert into script_schedules as present (script_id, place, cron, time_zone, next_at)
  select cast(${scriptId} as uuid), place, cron, "timeZone", "nextAt"
  from jsonb_to_recordset(${json(ticks.map((tick, i) => ({ ...tick, place: i + 1 })))})
    as wanted(place int, cron text, "timeZone" text, "nextAt" timestamptz)
  on conflict (script_id, place) do update
    set cron = excluded.cron, time_zone = excluded.time_zone, next_at = excluded.next_at,
      attempt = 1, retry_at = null, claimed_by = null, claimed_until = null
    where (present.cron, present.time_zone) is distinct from (excluded.cron, excluded.time_zone)
)`;

export type NewScript = Place & {
  id: string;
  name: string;
  source: string;
  params: Script["params"];
  triggers: Triggers;
  timeoutMs: number | null;
  enabled: boolean;
  ownerId: string;
};

/** With its author and its first revision; set going when it is enabled. */
export async function insertScript(tx: Tx, script: NewScript & { ticks: Tick[] }): Promise<WithSource> {
  const { ticks, ...values } = script;
  const { id, name, source, ownerId } = values;
  const params = json(values.params);
  return tx
    .with("author", (db) => db.insertInto("users").values({ id, kind: "script", displayName: name }))
    .with("first", (db) =>
      db.insertInto("scriptRevisions").values({ scriptId: id, number: 1, source, params, authorId: ownerId }),
    )
    .with("heard", () => hear(values))
    .with("planned", () => plan(id, ticks))
    .insertInto("scripts")
    .values({ ...values, params, triggers: json(values.triggers) })
    .returning([...scriptColumns, "scripts.source"])
    .executeTakeFirstOrThrow();
}

export type Revised = Pick<Script, "id" | "name" | "params" | "timeoutMs" | "triggers" | "revision"> & {
  source: string;
  ownerId: string;
};

/** With its name as an author. A new revision is kept, and starts without failures; schedules follow the source. */
export async function updateScriptRow(
  tx: Tx,
  { script, isRevised, ticks }: { script: Revised; isRevised: boolean; ticks: Tick[] },
): Promise<WithSource> {
  const { id, name, source, revision, timeoutMs, ownerId } = script;
  const params = json(script.params);
  const always = { name, timeoutMs, updatedAt: sql<string>`clock_timestamp()` };
  const revised = { source, params, triggers: json(script.triggers), revision, ownerId, failures: 0 };
  return tx
    .with("author", (db) => db.updateTable("users").set({ displayName: name }).where("users.id", "=", id))
    .with(
      "kept",
      () => sql<object>`(
      insert into script_revisions (script_id, number, source, params, author_id)
      select cast(${id} as uuid), cast(${revision} as int), ${source}, ${params}, cast(${ownerId} as uuid)
      where cast(${isRevised} as boolean)
    )`,
    )
    .with("planned", () => plan(id, ticks))
    .with("dropped", (db) =>
      db.deleteFrom("scriptSchedules").where("scriptId", "=", id).where("place", ">", ticks.length),
    )
    .updateTable("scripts")
    .set(isRevised ? { ...always, ...revised } : always)
    .where("scripts.id", "=", id)
    .returning([...scriptColumns, "scripts.source"])
    .executeTakeFirstOrThrow();
}

/** From now on, with the rights of whoever does it. */
export async function enableScriptRow(
  tx: Tx,
  { ownerId, ticks, ...script }: { id: string; ownerId: string; ticks: Tick[] } & Place,
): Promise<Script> {
  return tx
    .with("heard", () => hear({ ...script, enabled: true }))
    .with("planned", () => plan(script.id, ticks))
    .updateTable("scripts")
    .set({ enabled: true, disabledReason: null, failures: 0, ownerId, updatedAt: sql`clock_timestamp()` })
    .where("scripts.id", "=", script.id)
    .returning(scriptColumns)
    .executeTakeFirstOrThrow();
}

/** `reason`: when nobody did it. undefined when it is gone, or disabled already. */
export async function disableScriptRow(
  tx: Tx,
  { id, reason }: { id: string; reason: string | null },
): Promise<Script | undefined> {
  return tx
    .with("heard", (db) => db.deleteFrom("positions").where("consumer", "=", `script:${id}`))
    .with("planned", (db) => db.deleteFrom("scriptSchedules").where("scriptId", "=", id))
    .updateTable("scripts")
    .set({ enabled: false, disabledReason: reason, updatedAt: sql`clock_timestamp()` })
    .where("scripts.id", "=", id)
    .where("scripts.enabled", "=", true)
    .returning(scriptColumns)
    .executeTakeFirst();
}

/** Its author stays, for what it did; undefined when it was gone already. */
export async function deleteScriptRow(tx: Tx, id: string): Promise<{ name: string } | undefined> {
  return tx
    .with("heard", (db) => db.deleteFrom("positions").where("consumer", "=", `script:${id}`))
    .deleteFrom("scripts")
    .where("id", "=", id)
    .returning("name")
    .executeTakeFirst();
}
