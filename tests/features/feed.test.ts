import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createFeed, type Delivery } from "../../src/feed/feed.ts";
import type { CommittedEvent } from "../../src/kernel/event-log.ts";
import { type Running, startApp } from "../support/harness.ts";
import { createWorld } from "../support/world.ts";

const NEVER_MS = 600_000;
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

let app: Running;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.close());

/** A feed of its own on a stream that grows by SQL, so that it gets only the hints that the test gives. */
async function newFeed() {
  const { stream } = await createWorld(app, { listening: false });
  const { db, log, metrics, database } = app.parts;
  const delivered: number[] = [];
  const deliver = ({ events }: Delivery) => void delivered.push(...events.map(({ seq }) => seq));
  const feed = createFeed({ db, log, metrics, deliver, epochChanged: () => undefined, pollMs: NEVER_MS });
  onTestFinished(() => feed.stop());
  const grow = async (count: number): Promise<CommittedEvent[]> => {
    const { rows } = await database.pool.query(
      `with head as (update streams set seq = seq + $2 where id = $1 returning seq - $2 as before, epoch)
       insert into events (stream, seq, type, at, actor_kind, data)
       select $1, before + i, 'issue.updated', now(), 'system', '{}' from head, generate_series(1, $2::int) as i
       returning seq, (select epoch from head)`,
      [stream, count],
    );
    return rows.map(({ seq, epoch }) => ({
      stream,
      epoch,
      event: {
        seq,
        type: "issue.updated",
        at: new Date().toISOString(),
        actor: { id: null, kind: "system" },
        data: {},
      },
    }));
  };
  const head = () => feed.position(stream)?.seq ?? 0;
  return { feed, stream, delivered, grow, head };
}

test("events that are offered in any order, and twice, are handed on in order and once", async () => {
  const { feed, stream, delivered, grow, head } = await newFeed();
  await feed.watch(stream);
  const before = head();
  const events = await grow(50);

  const shuffled = [...events, ...events].sort(() => Math.random() - 0.5);
  for (const event of shuffled) feed.offer([event]);

  expect(delivered).toEqual(range(before + 1, before + 50));
});

test("a gap that nobody fills is read from the table", async () => {
  const { feed, stream, delivered, grow, head } = await newFeed();
  await feed.watch(stream);
  const before = head();
  const events = await grow(1200);

  feed.offer(events.slice(-1));

  expect(delivered).toEqual([]);
  await expect.poll(() => delivered.length).toBe(1200);
  expect(delivered).toEqual(range(before + 1, before + 1200));
});

test("events of another epoch are not taken", async () => {
  const { feed, stream, delivered, grow } = await newFeed();
  await feed.watch(stream);
  const events = await grow(2);

  feed.offer(events.map((event) => ({ ...event, epoch: "other" })));

  expect(delivered).toEqual([]);
});

test("after an unwatch, what was still being read is not handed on a second time", async () => {
  const { feed, stream, delivered, grow, head } = await newFeed();
  await feed.watch(stream);

  for (let round = 0; round < 150; round += 1) {
    const events = await grow(2);
    const reading = feed.catchUp(stream);
    if (round % 3 === 0) feed.offer(events.slice(1));
    for (let turn = 0; turn < round % 15; turn += 1) await nextTurn();
    feed.unwatch(stream);
    const from = delivered.length;
    await feed.watch(stream);
    const known = head() - (delivered.length - from);
    await reading;
    await feed.catchUp(stream);

    const later = delivered.slice(from);
    expect(later).toEqual(range(known + 1, known + later.length));
    expect(head()).toBe(events[1].event.seq);
  }
});

test("memory reaches back some events, and never beyond a big one", async () => {
  const { feed, stream, grow, head } = await newFeed();
  await feed.watch(stream);
  const before = head();
  const events = await grow(700);
  const big = events[649];
  big.event.data = { text: "x".repeat(5000) };

  feed.offer(events);

  expect(feed.recentAfter(stream, before + 650)?.map(({ seq }) => seq)).toEqual(range(before + 651, before + 700));
  expect(feed.recentAfter(stream, before + 649)).toBeUndefined();
  expect(feed.recentAfter(stream, before + 700)).toEqual([]);
});
