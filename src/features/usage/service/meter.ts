/**
 * Counts what organizations use, at no cost to the command that is counted:
 * - Counts gather in memory. One statement a second adds them to Postgres, the only truth; the last one at the orderly
 *   end, after the last command. A batch whose answer was lost is sent again under its number and added once. An
 *   instance that is killed loses what it counted since its last batch: a second's worth.
 * - Instances learn the totals when they write; with Redis they tell each other their counts every 100 ms besides. So a
 *   quota is overshot at most by what the others let through in that time, and by what one instance lets through in the
 *   milliseconds after its first command of the day for an organization, until it knows plan and total.
 * - `quota.warning` and `quota.exceeded` are written by whoever sees the total, in one transaction with the mark that
 *   they were told: once a day and quota over all instances.
 */
import pLimit from "p-limit";
import { dailyQuotas } from "../../../../protocol/index.ts";
import { type Parts, systemContext } from "../../../kernel/context.ts";
import { orgStream } from "../../../kernel/event-log.ts";
import type { Redis } from "../../../kernel/redis.ts";
import { transact } from "../../../kernel/transact.ts";
import type { Meter, Use } from "../../../kernel/usage.ts";
import { checkRoom } from "../../plan/service/quota.ts";
import { dayNumber, dayText, endOfDay } from "../day.ts";
import { newsOf } from "../policy.ts";
import { addUsage, findUsageDays, markTold, type UsageBatch, type UsageDay, type UsageLine } from "../repository.ts";
import { hearTotal, type Limits, limitsOf, mapQuotas, newTallies, type Tallies, usedOf } from "../tally.ts";
import { createSharedTotals } from "./shared-totals.ts";

const SHARE_EVERY_MS = 100;

/** What is known of an organization today; no limits: nothing yet. */
type Known = { tallies: Tallies; limits: Limits | undefined };

type Options = Pick<Parts, "config" | "db" | "writer" | "log" | "now"> & {
  instance: string;
  redis: Redis | undefined;
  /** How often counts are written; null: only at the end, and when someone asks. */
  flushMs: number | null;
};

