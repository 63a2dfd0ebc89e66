/** Builds each part once and joins them. The only file that knows them all. */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { WireEvent } from "../protocol/index.ts";
import { createAccessCache, mayHear, readAccess, touchesAccess } from "./commands/authorize.ts";
import { createExecute, type Execute } from "./commands/execute.ts";
import { createKeyUse } from "./features/key/service/last-used.ts";
import { pruneEvents } from "./features/plan/retention.ts";
import { checkDefaultPlan } from "./features/plan/service/plan.ts";
import { prunePositions, pruneRuns } from "./features/script/repository/prune.ts";
import { createAuthenticator } from "./features/session/authenticate.ts";
import { endedSession } from "./features/session/policy.ts";
import { pruneCodes } from "./features/session/repository/code.ts";
import { pruneSessions } from "./features/session/repository/session.ts";
import { setSuspended } from "./features/session/service/suspend.ts";
import { pruneUsage } from "./features/usage/repository.ts";
import { createMeter } from "./features/usage/service/meter.ts";
import { type Doorbell, openDoorbell } from "./feed/doorbell.ts";
import { createFeed, type Delivery } from "./feed/feed.ts";
import { createHttp, type Readiness } from "./http/server.ts";
import type { Config } from "./kernel/config.ts";
import type { Parts } from "./kernel/context.ts";
import { type Database, openDatabase } from "./kernel/db.ts";
import { renewEpochs } from "./kernel/epochs.ts";
import type { CommittedEvent, StreamHead } from "./kernel/event-log.ts";
import { pruneAnswers, startHousekeeping } from "./kernel/housekeeping.ts";
import { openHeartbeat } from "./kernel/instances.ts";
import { createLimits } from "./kernel/limits.ts";
import { type Logger, openLog } from "./kernel/log.ts";
import { countMails, openMailer } from "./kernel/mail.ts";
import { createMetrics } from "./kernel/metrics.ts";
import { isMigrated } from "./kernel/migrate.ts";
import { createPasswords } from "./kernel/passwords.ts";
import { openRedis, type Redis } from "./kernel/redis.ts";
import { createTokens } from "./kernel/tokens.ts";
import { createWriter } from "./kernel/transact.ts";
import { createScriptRunner } from "./plugins/automation.ts";
import { createReactions } from "./reactions/reactions.ts";
import { type SprintClock, startSprintClock } from "./reactions/sprint-clock.ts";
import { openRelay, type Relay } from "./realtime/relay.ts";
import { createRealtime, type Realtime } from "./realtime/server.ts";

export type AppConfig = Config & { DATABASE_URL: string };

/** What a host program or a test may put in place of the usual. */
export type Overrides = {
  log?: Logger;
  now?: () => Date;
  /** Called with each SQL statement. */
  onStatement?: (text: string) => void;
  /** Check every output and event against the protocol. */
  strict?: boolean;
  headEveryMs?: number;
  pollMs?: number;
  /** How often what waits for a reaction is looked for; null leaves that and the sprint clock to other instances. */
  sweepMs?: number | null;
  sprintPollMs?: number;
  /** How often it is looked for scripts whose time has come. */
  scriptTickMs?: number;
  /** How often what was used is written down; null: only at the end, and when someone asks. */
  usageFlushMs?: number | null;
  /** Time in which the sockets of an instance that stops are told to go to the others. */
  drainOverMs?: number;
  /** How often the instance says that it is alive. */
  heartbeatMs?: number;
};

export type App = {
  instance: string;
  /** For programs in the same process: the way of every door. */
  execute: Execute;
  parts: Parts;
  /** Refuses a person everywhere from now on, and closes the sockets; or takes that back. */
  setSuspended(userId: string, suspended: boolean): Promise<void>;
  /** Starts serving; gives the port, which matters when PORT is 0. */
  listen(): Promise<{ port: number; url: string }>;
  /** Refuses new work, finishes what is under way, closes sockets in batches, then its connections. */
  close(): Promise<void>;
};

