import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export type Metrics = ReturnType<typeof createMetrics>;

/** What an operator watches; each app has its own registry, so several can live in one process. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: "rhythm_" });
  return {
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
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers,
    }),
    sockets: new Gauge({ name: "rhythm_sockets", help: "Open sockets.", registers }),
    eventsSent: new Counter({
      name: "rhythm_events_broadcast_total",
      help: "Events handed to rooms of this instance, once per event.",
      registers,
    }),
    feedRepairs: new Counter({
      name: "rhythm_feed_repairs_total",
      help: "Times that the feed read missing events from the table, by what told it.",
      labelNames: ["hint"],
      registers,
    }),
    resumes: new Counter({
      name: "rhythm_resumes_total",
      help: "Subscriptions with since, by outcome.",
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
    slowClosed: new Counter({
      name: "rhythm_slow_sockets_closed_total",
      help: "Sockets closed because they did not drain.",
      registers,
    }),
  };
}
