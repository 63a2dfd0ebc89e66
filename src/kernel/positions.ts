/**
 * Where each consumer stands in each stream, and which instance is at it. These are single statements that need no
 * transaction; `movePosition` may also take part in one.
 */
import { sql } from "kysely";
import type { Db } from "./db.ts";
import { AppError } from "./errors.ts";
import { prepare } from "./prepare.ts";

type At = { consumer: string; stream: string };
type Holder = { instance: string; leaseMs: number };

const until = (leaseMs: number) => sql`now() + make_interval(secs => cast(${leaseMs} as double precision) / 1000)`;

/**
 * Where the consumer stands and how far the stream goes; undefined while another instance has the claim. `orphaned`:
 * whoever had it before never gave it back, so events behind the position may have been handled.
 */
export async function claimStream(db: Db, claim: At & Holder) {
  return (await claimOne(db, claim))[0];
}

const claimOne = prepare(
  (_, { consumer, stream, instance, leaseMs }: At & Holder) => sql<{ seq: number; head: number; orphaned: boolean }>`
    with before as (select claimed_by from positions where consumer = ${consumer} and stream = ${stream})
    insert into positions as p (consumer, stream, seq, claimed_by, claimed_until)
    select ${consumer}, id, 0, ${instance}, ${until(leaseMs)} from streams where id = ${stream}
    on conflict (consumer, stream) do update
      set claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
      where p.claimed_until is null or p.claimed_until < now() or p.claimed_by = ${instance}
    returning seq, (select s.seq from streams s where s.id = ${stream}) as head,
      coalesce((select claimed_by is not null from before), false) as orphaned`,
);

/** Another lease for what this instance has claimed of these streams. */
export async function renewClaims(
  db: Db,
  { consumer, streams, instance, leaseMs }: Holder & { consumer: string; streams: string[] },
): Promise<void> {
  await sql`update positions set claimed_until = ${until(leaseMs)}
    where consumer = ${consumer} and stream = any(${streams}) and claimed_by = ${instance}`.execute(db);
}

/** Gives a claim back; says whether there are events that came too late, but whose waker found the stream claimed. */
export async function releaseStream(db: Db, claim: At & Pick<Holder, "instance">) {
  return (await releaseOne(db, claim))[0]?.isBehind ?? false;
}

const releaseOne = prepare(
  (_, { consumer, stream, instance }: At & Pick<Holder, "instance">) => sql<{ isBehind: boolean }>`
    update positions p set claimed_by = null, claimed_until = null
    where consumer = ${consumer} and stream = ${stream} and claimed_by = ${instance}
    returning p.seq < (select s.seq from streams s where s.id = ${stream}) as is_behind`,
);

/** Whether the claim and the position are as they were: nobody has set the consumer anew meanwhile. */
export async function isHeld(db: Db, { consumer, stream, instance, seq }: At & { instance: string; seq: number }) {
  const { rows } = await sql`
    select from positions
    where consumer = ${consumer} and stream = ${stream} and claimed_by = ${instance} and seq = ${seq}`.execute(db);
  return rows.length > 0;
}

type Move = At & { from: number; to: number };

const moveOne = prepare(
  (_, { consumer, stream, from, to }: Move) => sql`
    update positions set seq = ${to} where consumer = ${consumer} and stream = ${stream} and seq = ${from}
    returning seq`,
);

/** Throws `conflict` when the position is not at `from` any more: another instance has done the work. */
export async function movePosition(db: Db, move: Move) {
  const rows = await moveOne(db, move);
  if (rows.length === 0) throw new AppError("conflict", "Another instance was here before");
}

/** The streams of one kind that have events behind the position, and that nobody works on. */
export async function listWaiting(db: Db, { consumer, kind }: { consumer: string; kind: string }): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select s.id from streams s left join positions p on p.consumer = ${consumer} and p.stream = s.id
    where s.id >= ${`${kind}:`} and s.id < ${`${kind};`} and s.seq > coalesce(p.seq, 0)
      and (p.claimed_until is null or p.claimed_until < now())`.execute(db);
  return rows.map(({ id }) => id);
}
