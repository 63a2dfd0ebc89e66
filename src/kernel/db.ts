import { CamelCasePlugin, Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import type { Logger } from "pino";
import type { Metrics } from "./metrics.ts";
import type { DB } from "./schema.ts";

export type Send = (text: string, values: readonly unknown[]) => Promise<pg.QueryResult>;

/** What reads take. Writes need a `Tx`, which only `transact` makes. `send` is for `prepare`. */
export type Db = Pick<Kysely<DB>, "selectFrom" | "selectNoFrom" | "fn" | "getExecutor"> & { send: Send };

/** One connection with a transaction open on it. Statements leave at once, without waiting for those before them. */
export type Connection = {
  send: Send;
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Builds queries that leave by `send`, in place of the connection's own. */
  through(send: Send): Kysely<DB> & { send: Send };
  /** Give it back; `broken` closes it instead. */
  release(broken?: boolean): void;
};

export type Database = {
  db: Db;
  /** Reads that must see one moment: a read-only snapshot of the whole database. */
  snapshot<T>(read: (db: Db) => Promise<T>): Promise<T>;
  connect(): Promise<Connection>;
  pool: pg.Pool;
  close(): Promise<void>;
};

type Options = {
  url: string;
  log: Logger;
  metrics: Metrics;
  /** Most connections; two cores of Postgres gain nothing from more. */
  max?: number;
  /** Called with each statement sent, for tests that count. */
  onStatement?: ((text: string) => void) | undefined;
};

/** Statements kept prepared per connection: of those that are not marked, the code has fewer. */
const MAX_PREPARED = 500;

const PLANNED_ANEW = "/* planned anew */";
/** Marks a statement that comes in many forms, or whose best plan depends on its values: it is not kept prepared. */
export const plannedAnew = sql.raw(PLANNED_ANEW);

/** Event data has keys of its own, so only columns are renamed. */
export const columnNames = new CamelCasePlugin({ maintainNestedObjectKeys: true });

const isoTime = (text: string): string => new Date(`${text.replace(" ", "T")}:00`).toISOString();

/** Rows come wire-shaped: times and days as ISO 8601, int8 as number (seqs stay far below 2^53). */
const types = {
  getTypeParser(oid: number, format?: "text" | "binary") {
    if (format !== "binary" && oid === pg.types.builtins.TIMESTAMPTZ) return isoTime;
    if (format !== "binary" && oid === pg.types.builtins.DATE) return String;
    if (format !== "binary" && oid === pg.types.builtins.INT8) return Number;
    return pg.types.getTypeParser(oid, format);
  },
};

export function openDatabase({ url, log, metrics, max = 10, onStatement }: Options): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types,
    pipeline: true,
    connectionTimeoutMillis: 5000,
    idleTimeoutMillis: 60_000,
    keepAlive: true,
    application_name: "rhythm",
    // Where pages are in memory or on an SSD, an index costs what it reads; 4, the usual, is for disks that turn.
    options:
      "-c random_page_cost=1.1 -c timezone=UTC -c statement_timeout=15s -c lock_timeout=10s -c idle_in_transaction_session_timeout=15s",
  });
  // Without these listeners a dropped connection ends the process.
  pool.on("error", (error) => log.warn({ err: error }, "idle database connection lost"));
  pool.on("connect", (client) => client.on("error", (error) => log.warn({ err: error }, "database connection lost")));

  metrics.onScrape(() => {
    metrics.connections.set({ state: "idle" }, pool.idleCount);
    metrics.connections.set({ state: "busy" }, pool.totalCount - pool.idleCount);
    metrics.connectionsWanted.set(pool.waitingCount);
  });

  const names = new Map<string, string>();
  const nameOf = (text: string): string | undefined => {
    if (!names.has(text) && names.size < MAX_PREPARED) names.set(text, `s${names.size}`);
    return names.get(text);
  };
  const send = (client: pg.PoolClient, text: string, values: readonly unknown[] = []) => {
    metrics.statements.inc();
    onStatement?.(text);
    const name = values.length > 0 && !text.includes(PLANNED_ANEW) ? nameOf(text) : undefined;
    // What a turn sends leaves in one write: writes are what a statement costs here.
    const { stream } = client.connection;
    stream.cork();
    process.nextTick(() => stream.uncork());
    return client.query({ text, values: [...values], ...(name && { name }) });
  };

  const through: Connection["through"] = (query) => {
    const connection = { query, release: () => {} };
    const dialect = new PostgresDialect({ pool: { connect: async () => connection as never, end: async () => {} } });
    return Object.assign(new Kysely<DB>({ plugins: [columnNames], dialect }), { send: query });
  };

  async function connect(): Promise<Connection> {
    const client = await pool.connect();
    return {
      send: (text, values) => send(client, text, values),
      query: async (text, values) => (await send(client, text, values)).rows,
      through,
      release: (broken) => client.release(broken),
    };
  }

  const db = through(async (text, values) => {
    const client = await pool.connect();
    try {
      return await send(client, text, values);
    } finally {
      client.release();
    }
  });

  return {
    db,
    pool,
    connect,
    async snapshot(read) {
      const connection = await connect();
      let broken = true;
      try {
        const beginning = connection.query("begin isolation level repeatable read read only");
        const [result] = await Promise.allSettled([read(through(connection.send)), beginning]);
        await connection.query("commit");
        broken = false;
        if (result.status === "rejected") throw result.reason;
        return result.value;
      } finally {
        connection.release(broken);
      }
    },
    close: () => pool.end(),
  };
}
