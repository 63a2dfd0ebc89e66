import { type RawBuilder, type SqlBool, sql } from "kysely";
import { z } from "zod";
import { invalid } from "../../kernel/errors.ts";
import { readCursor } from "../../kernel/page.ts";

const NameCursor = z.tuple([z.string(), z.uuid()]);

/** Where a list by name goes on: behind this row. */
export type AfterName = z.infer<typeof NameCursor> | undefined;

export function readNameCursor(cursor: string | null | undefined): AfterName {
  const values = readCursor(cursor, 2);
  if (values === undefined) return undefined;
  const parsed = NameCursor.safeParse(values);
  if (!parsed.success) throw invalid("cursor", "not a cursor of this list");
  return parsed.data;
}

/** The order of lists that people read: by name, capitals or not, then by id. */
export function byName(columns: { name: string; id: string }) {
  const name = sql`lower(${sql.ref(columns.name)})`;
  const id = sql.ref(columns.id);
  return {
    name,
    behind: (after: AfterName): RawBuilder<SqlBool> =>
      after === undefined
        ? sql<SqlBool>`true`
        : sql<SqlBool>`(${name}, ${id}) > (lower(cast(${after[0]} as text)), cast(${after[1]} as uuid))`,
  };
}
