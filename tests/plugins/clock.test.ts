/** Scripts by the clock: each tick once over all instances, one run to make up for what was missed. */
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import type { Ack, ClientInput, CommandName, Output, ScriptRun } from "../../protocol/index.ts";
import { startAppForTest } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

vi.setConfig({ testTimeout: 60_000 });

const HOUR_MS = 3_600_000;
const TICK_MS = 50;

/** A clock that stands where it is put: it begins now, so that sessions are good, and counts full hours from there. */
function createClock() {
  const start = Date.now();
  let at = start;
  return {
    now: () => new Date(at),
    hour: (count: number) => new Date((Math.floor(start / HOUR_MS) + count) * HOUR_MS),
    set(time: Date) {
      at = time.getTime();
    },
  };
}

/** Half past in India is the full hour elsewhere. */
const source = `on_schedule("30 * * * *", { time_zone = "Asia/Kolkata" }, function(ctx)
  ctx.project:create_issue{ title = "at " .. now() }
end)`;

async function open() {
  const clock = createClock();
  const overrides = { now: clock.now, scriptTickMs: TICK_MS, sweepMs: 200 };
  const app = await startAppForTest(overrides);
  await startAppForTest({ ...overrides, databaseUrl: app.databaseUrl });
  const { ann, project } = await createWorld(app, { members: { ann: "admin" } });
  const { id: scriptId } = await ann.ok("script.create", { project, name: "Hourly", source });
  // Her token is good for minutes.
  const ask = async <N extends CommandName>(name: N, input: ClientInput<N>): Promise<Output<N>> => {
    const actor = { id: ann.userId, kind: "user" as const };
    const caller = { actor, sessionId: null, expiresAtMs: Number.POSITIVE_INFINITY };
    const ack = (await app.execute({ name, input, caller, requestId: "later" })) as Ack<N>;
    if (!ack.ok) throw new Error(ack.error.message);
    return ack.data;
  };
  const titles = async (): Promise<string[]> =>
    (await ask("issue.list", { project, sort: "created" })).items.map(({ title }) => title);
  const runs = async (): Promise<ScriptRun[]> => (await ask("script.logs", { scriptId })).items;
  const ran = (count: number) => vi.waitFor(async () => expect(await runs()).toHaveLength(count), 10_000);
  return { app, ask, scriptId, clock, titles, runs, ran };
}

test("a tick runs once over two instances, in its time zone; one run makes up for many that were missed", async () => {
  const { clock, titles, runs, ran } = await open();
  const [first, second] = [clock.hour(1), clock.hour(2)];
  clock.set(first);
  await ran(1);

  clock.set(clock.hour(50));
  await ran(2);
  clock.set(new Date(clock.hour(51).getTime() - 1));
  await sleep(10 * TICK_MS);

  const times = (await runs()).map(({ status, trigger, scheduledFor, depth }) => [
    status,
    trigger,
    scheduledFor,
    depth,
  ]);
  expect(times).toEqual([
    ["ok", "schedule", second.toISOString(), 1],
    ["ok", "schedule", first.toISOString(), 1],
  ]);
  expect(await titles()).toHaveLength(2);
});

test("a tick whose instance died is the same run again, with the same effects", async () => {
  const { app, clock, titles, ran } = await open();
  const tick = clock.hour(1);
  clock.set(tick);
  await ran(1);
  // As if nothing had been written down of it.
  const { pool } = app.parts.database;
  await pool.query("delete from script_runs");
  const lapsed = new Date(tick.getTime() - 1);
  await pool.query("update script_schedules set next_at = $1, claimed_by = 'dead', claimed_until = $2", [tick, lapsed]);

  await ran(1);

  expect(await titles()).toEqual([`at ${tick.toISOString()}`]);
});

test("a disabled script has no ticks", async () => {
  const { ask, scriptId, clock, titles } = await open();
  await ask("script.setEnabled", { scriptId, enabled: false });
  clock.set(new Date(clock.hour(3).getTime() - 1));
  await ask("script.setEnabled", { scriptId, enabled: true });
  await sleep(10 * TICK_MS);
  expect(await titles()).toEqual([]);

  clock.set(clock.hour(3));
  await vi.waitFor(async () => expect(await titles()).toEqual([`at ${clock.hour(3).toISOString()}`]), 10_000);
});
