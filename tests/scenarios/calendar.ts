/**
 * A calendar that a test turns, for a server and for its database, which dates all that happens. Postgres finds the
 * `now()` of a schema that stands before its own, so nothing that was written is changed afterwards.
 */
import pg from "pg";
import { createDatabase } from "../support/harness.ts";

const clocks = { "now()": "stable", "clock_timestamp()": "volatile" };
const schema = `
  create schema calendar;
  create table calendar.today (ahead interval not null);
  insert into calendar.today values ('0');
  ${Object.entries(clocks)
    .map(
      ([clock, kind]) => `create function calendar.${clock} returns timestamptz language sql ${kind}
        return pg_catalog.${clock} + (select ahead from calendar.today);`,
    )
    .join("\n")}`;

/** Defaults were bound to the clocks of Postgres when their tables were made. */
const defaults = `
  select format('alter table %s alter column %I set default calendar.%s', adrelid::regclass, attname, clock) as statement
  from pg_attrdef join pg_attribute on attrelid = adrelid and attnum = adnum
    cross join lateral pg_get_expr(adbin, adrelid) as clock
  where clock = any($1)`;

export type Calendar = {
  databaseUrl: string;
  now: () => Date;
  /** Jumps to this moment; time goes on from there. */
  turnTo(at: string): Promise<void>;
  close(): Promise<void>;
};

export async function openCalendar(): Promise<Calendar> {
  const databaseUrl = await createDatabase();
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query(defaults, [Object.keys(clocks)]);
  await client.query(schema);
  for (const { statement } of rows) await client.query(statement);
  const name = new URL(databaseUrl).pathname.slice(1);
  await client.query(`alter database ${name} set search_path = calendar, public, pg_catalog`);
  let aheadMs = 0;
  return {
    databaseUrl,
    now: () => new Date(Date.now() + aheadMs),
    async turnTo(at) {
      aheadMs = Date.parse(at) - Date.now();
      await client.query("update calendar.today set ahead = make_interval(secs => $1)", [aheadMs / 1000]);
    },
    close: () => client.end(),
  };
}
