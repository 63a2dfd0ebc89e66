import { sql } from "kysely";
import type { Output, TimeEntry, UserRef } from "../../../protocol/index.ts";
import type { ProjectScope } from "../../kernel/context.ts";
import type { Db } from "../../kernel/db.ts";
import { behind, cursorValues, type Order, readAfter, timeKey, toPage, uuidKey } from "../../kernel/page.ts";
import type { Tx } from "../../kernel/transact.ts";
import { userRef } from "../org/person.ts";

const user = sql<UserRef>`(select ${userRef} from users where users.id = time_entries.user_id)`;

export type TimedIssue = { id: string; number: number; deletedAt: string | null; timeSpentSeconds: number };

export async function findTimedIssue(
  db: Db,
  key: { projectId: string; number: number },
): Promise<TimedIssue | undefined> {
  return db
    .selectFrom("issues")
    .select(["id", "number", "deletedAt", "timeSpentSeconds"])
    .where("projectId", "=", key.projectId)
    .where("number", "=", key.number)
    .executeTakeFirst();
}

const latestFirst: Order = {
  name: "time",
  keys: [timeKey(sql`time_entries.logged_at`), uuidKey(sql`time_entries.id`)],
  direction: "desc",
};

/** Latest work first. */
export async function listEntries(
  db: Db,
  { issue, cursor, limit }: { issue: TimedIssue; cursor: string | null | undefined; limit: number },
): Promise<{ items: TimeEntry[]; nextCursor: string | null }> {
  const after = readAfter(latestFirst, cursor);
  let query = db
    .selectFrom("timeEntries")
    .select(["id", user.as("user"), "seconds", "description", "loggedAt", "createdAt"])
    .select(cursorValues(latestFirst).as("cursorValues"))
    .where("issueId", "=", issue.id)
    .orderBy("loggedAt", "desc")
    .orderBy("id", "desc");
  if (after) query = query.where(behind(latestFirst, after));
  const page = toPage(await query.limit(limit + 1).execute(), limit, (row) => row.cursorValues);
  return {
    items: page.items.map(({ cursorValues: _, ...entry }) => ({ ...entry, issue: issue.number })),
    nextCursor: page.nextCursor,
  };
}

type NewEntry = { projectId: string; issueId: string; userId: string; seconds: number; description: string };

/** Writes the entry and the issue's new total. */
export async function insertEntry(
  tx: Tx,
  { loggedAt, ...entry }: NewEntry & { loggedAt: string | undefined },
): Promise<Omit<TimeEntry, "issue">> {
  return tx
    .with("totalled", (cte) =>
      cte
        .updateTable("issues")
        .set({ timeSpentSeconds: sql`time_spent_seconds + ${entry.seconds}`, updatedAt: sql`now()` })
        .where("id", "=", entry.issueId),
    )
    .insertInto("timeEntries")
    .values({ ...entry, loggedAt: loggedAt ?? sql`now()` })
    .returning(["id", user.as("user"), "seconds", "description", "loggedAt", "createdAt"])
    .executeTakeFirstOrThrow();
}

export type FoundEntry = Pick<TimeEntry, "id" | "seconds"> & {
  userId: string;
  issueId: string;
  number: number;
  /** Both of its issue. */
  timeSpentSeconds: number;
  deletedAt: string | null;
};

export async function findEntry(db: Db, key: { projectId: string; entryId: string }): Promise<FoundEntry | undefined> {
  return db
    .selectFrom("timeEntries")
    .innerJoin("issues", "issues.id", "timeEntries.issueId")
    .select(["timeEntries.id", "timeEntries.userId", "timeEntries.seconds", "timeEntries.issueId"])
    .select(["issues.number", "issues.timeSpentSeconds", "issues.deletedAt"])
    .where("timeEntries.id", "=", key.entryId)
    .where("timeEntries.projectId", "=", key.projectId)
    .executeTakeFirst();
}

/** Takes the entry away, and its seconds from the issue's total. */
export async function deleteEntryRow(tx: Tx, { id, issueId, seconds }: FoundEntry): Promise<void> {
  await tx
    .with("totalled", (cte) =>
      cte
        .updateTable("issues")
        .set({ timeSpentSeconds: sql`time_spent_seconds - ${seconds}`, updatedAt: sql`now()` })
        .where("id", "=", issueId),
    )
    .deleteFrom("timeEntries")
    .where("id", "=", id)
    .execute();
}

type Span = { project: ProjectScope; from: string; to: string };
export const MAX_GROUPS = 1000;

const sums = [
  sql<number>`sum(seconds)::bigint`.as("seconds"),
  sql<number>`count(*)`.as("entryCount"),
  // Over all groups, also those beyond the limit.
  sql<number>`(sum(sum(seconds)) over ())::bigint`.as("totalSeconds"),
] as const;

const entriesIn = (db: Db, { project, from, to }: Span) =>
  db
    .selectFrom("timeEntries")
    .where("timeEntries.projectId", "=", project.id)
    .where("loggedAt", ">=", from)
    .where("loggedAt", "<", to)
    .orderBy("seconds", "desc")
    .limit(MAX_GROUPS);

export async function reportByUser(db: Db, span: Span): Promise<Output<"time.report">> {
  const rows = await entriesIn(db, span)
    .groupBy("userId")
    .select([user.as("user"), ...sums])
    .orderBy("userId")
    .execute();
  return toReport(rows, ({ user: person }) => ({ user: person }));
}

export async function reportByIssue(db: Db, span: Span): Promise<Output<"time.report">> {
  const rows = await db
    .selectFrom(
      entriesIn(db, span)
        .groupBy("issueId")
        .select(["issueId", ...sums])
        .as("sums"),
    )
    .innerJoin("issues", "issues.id", "sums.issueId")
    .select(["issues.number", "issues.title", "sums.seconds", "sums.entryCount", "sums.totalSeconds"])
    .orderBy("sums.seconds", "desc")
    .orderBy("issues.number")
    .execute();
  const { key } = span.project;
  return toReport(rows, ({ number, title }) => ({ issue: { number, key: `${key}-${number}`, title } }));
}

type Sums = { seconds: number; entryCount: number; totalSeconds: number };
type Subject = Pick<Output<"time.report">["groups"][number], "user" | "issue">;

function toReport<Row extends Sums>(rows: Row[], subjectOf: (row: Row) => Subject): Output<"time.report"> {
  return {
    totalSeconds: rows[0]?.totalSeconds ?? 0,
    groups: rows.map((row) => ({ ...subjectOf(row), seconds: row.seconds, entryCount: row.entryCount })),
  };
}
