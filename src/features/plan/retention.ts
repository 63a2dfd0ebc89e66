import { sql } from "kysely";
import type { Db } from "../../kernel/db.ts";

/** Events a round, and of one stream. */
const BATCH = 5000;

/**
 * Deletes events that are older than `days` (undefined: any age is kept) or than the plan of their organization keeps
 * them. Always the first of a stream, so that those that stay have no gaps; gives how many went.
 */
export async function pruneEvents(db: Db, days: number | undefined): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    with bounds as (
      select id as stream, cast(${days ?? null} as int) as days from streams
      union all
      select 'org:' || orgs.id, event_retention_days from orgs join plans on plans.id = orgs.plan
      union all
      select 'project:' || projects.id, event_retention_days
      from projects join orgs on orgs.id = projects.org_id join plans on plans.id = orgs.plan
    ), kept as (
      select stream, min(days) as days from bounds group by stream having min(days) is not null
    ), old as (
      select kept.stream, first.seq from kept cross join lateral (
        select seq, bool_and(at < now() - make_interval(days => kept.days)) over (order by seq) as is_old
        from (select seq, at from events where events.stream = kept.stream order by seq limit ${BATCH}) as oldest
      ) as first
      where first.is_old order by kept.stream, first.seq limit ${BATCH}
    ), gone as (
      delete from events using old where events.stream = old.stream and events.seq = old.seq returning 1
    )
    select count(*) as count from gone`.execute(db);
  return rows[0]?.count ?? 0;
}
