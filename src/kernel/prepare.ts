/** Queries of the hot path, composed once for all calls: to compose one costs more than to send it. */
import type { CompiledQuery, QueryExecutorProvider } from "kysely";
import { columnNames, type Db } from "./db.ts";

type Values = { readonly [name: string]: unknown };
type Composed<Row> = { compile(provider: QueryExecutorProvider): CompiledQuery<Row> };

/** Stands in a composed query for a value that each call brings. */
const pathOf = Symbol("path of the value");
type Hole = { [pathOf]: string[]; [Symbol.toPrimitive](): never };
const holeAt = (path: string[]): Hole => ({
  [pathOf]: path,
  [Symbol.toPrimitive]() {
    throw new Error(`${path.join(".")} differs from call to call: a query may pass it on, not compute with it`);
  },
});
const isHole = (value: unknown): value is Hole => typeof value === "object" && value !== null && pathOf in value;

/** Forms kept of one query; those with many optional fields have more than anyone uses. */
const MAX_FORMS = 200;

const isRecord = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** The names of all values, and what is under `form`: calls that agree in it share a query. */
function shapeOf(values: Values): string {
  let shape = "";
  for (const name in values) {
    const value = values[name];
    if (value === undefined) continue;
    if (name === "form") shape += JSON.stringify(value);
    else shape += isRecord(value) ? `${name}{${shapeOf(value)}}` : `${name},`;
  }
  return shape;
}

function withHoles(values: Values, path: string[] = []): Values {
  const holes: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const here = [...path, name];
    if (value === undefined || name === "form") holes[name] = value;
    else holes[name] = isRecord(value) ? withHoles(value, here) : holeAt(here);
  }
  return holes;
}

const valueAt = (values: Values, path: string[]): unknown =>
  path.reduce<unknown>((value, name) => (value as Values)[name], values);

/**
 * Gives a function that runs the query which `compose` makes. `compose` sees objects, fields that are absent, and
 * whatever is under the name `form` as they are; each other value is a stand-in that it may pass on but not look at.
 */
export function prepare<Row, V extends object, D extends Db = Db>(
  compose: (db: D, values: V) => Composed<Row>,
): (db: D, values: V) => Promise<Row[]> {
  const known = new Map<string, Query>();
  return async (db, values) => {
    const given = values as Values;
    const shape = shapeOf(given);
    const query = known.get(shape) ?? { ...compose(db, withHoles(given) as V).compile(db), names: [] };
    if (known.size < MAX_FORMS) known.set(shape, query);
    const parameters = query.parameters.map((value) => (isHole(value) ? valueAt(given, value[pathOf]) : value));
    const { rows } = await db.send(query.sql, parameters);
    if (rows.length === 0) return [];
    if (query.names.length === 0) query.names = await namesOf(rows[0]);
    return rows.map((row) => rename<Row>(row, query.names));
  };
}

type Query = Pick<CompiledQuery, "sql" | "parameters"> & { names: Name[] };
type Name = [column: string, name: string];

/** How the columns of a row are called with us: as everywhere, but found out once. */
async function namesOf(row: Values): Promise<Name[]> {
  const result = await columnNames.transformResult({ result: { rows: [row] }, queryId: { queryId: "names" } });
  const names = Object.keys(result.rows[0] ?? {});
  return Object.keys(row).map((column, place) => [column, names[place] ?? column]);
}

function rename<Row>(row: Values, names: readonly Name[]): Row {
  const renamed: Record<string, unknown> = {};
  for (const [column, name] of names) renamed[name] = row[column];
  return renamed as Row;
}
