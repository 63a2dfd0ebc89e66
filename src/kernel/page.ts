import { type Expression, type RawBuilder, type SqlBool, sql } from "kysely";
import { z } from "zod";
import { invalid } from "./errors.ts";

type Value = string | number | null;
const Values = z.array(z.union([z.string(), z.number(), z.null()])).min(1);

const encode = (values: Value[]): string => Buffer.from(JSON.stringify(values)).toString("base64url");
const notOurs = () => invalid("cursor", "not a cursor of this list");

/** The values of a cursor made by `toPage`; `invalid` when it is none of ours for a list with this many sort keys. */
export function readCursor(cursor: string | null | undefined, keyCount: number): Value[] | undefined {
  if (!cursor) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    throw notOurs();
  }
  const values = Values.safeParse(parsed);
  if (!values.success || values.data.length !== keyCount) throw notOurs();
  return values.data;
}

/** One key of an order: its type in Postgres, and what a cursor may hold for it, so that no cursor is an SQL error. */
type Key = { by: Expression<unknown>; type: string; holds: z.ZodType<Value> };

/** A time as Postgres writes it in JSON, with microseconds: the wire's milliseconds would skip or repeat rows. */
const Moment = z.iso.datetime({ offset: true }).regex(/^[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00$/);

export const intKey = (by: Expression<unknown>): Key => ({ by, type: "int", holds: z.int32() });
export const bigintKey = (by: Expression<unknown>): Key => ({ by, type: "bigint", holds: z.int() });
export const floatKey = (by: Expression<unknown>): Key => ({ by, type: "double precision", holds: z.number() });
export const uuidKey = (by: Expression<unknown>): Key => ({ by, type: "uuid", holds: z.uuid() });
export const timeKey = (by: Expression<unknown>): Key => ({ by, type: "timestamptz", holds: Moment });

/** What a list is sorted by; all keys share the direction, and together they are unique. */
export type Order = {
  /** Part of each cursor, so that a list in another order refuses it. */
  name: string;
  keys: Key[];
  direction: "asc" | "desc";
};

/** The key values of the row that a cursor stands behind; `invalid` unless it was made by this order. */
export function readAfter({ name, keys }: Order, cursor: string | null | undefined): Value[] | undefined {
  const read = readCursor(cursor, keys.length + 1);
  if (read === undefined) return undefined;
  const [madeBy, ...values] = read;
  if (madeBy !== name || !keys.every(({ holds }, i) => holds.safeParse(values[i]).success)) throw notOurs();
  return values;
}

/** `(a, b) > (x, y)`: the rows behind these key values. */
export function behind({ keys, direction }: Order, after: readonly Value[]): RawBuilder<SqlBool> {
  const row = sql.join(keys.map(({ by }) => by));
  const at = sql.join(keys.map(({ type }, i) => sql`cast(${after[i]} as ${sql.raw(type)})`));
  return direction === "asc" ? sql<SqlBool>`(${row}) > (${at})` : sql<SqlBool>`(${row}) < (${at})`;
}

/** What a cursor behind a row holds: select it, and hand it to `toPage`. */
export const cursorValues = ({ name, keys }: Order): RawBuilder<Value[]> =>
  sql<Value[]>`json_build_array(cast(${name} as text), ${sql.join(keys.map(({ by }) => by))})`;

/** A page from `limit + 1` rows; `keyOf` gives the sort keys of the last row shown. */
export function toPage<Row>(
  rows: Row[],
  limit: number,
  keyOf: (row: Row) => Value[],
): { items: Row[]; nextCursor: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? encode(keyOf(last)) : null };
}
