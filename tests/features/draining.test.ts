/** An instance that stops sends its clients to the others, not all at once, and serves them until they go. */
import { expect, onTestFinished, test } from "vitest";
import { connect } from "../support/client.ts";
import { createDatabase, startApp, startAppForTest } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

const CLIENTS = 10;
const OVER_MS = 1000;

test("beside another instance they are told one after the other, and served meanwhile", async () => {
  const databaseUrl = await createDatabase();
  const going = await startApp({ databaseUrl, heartbeatMs: 50, drainOverMs: OVER_MS });
  await startAppForTest({ databaseUrl, heartbeatMs: 50 });
  const { ann, org } = await createWorld(going);
  const told: number[] = [];
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      const client = await connect(going.url, ann);
      onTestFinished(() => client.close());
      client.socket.on("draining", () => told.push(performance.now()));
      return client;
    }),
  );
  const instances = async () => (await going.parts.database.pool.query("select from instances")).rowCount;
  await expect.poll(instances).toBe(2);
  // What was seen of the other one comes with the next beat.
  const text = () => fetch(`${going.url}/metrics`).then((response) => response.text());
  await expect.poll(text).toContain("rhythm_instances 2");

  const closing = going.close();
  await expect.poll(() => told.length).toBeGreaterThan(0);
  const last = clients.find(({ pushes }) => !pushes.some(({ name }) => name === "draining"));
  if (!last) throw new Error("all were told at once");
  expect((await last.ok("project.list", { org })).items).toHaveLength(1);
  expect((await fetch(`${going.url}/readyz`)).status).toBe(503);
  await expect(connect(going.url, ann)).rejects.toMatchObject({ data: { code: "unavailable" } });
  await closing;
  expect(told).toHaveLength(CLIENTS);
  expect(Math.max(...told) - Math.min(...told)).toBeGreaterThan(OVER_MS / 2);
});

test("alone it tells all of them at once", async () => {
  const app = await startApp({ drainOverMs: 60_000 });
  const { ann, bob } = await createWorld(app, { members: { ann: "owner", bob: "member" } });
  const closing = app.close();
  for (const client of [ann, bob]) expect(await client.nextPush("draining")).toEqual({ retryAfterMs: 500 });
  await closing;
});
