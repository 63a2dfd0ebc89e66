import { type Expression, type RawBuilder, type SqlBool, sql } from "kysely";
import { z } from "zod";
import { invalid } from "./errors.ts";

type Value = string | number | null;
const Values = z.array(z.union([z.string(), z.number(), z.null()])).min(1);

const encode = (values: Value[]): string => Buffer.from(JSON.stringify(values)).toString("base64url");

/** The values of a cursor made by `toPage`; `invalid` when it is none of ours for a list with this many sort keys. */
export function readCursor(cursor: string | null | undefined, keyCount: number): Value[] | undefined {
  if (!cursor) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    throw invalid("cursor", "not a cursor of this list");
  }
  const values = Values.safeParse(parsed);
  if (!values.success || values.data.length !== keyCount) throw invalid("cursor", "not a cursor of this list");
  return values.data;
}

/** `(a, b) > (x, y)`: the rows behind a cursor, in an order that all keys share. The last key must be unique. */
export function behind(
  keys: Expression<unknown>[],
  values: Value[],
  types: string[],
  order: "asc" | "desc",
): RawBuilder<SqlBool> {
  const row = sql.join(keys);
  const at = sql.join(values.map((value, i) => sql`cast(${value} as ${sql.raw(types[i] ?? "text")})`));
  return order === "asc" ? sql<SqlBool>`(${row}) > (${at})` : sql<SqlBool>`(${row}) < (${at})`;
}

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
