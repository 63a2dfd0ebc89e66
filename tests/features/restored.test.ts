/** Databases that come back from a backup, and migrations of those that are in use. */
import pg from "pg";
import { expect, inject, onTestFinished, test } from "vitest";
import { migrate } from "../../src/kernel/migrate.ts";
import { connect } from "../support/client.ts";
import { createDatabase, startApp, startAppForTest } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

async function openClient(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

const named = (url: string, name: string): string => Object.assign(new URL(url), { pathname: name }).href;
const nameOf = (url: string): string => new URL(url).pathname.slice(1);

test("a database that was restored elsewhere gets new epochs, once, and clients load anew", async () => {
  const before = await startApp();
  const { ann, project } = await createWorld(before);
  await ann.ok("issue.create", { project, title: "Seen by all" });
  const { epoch, head, stream } = await ann.ok("project.subscribe", { project });
  await before.close();
  // As a restored dump is: the same rows in another database.
  const copy = `${nameOf(before.databaseUrl)}_copy`;
  const admin = await openClient(inject("postgresUrl"));
  await admin.query(`create database ${copy} template ${nameOf(before.databaseUrl)} strategy file_copy`);
  const databaseUrl = named(before.databaseUrl, copy);

  const instances = await Promise.all([startApp({ databaseUrl }), startApp({ databaseUrl })]);
  const positions = await Promise.all(
    instances.map(async ({ url }) => {
      const client = await connect(url, ann);
      const position = await client.ok("project.subscribe", { project, since: { epoch, seq: head } });
      client.close();
      return position;
    }),
  );
  const [first, second] = positions;
  expect(first).toMatchObject({ stream, head, events: [], reset: true });
  expect(first?.epoch).not.toBe(epoch);
  expect(second?.epoch).toBe(first?.epoch);
  const warnings = instances.flatMap(({ complaints }) => complaints.map(({ msg }) => msg));
  expect(warnings).toEqual(["the database is a restored one: clients load everything anew"]);
  await Promise.all(instances.map((instance) => instance.close()));

  const again = await startAppForTest({ databaseUrl });
  const client = await connect(again.url, ann);
  onTestFinished(() => client.close());
  const epochNow = first?.epoch ?? "";
  const resumed = await client.ok("project.subscribe", { project, since: { epoch: epochNow, seq: head } });
  expect(resumed).toMatchObject({ epoch: epochNow, head, reset: false });
});

test("a migration does not hold up others while it waits for a lock", async () => {
  const url = await createDatabase();
  const user = await openClient(url);
  const last = "0014_installation";
  await user.query("drop table installation");
  await user.query("delete from migration_checksums where name = $1", [last]);
  await user.query("delete from kysely_migration where name = $1", [last]);
  await user.query("begin");
  await user.query("create table installation (in_use int)");

  const migrating = migrate(url);
  const watcher = await openClient(url);
  const state = async () => {
    const { rows } = await watcher.query(
      "select state, wait_event_type from pg_stat_activity where application_name = 'rhythm migrate' and datname = $1",
      [nameOf(url)],
    );
    return rows[0];
  };
  await expect.poll(state).toMatchObject({ state: "active", wait_event_type: "Lock" });
  await expect.poll(state).toMatchObject({ state: "idle" });
  await user.query("rollback");
  expect(await migrating).toEqual([last]);
});