export function createMeter({ config, db, writer, log, now, instance, redis, flushMs }: Options): Meter {
  const shared = redis && createSharedTotals(redis);
  const oneAtATime = pLimit(1);
  const telling = new Set<Promise<void>>();
  let day = dayNumber(now());
  let orgs = new Map<string, Known>();
  let lines = new Map<string, UsageLine>();
  let batch: UsageBatch | undefined;
  let batchCount = 0;
  let stopped = false;
  /** New here, refused, or with another plan: what is known of them may be wrong. */
  const unsure = new Set<string>();

  const complain = (error: unknown): void => log.warn({ err: error }, "usage could not be written; trying again");

  /** A batch of the day before may still be under way. */
  function knownOf(orgId: string): Known {
    const today = dayNumber(now());
    if (today !== day) orgs = new Map();
    day = today;
    const known = orgs.get(orgId) ?? { tallies: newTallies(), limits: undefined };
    if (!orgs.has(orgId)) lookAt(orgId);
    orgs.set(orgId, known);
    return known;
  }

  function lookAt(orgId: string): void {
    unsure.add(orgId);
    if (flushMs !== null) setImmediate(writeSoon);
  }

  function add({ orgId, principalId, quota }: Use, by: number, on: number): void {
    const key = `${orgId} ${principalId} ${on}`;
    const line = lines.get(key) ?? { orgId, principalId, day: dayText(on), commands: 0, scriptRuns: 0 };
    line[quota] += by;
    lines.set(key, line);
  }

  function checkQuota({ orgId, quota }: Use, { tallies, limits }: Known): void {
    const limit = limits?.[quota] ?? null;
    const used = usedOf(tallies[quota]);
    if (limit === null || used < limit) return;
    unsure.add(orgId);
    checkRoom(quota, { used, limit }, endOfDay(day).getTime() - now().getTime());
  }

  function count(use: Use): () => void {
    const known = knownOf(use.orgId);
    checkQuota(use, known);
    const tally = known.tallies[use.quota];
    const on = day;
    tally.own += 1;
    add(use, 1, on);
    return () => {
      tally.own -= 1;
      add(use, -1, on);
    };
  }

  /** Takes in what Postgres knows, and tells what is reason to be told. */
  function hear(rows: UsageDay[]): void {
    for (const row of rows) {
      const { orgId } = row;
      if (row.day === dayText(day)) {
        const known = knownOf(orgId);
        for (const quota of dailyQuotas) hearTotal(known.tallies[quota], row[quota], known.tallies[quota].written);
        known.limits = limitsOf(row);
      }
      const told = tell(row)
        .catch(complain)
        .finally(() => telling.delete(told));
      telling.add(told);
    }
  }

  async function tell(row: UsageDay): Promise<void> {
    const { orgId, day: of } = row;
    const limits = limitsOf(row);
    const news = dailyQuotas.flatMap((quota) => {
      const [used, limit] = [row[quota], limits[quota]];
      const kinds = newsOf({ used, limit }).filter((kind) => !row.told.includes(`${quota}.${kind}`));
      return kinds.map((kind) => ({ kind, data: { quota, day: of, used, limit: limit ?? 0 } }));
    });
    if (news.length === 0) return;
    const ctx = systemContext({ writer }, { name: "usage", emits: ["quota.warning", "quota.exceeded"] });
    await transact(ctx, orgStream(orgId), async (tx) => {
      for (const { kind, data } of news) {
        const isFirst = await markTold(tx, { orgId, day: of, what: `${data.quota}.${kind}` });
        if (isFirst) tx.emit(`quota.${kind}`, data);
      }
    });
  }

  function takeBatch(): UsageBatch | undefined {
    if (lines.size === 0) return undefined;
    batchCount += 1;
    const taken = { instance, number: batchCount, lines: [...lines.values()] };
    lines = new Map();
    return taken;
  }

  /** From now on these are part of the totals. */
  function noteWritten(written: UsageLine[]): void {
    for (const line of written) {
      const { tallies } = knownOf(line.orgId);
      if (line.day !== dayText(day)) continue;
      for (const quota of dailyQuotas) tallies[quota].written += line[quota];
    }
  }

  async function write(): Promise<void> {
    batch ??= takeBatch();
    if (batch) {
      const rows = await addUsage(db, batch);
      noteWritten(batch.lines);
      batch = undefined;
      hear(rows);
    }
    const orgIds = [...unsure];
    if (orgIds.length > 0) hear(await findUsageDays(db, { orgIds, day: dayText(day) }));
    for (const orgId of orgIds) unsure.delete(orgId);
  }

  function writeSoon(): void {
    // The one that waits takes all along.
    if (!stopped && oneAtATime.pendingCount === 0) oneAtATime(write).catch(complain);
  }

  async function share(): Promise<void> {
    const uses = [...orgs].flatMap(([orgId, { tallies }]) =>
      dailyQuotas.flatMap((quota) => {
        const tally = tallies[quota];
        const by = tally.own - tally.shared;
        // Before it is sent: what Redis then loses makes its total too low, never too high.
        tally.shared = tally.own;
        return by === 0 ? [] : [{ orgId, quota, by, tally, included: tally.own }];
      }),
    );
    const totals = uses.length > 0 ? await shared?.add(day, uses) : undefined;
    totals?.forEach((total, i) => {
      const use = uses[i];
      if (use && total !== undefined) hearTotal(use.tally, total, use.included);
    });
  }

  async function hearShared(orgId: string): Promise<void> {
    await share();
    const { tallies } = knownOf(orgId);
    const totals = await shared?.read(day, orgId);
    if (totals) for (const quota of dailyQuotas) hearTotal(tallies[quota], totals[quota], tallies[quota].shared);
  }

  const timers = [
    ...(flushMs === null ? [] : [setInterval(writeSoon, flushMs)]),
    ...(shared ? [setInterval(() => void share(), SHARE_EVERY_MS)] : []),
  ];

  return {
    count: config.METERING ? count : () => () => undefined,

    today: (orgId) =>
      oneAtATime(async () => {
        unsure.add(orgId);
        await Promise.all([write(), hearShared(orgId)]);
        const { tallies, limits } = knownOf(orgId);
        return {
          day: dayText(day),
          resetsAt: endOfDay(day).toISOString(),
          used: mapQuotas((quota) => usedOf(tallies[quota])),
          limits: limits ?? mapQuotas(() => null),
        };
      }),

    forgetPlan(orgId) {
      const known = orgs.get(orgId);
      if (!known) return;
      known.limits = undefined;
      lookAt(orgId);
    },

    async stop() {
      stopped = true;
      for (const timer of timers) clearInterval(timer);
      await Promise.all([share(), oneAtATime(write)]).catch((error: unknown) => {
        log.error({ err: error, lines: lines.size }, "usage of the last seconds could not be written");
      });
      await Promise.all(telling);
    },
  };
}
