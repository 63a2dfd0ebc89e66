/** The statements of the log's tables, written by hand because every mutation sends them. */
import type { Selectable } from "kysely";
import type { Actor, Cause, Change, StreamKind, WireEvent } from "../../protocol/index.ts";
import type { WriteContext } from "./context.ts";
import type { Connection, Db } from "./db.ts";
import { prepare } from "./prepare.ts";
import type { Events } from "./schema.ts";

export const projectStream = (projectId: string): string => `project:${projectId}`;
export const orgStream = (orgId: string): string => `org:${orgId}`;
export const userStream = (userId: string): string => `user:${userId}`;
export const streamKind = (stream: string): StreamKind => stream.slice(0, stream.indexOf(":")) as StreamKind;

/** Emitted, not yet committed; `record` adds seq and time. */
export type PendingEvent = {
  stream: string;
  type: string;
  actor: Actor;
  cause: Cause | undefined;
  issue: number | null;
  data: object;
  changes: Change[] | null;
  seq?: number;
};

/** In the log for good; what the feed carries. */
export type CommittedEvent = { stream: string; epoch: string; event: WireEvent };

/** The stored answer of a command id. */
export type Answer = { inputHash: string; stream: string; seq: number | null; data: unknown };
export type Done = { kind: "done"; data: unknown; events: PendingEvent[] };
export type Head = { seq: number; answers: Map<string, Answer> };

type StoredAnswer = Answer & { actorId: string; commandId: string };
const lockStatement = (which: string): string => `with head as (select seq from streams where id = $1 for update)
  select (select seq from head), (
    select json_agg(json_build_object(
      'actorId', actor_id, 'commandId', command_id, 'inputHash', encode(input_hash, 'hex'), 'stream', stream, 'seq', seq, 'data', data
    )) from command_answers where ${which}
  ) as answers`;
/** Without arrays the plan is made once: Postgres would make a new one for each, which takes longer than the lock. */
const lockForOne = lockStatement("actor_id = $2 and command_id = $3");
const lockForMany = lockStatement("(actor_id, command_id) in (select * from unnest($2::uuid[], $3::uuid[]))");

/**
 * Locks the stream's row and looks up the answers of command ids that were sent before. There is no row yet when the
 * command itself makes what the stream belongs to: nobody else can know its id.
 */
export async function lockStream(connection: Connection, stream: string, contexts: WriteContext[]): Promise<Head> {
  const asked = contexts.flatMap(({ actor, commandId }) => (commandId === undefined ? [] : [[actor.id, commandId]]));
  const [one = [null, null], ...others] = asked;
  const ids = others.length === 0 ? one : [0, 1].map((place) => asked.map((pair) => pair[place]));
  const [row] = await connection.query(others.length === 0 ? lockForOne : lockForMany, [stream, ...ids]);
  const stored = (row?.["answers"] ?? []) as StoredAnswer[];
  return {
    seq: Number(row?.["seq"] ?? 0),
    answers: new Map(stored.map((answer) => [`${answer.actorId} ${answer.commandId}`, answer])),
  };
}

/** Numbers and inserts the events of all commands, each stream's in the order given, and stores their answers. */
const recordStatement = `with emitted as (
    select * from jsonb_to_recordset($1::jsonb) as e(
      stream text, place int, type text, "actorId" uuid, "actorKind" actor_kind, cause jsonb, issue int, data jsonb, changes jsonb
    )
  ), bumped as (
    insert into streams (id, seq) select stream, count(*) from emitted group by stream order by stream
    on conflict (id) do update set seq = streams.seq + excluded.seq
    returning id, seq, epoch
  ), counted as (
    select stream, count(*) as size from emitted group by stream
  ), logged as (
    insert into events (stream, seq, type, at, actor_id, actor_kind, cause, issue, data, changes)
    select e.stream, b.seq - c.size + e.place, e.type, now(), e."actorId", e."actorKind", e.cause, e.issue, e.data, e.changes
    from emitted e join bumped b on b.id = e.stream join counted c on c.stream = e.stream
  ), answered as (
    insert into command_answers (actor_id, command_id, input_hash, stream, seq, data, run_id, journal)
    select "actorId", "commandId", decode("inputHash", 'hex'), stream, seq, data, "runId", journal
    from jsonb_to_recordset($2::jsonb) as a(
      "actorId" uuid, "commandId" uuid, "inputHash" text, stream text, seq bigint, data jsonb, "runId" uuid, journal jsonb
    )
  )
  select id, seq, epoch, now() as at from bumped`;

/**
 * Writes what the commands did to the log and commits, in one round trip: a commit behind a statement that failed is a
 * rollback. Gives the events as committed.
 */
