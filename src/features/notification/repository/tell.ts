import { sql } from "kysely";
import type { Notification } from "../../../../protocol/index.ts";
import type { Db } from "../../../kernel/db.ts";
import { prepare } from "../../../kernel/prepare.ts";
import type { Tx } from "../../../kernel/transact.ts";
import type { Mentionable } from "../mentions.ts";
import { sees } from "./own.ts";

export type Background = {
  ref: string;
  key: string;
  /** Display names by id. */
  names: Record<string, string>;
  /** The descriptions that issues were created with, by the seq of that event. */
  descriptions: Record<number, string>;
};

/** What sentences about a project need; undefined when it is gone. */
export async function findBackground(
  db: Db,
  of: { projectId: string; stream: string; actorIds: string[]; created: { seq: number; issue: number }[] },
): Promise<Background | undefined> {
  const { projectId, stream, actorIds, created } = of;
  const about = { seqs: created.map(({ seq }) => seq), issues: created.map(({ issue }) => issue) };
  return (await selectBackground(db, { projectId, stream, actorIds, ...about }))[0];
}

type About = { projectId: string; stream: string; actorIds: string[]; seqs: number[]; issues: number[] };

const selectBackground = prepare((db, of: About) => {
  // As it was: what the first change found, or what still stands.
  const description = sql`coalesce((
    select change ->> 'from' from events e cross join jsonb_array_elements(e.changes) as change
    where e.stream = ${of.stream} and e.issue = created.issue and e.seq > created.seq
      and e.type = 'issue.updated' and change ->> 'field' = 'description'
    order by e.seq limit 1
  ), issues.description)`;
  return db
    .selectFrom("projects")
    .innerJoin("orgs", "orgs.id", "projects.orgId")
    .select([
      sql<string>`orgs.slug || '/' || projects.slug`.as("ref"),
      "projects.key",
      sql<Background["names"]>`(
        select coalesce(json_object_agg(id, display_name), '{}') from users where id = any(cast(${of.actorIds} as uuid[]))
      )`.as("names"),
      sql<Background["descriptions"]>`(
        select coalesce(json_object_agg(created.seq, ${description}), '{}')
        from unnest(cast(${of.seqs} as bigint[]), cast(${of.issues} as int[])) as created(seq, issue)
        join issues on issues.project_id = projects.id and issues.number = created.issue
      )`.as("descriptions"),
    ])
    .where("projects.id", "=", of.projectId);
});

/** Those who may see the project and have one of the handles, each with all of theirs. */
export async function listMentionable(
  db: Db,
  { projectId, handles }: { projectId: string; handles: string[] },
): Promise<Mentionable[]> {
  const name = sql<string>`lower(regexp_replace(users.display_name, '\\s', '', 'g'))`;
  const rows = await db
    .selectFrom("users")
    .select(["id", name.as("name"), "email"])
    .where(sees(sql`users.id`, sql`cast(${projectId} as uuid)`))
    .where((eb) => eb.or([eb(name, "=", eb.fn.any(eb.val(handles))), eb("email", "=", eb.fn.any(eb.val(handles)))]))
    .execute();
  return rows.map(({ id, name: handle, email }) => ({ id, handles: email === null ? [handle] : [handle, email] }));
}

/** One event with those whom it concerns besides the watchers, and a sentence for each reason. */
export type Notice = {
  seq: number;
  at: string;
  issue: number;
  actorId: string | null;
  watched: boolean;
  assigned: string[];
  mentioned: string[];
  summaries: Record<Exclude<Notification["reason"], "script">, string>;
};

export type Told = Omit<Notification, "project" | "key" | "issue"> & {
  issue: number;
  userId: string;
  seq: number;
  byMail: boolean;
};

/**
 * Notifies once a person and event, for the strongest reason that the person wants to hear of. Left out are whoever
 * did it and who may not see the project any more.
 */
export async function insertNotifications(
  tx: Tx,
  { projectId, stream, notices }: { projectId: string; stream: string; notices: Notice[] },
): Promise<Told[]> {
  const rows = await insertTold(tx, { projectId, stream, notices: JSON.stringify(notices) });
  return rows.sort((a, b) => a.seq - b.seq);
}

const insertTold = prepare(
  (_, { projectId, stream, notices }: { projectId: string; stream: string; notices: string }) => sql<Told>`
    with notices as (
      select * from jsonb_to_recordset(cast(${notices} as jsonb)) as n(
        seq bigint, at timestamptz, issue int, "actorId" uuid, watched boolean, assigned uuid[], mentioned uuid[], summaries jsonb
      )
    ), concerned as (
      select seq, unnest(mentioned) as user_id, 'mentioned'::notification_reason as reason from notices
      union all select seq, unnest(assigned), 'assigned' from notices
      union all
      select notices.seq, watchers.user_id, 'watched' from notices
      join issues on issues.project_id = ${projectId} and issues.number = notices.issue
      join watchers on watchers.issue_id = issues.id and date_trunc('milliseconds', watchers.since) <= notices.at
      where notices.watched
    ), chosen as (
      select distinct on (notices.seq, users.id) notices.seq, notices.issue, users.id as user_id, concerned.reason,
        notices.summaries ->> concerned.reason::text as summary,
        coalesce((users.notification_prefs ->> 'email')::boolean, false) and users.email is not null as by_mail
      from concerned join users on users.id = concerned.user_id join notices on notices.seq = concerned.seq
      where users.id is distinct from notices."actorId" and users.suspended_at is null
        and coalesce((users.notification_prefs ->> concerned.reason::text)::boolean, true)
        and ${sees(sql`users.id`, sql`cast(${projectId} as uuid)`)}
      order by notices.seq, users.id, concerned.reason
    )
    insert into notifications (user_id, reason, project_id, issue, stream, seq, summary, mail_due)
    select user_id, reason, ${projectId}, issue, ${stream}, seq, summary, case when by_mail then now() end
    from chosen order by seq, user_id
    on conflict do nothing
    returning id, user_id, seq, reason, issue, summary, created_at, read_at, mail_due is not null as by_mail`,
);
