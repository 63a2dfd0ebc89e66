import { sql } from "kysely";
import type { Sprint } from "../../../../protocol/index.ts";
import type { ProjectScope } from "../../../kernel/context.ts";
import type { Db } from "../../../kernel/db.ts";
import type { PlanEvent } from "../facts.ts";
import type { Standing } from "../report.ts";
import { sprintColumns } from "./sprint.ts";

/** Sprints in the velocity. */
const VELOCITY_SPRINTS = 6;
/** Rows read at once: what a report holds in memory does not grow with the log. */
const READ_ROWS = 10_000;

/** A sprint with the seqs of its events in the log; null: not yet, or pruned. */
export type LoggedSprint = Sprint & { createdAt: string; startedSeq: number | null; completedSeq: number | null };

const seqOf = (stream: string, type: "sprint.started" | "sprint.completed") => sql<number | null>`(
  select min(seq) from events
  where stream = ${stream} and event_sprint(data) = cast(sprints.id as text) and type = ${type}
)`;

/** The sprint and the completed ones of its velocity, oldest first: up to six, none completed later than itself. */
export async function listForReport(
  db: Db,
  { project, id }: { project: ProjectScope; id: string },
): Promise<LoggedSprint[]> {
  const completed = sql<string>`(
    select id from sprints
    where project_id = ${project.id} and state = 'completed'
      and completed_at <= coalesce((select completed_at from sprints where id = ${id}), 'infinity')
    order by completed_at desc, id limit ${VELOCITY_SPRINTS}
  )`;
  return db
    .selectFrom("sprints")
    .select([...sprintColumns, "sprints.createdAt"])
    .select(seqOf(project.stream, "sprint.started").as("startedSeq"))
    .select(seqOf(project.stream, "sprint.completed").as("completedSeq"))
    .where("projectId", "=", project.id)
    .where((eb) => eb.or([eb("id", "=", id), eb("id", "in", completed)]))
    .orderBy("completedAt", (order) => order.asc().nullsLast())
    .orderBy("id", "desc")
    .execute();
}

/** The oldest event of the stream that is kept. */
export async function findOldest(db: Db, stream: string): Promise<{ seq: number; at: string } | undefined> {
  return db
    .selectFrom("events")
    .select(["seq", "at"])
    .where("stream", "=", stream)
    .orderBy("seq")
    .limit(1)
    .executeTakeFirst();
}

type Scope = { project: ProjectScope; sprintIds: string[]; pruned: boolean };

/** Issues that were ever in one of the sprints: those that went in, and those that are there still. */
const members = ({ project, sprintIds }: Scope) => sql`(
  select issue as number from events
  where stream = ${project.stream} and event_sprint(data) = any(cast(${sprintIds} as text[])) and issue is not null
  union select number from issues where sprint_id = any(cast(${sprintIds} as uuid[]))
)`;

async function readPage(db: Db, scope: Scope, after: { issue: number; seq: number }): Promise<PlanEvent[]> {
  const { project, pruned } = scope;
  const { rows } = await sql<PlanEvent>`
    select e.issue, e.seq, e.at, e.type, said.data ->> 'status' as status,
      cast(said.data -> 'estimate' as text) as estimate, cast(said.data -> 'sprintId' as text) as sprint_id,
      ${pruned ? sql`e.changes` : sql`null`} as changes
    from (select number from ${members(scope)} ever where number >= ${after.issue} order by number) members
    cross join lateral (
      select * from events
      where stream = ${project.stream} and issue = members.number and event_plans(type, data)
        and seq > case when members.number = ${after.issue} then ${after.seq} else 0 end
      order by seq offset 0
    ) e
    cross join lateral (select coalesce(e.data -> 'issue', e.data -> 'changes') as data) said
    order by e.issue, e.seq limit ${READ_ROWS}`.execute(db);
  return rows;
}

/** For each issue that was ever in one of the sprints, all events that may change a report, oldest first. */
export async function* readPlanEvents(db: Db, scope: Scope): AsyncGenerator<{ number: number; events: PlanEvent[] }> {
  let read: { number: number; events: PlanEvent[] } | undefined;
  for (let after: { issue: number; seq: number } | undefined = { issue: 0, seq: 0 }; after; ) {
    const rows = await readPage(db, scope, after);
    for (const row of rows) {
      if (read?.number !== row.issue) {
        if (read) yield read;
        read = { number: row.issue, events: [] };
      }
      read.events.push(row);
    }
    after = rows.length === READ_ROWS ? rows.at(-1) : undefined;
  }
  if (read) yield read;
}

/** How issues that were ever in one of the sprints stand now, by number; purged ones are missing. */
export async function readStandings(db: Db, scope: Scope): Promise<Map<number, Standing>> {
  const { rows } = await sql<Standing & { number: number }>`
    select i.number, i.deleted_at is null as present, i.sprint_id, i.status, i.estimate
    from ${members(scope)} members
    join issues i on i.project_id = ${scope.project.id} and i.number = members.number`.execute(db);
  return new Map(rows.map(({ number, ...standing }) => [number, standing]));
}
