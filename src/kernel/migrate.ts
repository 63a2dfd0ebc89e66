import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Kysely, type Migration, Migrator, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { sqlState } from "./errors.ts";
import { packageRoot } from "./package-root.ts";

/** Any number, but the same one in every version: instances that start at once take turns. */
const MIGRATION_LOCK = 7_214_305;

type File = { name: string; text: string; sha256: string };

async function readMigrations(): Promise<File[]> {
  const folder = new URL("migrations/", packageRoot);
  const names = (await readdir(folder)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (file) => {
      const text = await readFile(new URL(file, folder), "utf8");
      return { name: file.slice(0, -4), text, sha256: createHash("sha256").update(text).digest("hex") };
    }),
  );
}

const toMigration = ({ name, text, sha256 }: File): Migration => ({
  async up(db) {
    await sql.raw(text).execute(db);
    await sql`insert into migration_checksums (name, sha256) values (${name}, ${sha256})`.execute(db);
  },
});

/** Brings the database to this version's schema; gives the names applied now. Refuses a file that changed since it was applied. */
export async function migrate(url: string): Promise<string[]> {
  const files = await readMigrations();
  const client = new pg.Client({ connectionString: url, application_name: "rhythm migrate" });
  client.on("error", () => undefined);
  await client.connect();
  try {
    await client.query("select pg_advisory_lock($1)", [MIGRATION_LOCK]);
    await client.query("create table if not exists migration_checksums (name text primary key, sha256 text not null)");
    const { rows } = await client.query<{ name: string; sha256: string }>(
      "select name, sha256 from migration_checksums",
    );
    const changed = rows.find(({ name, sha256 }) => files.some((file) => file.name === name && file.sha256 !== sha256));
    if (changed)
      throw new Error(`migrations/${changed.name}.sql was changed after it was applied: restore it and add a new file`);
    const unknown = rows.find(({ name }) => !files.some((file) => file.name === name));
    if (unknown) throw new Error(`the database is newer than this server: it has migration ${unknown.name}`);
    if (rows.length === files.length) return [];
    return await applyMissing(client, files);
  } finally {
    await client.end();
  }
}

/** Longest that commands wait behind a migration that itself waits for a lock. */
const LOCK_TIMEOUT_MS = 400;
const RETRY_MS = 1000;
/** lock_not_available. */
const LOCK_TIMEOUT = "55P03";

/** On the connection that holds the lock. A table that is in use is tried again until it is free for a moment. */
async function applyMissing(client: pg.Client, files: File[]): Promise<string[]> {
  const connection = { query: client.query.bind(client) as never, release: () => undefined };
  const db = new Kysely({
    dialect: new PostgresDialect({ pool: { connect: async () => connection, end: async () => undefined } }),
  });
  const provider = {
    getMigrations: async () => Object.fromEntries(files.map((file) => [file.name, toMigration(file)])),
  };
  await client.query(`set lock_timeout = ${LOCK_TIMEOUT_MS}`);
  let outcome = await new Migrator({ db, provider }).migrateToLatest();
  while (sqlState(outcome.error) === LOCK_TIMEOUT) {
    await sleep(RETRY_MS);
    outcome = await new Migrator({ db, provider }).migrateToLatest();
  }
  const { error, results = [] } = outcome;
  if (error) throw error;
  return results.filter(({ status }) => status === "Success").map(({ migrationName }) => migrationName);
}

/** Whether every migration of this version has been applied. */
export async function isMigrated(query: (text: string) => Promise<{ rows: { name: string }[] }>): Promise<boolean> {
  const [files, { rows }] = await Promise.all([readMigrations(), query("select name from migration_checksums")]);
  const applied = new Set(rows.map(({ name }) => name));
  return files.every(({ name }) => applied.has(name));
}
