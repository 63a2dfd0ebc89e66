import { sql } from "kysely";
import type { Db } from "../../../kernel/db.ts";

/** A notification to send by e-mail, and what its message says. */
export type DueMail = {
  id: string;
  userId: string;
  email: string;
  displayName: string;
  summary: string;
  project: string;
  title: string | null;
  attempts: number;
  /** Whether the person may still see the project. */
  sees: boolean;
};

/** First wait in minutes, doubled each time; it also is how long a sender that died keeps others waiting. */
const RETRY_MINUTES = 2;

/** Takes up to `limit` that are due, each for as long as a retry waits: settle them before, or they are due again. */
export async function claimMails(db: Db, limit: number): Promise<DueMail[]> {
  const { rows } = await sql<DueMail>`
    with due as (
      select id from notifications where mail_due <= now() order by mail_due, seq limit ${limit} for update skip locked
    ), claimed as (
      update notifications n set mail_attempts = n.mail_attempts + 1,
        mail_due = now() + make_interval(mins => cast(${RETRY_MINUTES} * 2 ^ least(n.mail_attempts, 20) as int))
      from due where n.id = due.id
      returning n.id, n.user_id, n.project_id, n.issue, n.seq, n.summary, n.mail_attempts
    )
    select c.id, c.user_id, u.email, u.display_name, c.summary, c.mail_attempts as attempts,
      o.slug || '/' || p.slug as project, i.title,
      exists (select from project_members m where m.project_id = p.id and m.user_id = u.id)
        or exists (select from org_members m where m.org_id = o.id and m.user_id = u.id) as sees
    from claimed c join users u on u.id = c.user_id join projects p on p.id = c.project_id join orgs o on o.id = p.org_id
      left join issues i on i.project_id = c.project_id and i.number = c.issue
    order by c.seq`.execute(db);
  return rows;
}

/** These are sent, or never will be. */
export async function settleMails(db: Db, ids: string[]): Promise<void> {
  await sql`update notifications set mail_due = null where id = any(cast(${ids} as uuid[]))`.execute(db);
}