export async function commitDone(
  connection: Connection,
  stream: string,
  head: Head,
  done: { ctx: WriteContext; outcome: Done }[],
): Promise<CommittedEvent[]> {
  const events = done.flatMap(({ outcome }) => outcome.events);
  const places = new Map<string, number>();
  const rows = events.map((event) => {
    const place = (places.get(event.stream) ?? 0) + 1;
    places.set(event.stream, place);
    if (event.stream === stream) event.seq = head.seq + place;
    const { type, issue, data, changes, cause = null } = event;
    return {
      stream: event.stream,
      place,
      type,
      actorId: event.actor.id,
      actorKind: event.actor.kind,
      cause,
      issue,
      data,
      changes,
    };
  });
  const answers = done
    .filter(({ ctx }) => ctx.commandId !== undefined)
    .map(({ ctx, outcome }) => ({
      actorId: ctx.actor.id,
      commandId: ctx.commandId,
      inputHash: ctx.inputHash,
      stream,
      seq: outcome.events.findLast((event) => event.stream === stream)?.seq ?? null,
      data: outcome.data,
      ...(ctx.run && { runId: ctx.run.id, journal: ctx.run.journal }),
    }));
  const values = [JSON.stringify(rows), JSON.stringify(answers)];
  const nothing = rows.length === 0 && answers.length === 0;
  const [heads] = await Promise.all([
    nothing ? [] : connection.query(recordStatement, values),
    connection.query("commit"),
  ]);
  return heads.flatMap(({ id, seq, epoch, at }) => {
    const own = events.filter((event) => event.stream === id);
    return own.map((event, i) => ({
      stream: String(id),
      epoch: String(epoch),
      event: toWire({ ...event, seq: Number(seq) - own.length + i + 1, at: String(at) }),
    }));
  });
}

function toWire(event: Omit<PendingEvent, "seq"> & { seq: number; at: string }): WireEvent {
  const { seq, type, at, actor, cause, data } = event;
  return { seq, type, at, actor: { id: actor.id, kind: actor.kind }, ...(cause && { cause }), data: { ...data } };
}

/** Events of a stream after `after`, oldest first. */
export async function readEvents(db: Db, range: Range): Promise<WireEvent[]> {
  return (await listEvents(db, range)).map(eventOf);
}

type Range = { stream: string; after: number; limit: number };

const selectEvents = (db: Db, range: Range) =>
  db
    .selectFrom("events")
    .select(["seq", "type", "at", "actorId", "actorKind", "cause", "data"])
    .where("stream", "=", range.stream)
    .where("seq", ">", range.after)
    .orderBy("seq")
    .limit(range.limit);

const listEvents = prepare(selectEvents);
const listWithHistory = prepare((db, range: Range) => selectEvents(db, range).select(["issue", "changes"]));

type EventRow = Pick<Selectable<Events>, "seq" | "type" | "at" | "actorId" | "actorKind" | "cause" | "data">;

const eventOf = ({ seq, type, at, actorId, actorKind, cause, data }: EventRow): WireEvent => ({
  seq,
  type,
  at,
  actor: { id: actorId, kind: actorKind },
  ...(cause !== null && { cause: cause as Cause }),
  data: data as Record<string, unknown>,
});

/** An event with what is not pushed. */
export type LoggedEvent = WireEvent & { issue: number | null; changes: Change[] };

/** Like `readEvents`, for reactions. */
export async function readLog(db: Db, range: Range): Promise<LoggedEvent[]> {
  return (await listWithHistory(db, range)).map(({ issue, changes, ...row }) => ({
    ...eventOf(row),
    issue,
    changes: (changes ?? []) as Change[],
  }));
}

export type StreamHead = { stream: string; seq: number; epoch: string };

/** Where these streams stand; one that was never written to is missing. */
export const readHeads = (db: Db, streams: string[]): Promise<StreamHead[]> => listHeads(db, { streams });

const listHeads = prepare((db, { streams }: { streams: string[] }) =>
  db
    .selectFrom("streams")
    .select(["id as stream", "seq", "epoch"])
    .where((eb) => eb("id", "=", eb.fn.any(eb.val(streams)))),
);

/** The stored answer of a command id, outside a transaction. */
export async function findAnswer(db: Db, key: { actorId: string; commandId: string }): Promise<Answer | undefined> {
  const row = await db
    .selectFrom("commandAnswers")
    .select(["inputHash", "stream", "seq", "data"])
    .where("actorId", "=", key.actorId)
    .where("commandId", "=", key.commandId)
    .executeTakeFirst();
  return row && { ...row, inputHash: row.inputHash.toString("hex") };
}