/** How long one may take to send a request; who is late is noticed at the next check, by default only every 30 s. */
const SLOW_SENDERS = { headersTimeout: 10_000, requestTimeout: 15_000, connectionsCheckingInterval: 2000 };
const DRAIN_RETRY_MS = 500;
/** With what it takes to come back, so that they spread over 5 s. */
const DRAIN_OVER_MS = 6000;
const DRAIN_PATIENCE_MS = 10_000;

/** One instance of the server on a migrated database. */
export async function createApp(config: AppConfig, overrides: Overrides = {}): Promise<App> {
  const { now = () => new Date(), strict = false, headEveryMs = 10_000, pollMs = 1000, sweepMs = 3000 } = overrides;
  const instance = randomUUID().slice(0, 8);
  const log = (overrides.log ?? openLog(config)).child({ instance });
  const metrics = createMetrics();
  const database = openDatabase({ url: config.DATABASE_URL, log, metrics, onStatement: overrides.onStatement });
  const { db } = database;

  let doorbell: Doorbell | undefined;
  let relay: Relay | undefined;
  let realtime: Realtime | undefined;
  let sprintClock: SprintClock | undefined;
  const access = createAccessCache(db);
  const present = readAccess(db);

  // Roles and sessions are forgotten at the first hint; everything else waits for the feed's order.
  const forgetWhatChanged = (events: WireEvent[]): void => {
    for (const { type, data } of events) {
      if (touchesAccess(type)) access.forget();
      if (type === "plan.changed") usage.forgetPlan(String(data["orgId"]));
      if (type === "session.revoked") authenticator.forget(endedSession(data));
    }
  };
  const offer = (committed: CommittedEvent[]): void => {
    forgetWhatChanged(committed.map(({ event }) => event));
    feed.offer(committed);
  };
  const feed = createFeed({
    db,
    log,
    metrics,
    pollMs,
    deliver(delivery: Delivery) {
      forgetWhatChanged(delivery.events);
      realtime?.deliver(delivery);
    },
    epochChanged: (head: StreamHead) => realtime?.epochChanged(head),
  });
  const writer = createWriter({
    database,
    metrics,
    committed(events) {
      try {
        offer(events);
        relay?.send(events);
        doorbell?.ring(events);
        reactions?.wake(events);
        sprintClock?.hear(events);
        scripts.wake(events);
      } catch (error) {
        // The commands are done, whatever becomes of their events here: the next poll reads them.
        log.error({ err: error }, "committed events could not be handed on");
      }
    },
  });

  const tokens = createTokens(config, now);
  const mailer = countMails(openMailer(config, log), metrics);
  const passwords = createPasswords();
  const redis = config.REDIS_URL ? openRedis(config.REDIS_URL, log) : undefined;
  const limits = createLimits(config, redis, (limit) => metrics.rateLimited.inc({ limit }));
  const { usageFlushMs: flushMs = 1000 } = overrides;
  const usage = createMeter({ config, db, writer, log, now, instance, redis, flushMs });
  const base = { config, database, db, writer, log, mailer, metrics, passwords, tokens, usage, now };
  const scripts = createScriptRunner({
    parts: base,
    execute: (request) => execute(request),
    instance,
    sweepMs: sweepMs ?? 3000,
    tickMs: overrides.scriptTickMs ?? 1000,
  });
  const parts: Parts = { ...base, automation: scripts };
  const reactions = sweepMs === null ? undefined : createReactions(parts, { instance, sweepMs });
  const authenticator = createAuthenticator(parts);
  const execute = createExecute({ parts, access, limits, keyUsed: createKeyUse(parts), strict });
  const health = () => readiness({ database, relay, redis, draining });
  let draining = false;

  const httpServer = createServer(
    SLOW_SENDERS,
    createHttp({ config, log, metrics, limits, execute, authenticate: authenticator.authenticate, health }),
  );
  const sockets = createRealtime({
    httpServer,
    config,
    instance,
    db,
    feed,
    log,
    metrics,
    execute,
    limits,
    authenticator,
    mayHear: (userId, stream) => mayHear(present, userId, stream),
    now,
    headEveryMs,
  });
  realtime = sockets;
  if (config.REDIS_URL) {
    relay = openRelay({ io: sockets.io, url: config.REDIS_URL, log, metrics, receive: offer });
  }
  const { pool } = database;
  let alive = 1;
  const heartbeat = openHeartbeat({
    pool,
    log,
    instance,
    everyMs: overrides.heartbeatMs ?? 5000,
    look: () => ({ sockets: sockets.count(), draining }),
    seen(count) {
      alive = count;
      metrics.instances.set(count);
    },
  });
  metrics.onScrape(() => {
    metrics.draining.set(Number(draining));
    metrics.hashesWaiting.set(passwords.waiting());
    if (relay) metrics.redisUp.set({ use: "events" }, Number(relay.isUp()));
    if (redis) metrics.redisUp.set({ use: "limits" }, Number(isUp(redis)));
  });
  const housekeeping = startHousekeeping(log, [
    () => pruneAnswers(pool),
    () => pruneSessions(pool),
    () => pruneCodes(pool),
    () => pruneUsage(db),
    () => pruneRuns(db),
    () => prunePositions(db),
    () => pruneEvents(db, config.EVENT_RETENTION_DAYS),
  ]);

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    draining = true;
    housekeeping.stop();
    // Alone, the sooner it is back the better.
    const overMs = alive > 1 ? (overrides.drainOverMs ?? DRAIN_OVER_MS) : 0;
    await sockets.announceDrain({ retryAfterMs: DRAIN_RETRY_MS, overMs });
    await sprintClock?.stop();
    await scripts.stop();
    await execute.drain(DRAIN_PATIENCE_MS);
    await reactions?.stop();
    await usage.stop();
    redis?.disconnect();
    mailer.close();
    passwords.close();
    sockets.endPresence();
    // Before the sockets: leaving its channels would wait for a Redis that is away.
    relay?.close();
    await sockets.close();
    feed.stop();
    await heartbeat.stop();
    await doorbell?.close();
    await database.close();
  };

  return {
    instance,
    execute,
    parts,
    setSuspended: (userId, suspended) => setSuspended(parts, userId, suspended),
    async listen() {
      await checkDefaultPlan(parts);
      const renewed = await renewEpochs(pool);
      if (renewed > 0) log.warn({ streams: renewed }, "the database is a restored one: clients load everything anew");
      doorbell = await openDoorbell({
        url: config.DATABASE_URL,
        instance,
        log,
        isUnhurried: () => alive === 1 || relay?.isUp() === true,
        heard: (heads) => (heads ? feed.expect(heads) : void feed.poll().catch(() => undefined)),
      });
      await new Promise<void>((resolve, reject) => {
        httpServer.once("error", reject);
        httpServer.listen(config.PORT, config.HOST, resolve);
      });
      if (sweepMs !== null) sprintClock = startSprintClock(parts, { pollMs: overrides.sprintPollMs ?? 30_000 });
      reactions?.start();
      if (sweepMs !== null) scripts.start();
      heartbeat.start();
      const { port } = httpServer.address() as AddressInfo;
      return { port, url: `http://${config.HOST === "0.0.0.0" ? "localhost" : config.HOST}:${port}` };
    },
    close: () => (closed ??= close()),
  };
}

const isUp = (redis: Redis): boolean => redis.status === "ready";

type Health = {
  database: Database;
  relay: Relay | undefined;
  redis: Redis | undefined;
  draining: boolean;
};

/** Without Redis an instance serves all the same, only slower: it stays ready. */
async function readiness({ database, relay, redis, draining }: Health): Promise<Readiness> {
  if (draining) return { ready: false, checks: { server: "stopping" } };
  const degraded = relay !== undefined && redis !== undefined && !(relay.isUp() && isUp(redis));
  const redisCheck = relay === undefined ? "not used" : degraded ? "away" : "ok";
  try {
    const migrated = await isMigrated((text) => database.pool.query(text));
    const checks = { postgres: "ok", migrations: migrated ? "ok" : "missing", redis: redisCheck };
    return { ready: migrated, degraded, checks };
  } catch {
    return { ready: false, degraded, checks: { postgres: "away", redis: redisCheck } };
  }
}
