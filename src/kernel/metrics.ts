import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { version } from "./package-root.ts";

export type Metrics = ReturnType<typeof createMetrics>;

const fromMillisecond = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/**
 * What an operator watches: docs/operations.md explains each, docs/grafana.json shows them. Labels take only names from
 * the code, never what people send. Each app has its own registry, so several can live in one process.
 */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: "rhythm_" });
  const readers: (() => void)[] = [];

  const metrics = {
    registry,

    commands: new Counter({
      name: "rhythm_commands_total",
      help: "Commands by name and code (ok or the error code).",
      labelNames: ["command", "code"],
      registers,
    }),
    commandSeconds: new Histogram({
      name: "rhythm_command_duration_seconds",
      help: "From the message to its answer.",
      labelNames: ["command"],
      buckets: fromMillisecond,
      registers,
    }),
    commandsUnderWay: new Gauge({ name: "rhythm_commands_under_way", help: "Commands not answered yet.", registers }),
    commandsWaiting: new Gauge({
      name: "rhythm_commands_waiting",
      help: "Commands that wait for the commit before theirs in the same stream.",
      registers,
    }),
    rateLimited: new Counter({
      name: "rhythm_rate_limited_total",
      help: "Messages and requests refused because they came too fast, by the limit that they met.",
      labelNames: ["limit"],
      registers,
    }),
    signInFailures: new Counter({
      name: "rhythm_sign_in_failures_total",
      help: "Wrong passwords, codes and so on, by the command that tried them.",
      labelNames: ["command"],
      registers,
    }),
    httpResponses: new Counter({
      name: "rhythm_http_responses_total",
      help: "Answers over HTTP by class of status, health and metrics included.",
      labelNames: ["status"],
      registers,
    }),

    sockets: new Gauge({ name: "rhythm_sockets", help: "Open sockets.", registers }),
    handshakesRefused: new Counter({
      name: "rhythm_handshakes_refused_total",
      help: "Sockets that were not let in, by error code.",
      labelNames: ["code"],
      registers,
    }),
    slowClosed: new Counter({
      name: "rhythm_slow_sockets_closed_total",
      help: "Sockets closed because they did not drain.",
      registers,
    }),
    socketsPaused: new Counter({
      name: "rhythm_sockets_paused_total",
      help: "Times that a socket was not read for a second because it went on sending too fast.",
      registers,
    }),
    rooms: new Gauge({ name: "rhythm_rooms", help: "Streams that a socket here is subscribed to.", registers }),
    subscriptions: new Gauge({ name: "rhythm_subscriptions", help: "Subscriptions of all sockets.", registers }),
    resumes: new Counter({
      name: "rhythm_resumes_total",
      help: "Subscriptions with since, by outcome.",
      labelNames: ["outcome"],
      registers,
    }),
    draining: new Gauge({
      name: "rhythm_draining",
      help: "1 while the instance stops and takes no new work.",
      registers,
    }),

    eventsWritten: new Counter({
      name: "rhythm_events_written_total",
      help: "Events committed by this instance, by type; notification.created counts notifications.",
      labelNames: ["type"],
      registers,
    }),
    eventsSent: new Counter({
      name: "rhythm_events_broadcast_total",
      help: "Events handed to rooms of this instance, once per event.",
      registers,
    }),
    eventLag: new Histogram({
      name: "rhythm_event_lag_seconds",
      help: "From the begin of an event's transaction, by the clock of Postgres, to its way into the room.",
      buckets: fromMillisecond,
      registers,
    }),
    streamsFollowed: new Gauge({
      name: "rhythm_streams_followed",
      help: "Streams whose events the feed hands on.",
      registers,
    }),
    feedRepairs: new Counter({
      name: "rhythm_feed_repairs_total",
      help: "Times that the feed read missing events from the table, by what told it.",
      labelNames: ["hint"],
      registers,
    }),
    relayMessages: new Counter({
      name: "rhythm_relay_messages_total",
      help: "Groups of events sent to the other instances through Redis, received, or dropped while it was away.",
      labelNames: ["direction"],
      registers,
    }),
    redisUp: new Gauge({
      name: "rhythm_redis_up",
      help: "1 while Redis answers, 0 while not, by what it is used for; absent where none is configured.",
      labelNames: ["use"],
      registers,
    }),

    connections: new Gauge({
      name: "rhythm_database_connections",
      help: "Connections of the pool, by state: busy or idle.",
      labelNames: ["state"],
      registers,
    }),
    connectionsWanted: new Gauge({
      name: "rhythm_database_waiting",
      help: "Work that waits for a connection of the pool.",
      registers,
    }),
    statements: new Counter({
      name: "rhythm_database_statements_total",
      help: "SQL statements sent, begin and commit included.",
      registers,
    }),
    commandsPerCommit: new Histogram({
      name: "rhythm_commands_per_commit",
      help: "Commands that shared one commit; its count is that of commits.",
      buckets: [1, 2, 4, 8, 16, 32, 64],
      registers,
    }),
    rollbacks: new Counter({
      name: "rhythm_transactions_rolled_back_total",
      help: "Writing transactions that were not committed.",
      registers,
    }),
    transactionRetries: new Counter({
      name: "rhythm_transaction_retries_total",
      help: "Commands that ran again because their transaction failed for another's sake.",
      registers,
    }),

    reactionLag: new Histogram({
      name: "rhythm_reaction_lag_seconds",
      help: "From an event to the end of what follows by itself, by consumer.",
      labelNames: ["consumer"],
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
      registers,
    }),
    reactionsWaiting: new Gauge({
      name: "rhythm_reaction_streams_waiting",
      help: "Streams with events to react to, by consumer.",
      labelNames: ["consumer"],
      registers,
    }),
    reactionsSkipped: new Counter({
      name: "rhythm_reactions_skipped_total",
      help: "Events skipped because reacting to them failed again and again, by consumer.",
      labelNames: ["consumer"],
      registers,
    }),
    mails: new Counter({
      name: "rhythm_mails_total",
      help: "E-mails taken by the mail server, or by the log without one, and those not taken.",
      labelNames: ["outcome"],
      registers,
    }),
    scriptRuns: new Counter({
      name: "rhythm_script_runs_total",
      help: "Runs of scripts by what set them off and how they ended (ok, or the code of the error).",
      labelNames: ["trigger", "code"],
      registers,
    }),
    scriptSeconds: new Histogram({
      name: "rhythm_script_run_duration_seconds",
      help: "Runs of scripts from their first instruction, without the wait for a worker.",
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    scriptRetries: new Counter({
      name: "rhythm_script_retries_total",
      help: "Runs of scripts that were broken off for a fault of the server, to be tried again.",
      registers,
    }),
    hashesWaiting: new Gauge({
      name: "rhythm_password_hashes_waiting",
      help: "Passwords that wait to be hashed; 100 at most.",
      registers,
    }),

    instances: new Gauge({
      name: "rhythm_instances",
      help: "Instances that this one has seen alive in the last seconds, itself included.",
      registers,
    }),
    buildInfo: new Gauge({
      name: "rhythm_build_info",
      help: "1; the labels tell what runs.",
      labelNames: ["version", "node"],
      registers,
    }),

    /** Called before each scrape, to set what is cheaper to look at than to follow. */
    onScrape: (read: () => void): void => void readers.push(read),

    async print(): Promise<string> {
      for (const read of readers) read();
      return registry.metrics();
    },
  };
  metrics.buildInfo.set({ version, node: process.version }, 1);
  return metrics;
}
