import type { EventType } from "../../protocol/index.ts";
import { type Client, type ConnectOptions, connect } from "../client/client.ts";
import { CommandError } from "../client/errors.ts";
import type { StreamEvent } from "../client/streams.ts";
import { backoff, createAlarm } from "../client/waiting.ts";
import { type BotContext, createContext } from "./context.ts";
import { createFollower, type Follower } from "./follow.ts";
import { type Log, logToStderr } from "./log.ts";
import { listProjects } from "./projects.ts";
import { createSchedule } from "./schedule.ts";

export type BotEvent<T extends EventType = EventType> = Extract<StreamEvent, { type: T }>;
export type Handler<T extends EventType> = (event: BotEvent<T>, ctx: BotContext) => unknown;
/** Stands around every handler; who does not call `next` keeps the event from it. */
export type Middleware = (event: StreamEvent, ctx: BotContext, next: () => Promise<void>) => unknown;
export type Job = (ctx: BotContext) => unknown;

export type BotOptions = ConnectOptions & {
  url: string;
  /** Names its position on the server, and its commands: keep it over restarts, and give each program its own. */
  name: string;
  /** Which projects it follows; all that it may see at the start, unless given. */
  projects?: string[];
  /** Where it begins in a project that it has never followed. */
  from?: "now" | "beginning";
  /** How often a handler that throws is run before its event is skipped. */
  attempts?: number;
  retryMinMs?: number;
  log?: Log;
};

export type Bot = {
  /** Handles events of a type: one after another in each project. The bot's own are not among them. */
  on<T extends EventType>(type: T, handler: Handler<T>): Bot;
  use(middleware: Middleware): Bot;
  /** Does something in every project once in each period, however often the bot starts. */
  every(periodMs: number, job: Job): Bot;
  /** Resolves when it listens. */
  start(): Promise<void>;
  /** Resolves when what is under way has been handled. */
  stop(): Promise<void>;
  readonly client: Client;
};

/** How long what is under way may take when the bot stops; what is cut off is done after the next start. */
const STOP_MS = 5000;

type Registered = { type: EventType; key: string; handler: Handler<EventType> };

export function createBot(options: BotOptions): Bot {
  const { url, name, from = "now", attempts = 3, retryMinMs = 500, log = logToStderr(name) } = options;
  const client = connect(url, options);
  const handlers: Registered[] = [];
  const middleware: Middleware[] = [];
  const schedule = createSchedule();
  const alarm = createAlarm();
  let followers: Follower[] = [];
  let me = { id: "", displayName: "" };
  let stopped = false;

  const pass = (event: StreamEvent, ctx: BotContext, handler: Handler<EventType>, depth = 0): Promise<void> =>
    Promise.resolve((middleware[depth] ?? handler)(event, ctx, () => pass(event, ctx, handler, depth + 1))).then(
      () => undefined,
    );

  /** Runs `work` until it succeeds, a few times; what fails for good is logged and left. */
  async function attempt(work: () => unknown, facts: Record<string, unknown>): Promise<void> {
    for (let tried = 1; ; tried += 1) {
      try {
        await work();
        return;
      } catch (error) {
        // Not the handler's fault: it runs again after the next start.
        if (stopped || client.state.current.status === "closed") throw error;
        const isLast = tried >= attempts;
        log(isLast ? "error" : "warn", isLast ? "a handler failed; skipped" : "a handler failed; trying again", {
          ...facts,
          tried,
          error,
        });
        if (isLast) return;
        await alarm.next(backoff(tried, { minMs: retryMinMs, maxMs: 30_000 }));
        if (stopped) throw error;
      }
    }
  }

  async function handle(event: StreamEvent, { ref, stream }: { ref: string; stream: string }): Promise<void> {
    if (event.actor.id === me.id) return;
    for (const { type, key, handler } of handlers) {
      if (type !== event.type) continue;
      const seed = [name, stream, event.seq, key];
      await attempt(() => pass(event, createContext({ ref, me, client, log, seed }), handler), {
        project: ref,
        seq: event.seq,
        type,
      });
    }
  }

  function runJobs(): void {
    schedule.start((job, { key, tick }) =>
      Promise.all(
        followers.map((follower) => {
          const { ref, stream } = follower.at();
          const seed = [name, stream, key, tick];
          return attempt(() => job(createContext({ ref, me, client, log, seed })), { project: ref, job: key });
        }),
      ),
    );
  }

  const bot: Bot = {
    client,
    on(type, handler) {
      const before = handlers.filter((other) => other.type === type).length;
      handlers.push({
        type,
        key: `${type} ${before}`,
        handler: (event, ctx) => handler(event as BotEvent<typeof type>, ctx),
      });
      return bot;
    },
    use(added) {
      middleware.push(added);
      return bot;
    },
    every(periodMs, job) {
      schedule.add(periodMs, job);
      return bot;
    },
    async start() {
      ({ user: me } = await client.session.whoami());
      const projects = options.projects ?? (await listProjects(client));
      followers = projects.map((project) => createFollower({ client, project, name, from, handle, log }));
      await Promise.all(followers.map((follower) => follower.start()));
      log("info", "follows", { projects, as: me.displayName });
      runJobs();
    },
    async stop() {
      stopped = true;
      alarm.wake();
      const done = Promise.all([schedule.stop(), ...followers.map((follower) => follower.stop())]);
      let timer: ReturnType<typeof setTimeout> | undefined;
      await Promise.race([done, new Promise((resolve) => (timer = setTimeout(resolve, STOP_MS)))]);
      clearTimeout(timer);
      client.close();
      await done;
    },
  };
  // A bot that is not let in has nothing left to do; its process should end and say so.
  client.state.subscribe(({ status, error }) => {
    if (status === "closed" && error instanceof CommandError) log("error", "was not let in", { code: error.code });
  });
  return bot;
}
