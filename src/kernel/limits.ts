/**
 * How fast anyone may ask, checked at three places only: by `execute` for each command, by the HTTP door for each
 * request, by the socket door for each handshake with a bad token.
 * - Windows (per key, address and account) are shared by all instances through Redis; while it is away each process
 *   counts for itself, so they never stand open. They begin with the first request, not with the minute.
 * - Buckets (per socket, and per session over HTTP) live where the socket does; presence has its own, so neither it nor
 *   commands starve the other.
 * - A try of a password is counted before it is hashed and taken back when it was right, so that no more wrong ones than
 *   allowed cost a hash, however many come at once and from wherever.
 */
import { isIP } from "node:net";
import { LRUCache } from "lru-cache";
import { type CommandName, commands } from "../../protocol/index.ts";
import type { Config } from "./config.ts";
import type { Caller } from "./context.ts";
import { toAppError } from "./errors.ts";
import { type Bucket, createWindow, type Rate, takeFrom, type Window } from "./rate.ts";
import type { Redis } from "./redis.ts";

const MINUTE = 60;
const QUARTER_HOUR = 15 * MINUTE;
const HOUR = 60 * MINUTE;
const MAX_SESSIONS = 20_000;

/** A request that was let in. */
export type Admission = {
  /** How many more may follow now; undefined: any number. */
  remaining: number | undefined;
  /** It turned out to be of someone who is signed in: it does not count for the address. */
  giveBack(): Promise<void>;
};

export type Limits = {
  /** A message of a socket, whatever is in it. Throws `rate_limited`. */
  admitMessage(connection: object, command: string): void;
  /** Runs the work of a command; one that tries a secret only while that was not tried too often in vain. */
  guard<T>(trial: Trial, work: () => Promise<T>): Promise<T>;
  /** A request over HTTP that nobody has signed. Throws `rate_limited`. */
  admitStranger(command: CommandName | undefined, address: string | null): Promise<Admission>;
  /** A request over HTTP of someone who is signed in. Throws `rate_limited`. */
  admitCaller(caller: Caller): Promise<Admission>;
  /** A socket whose token was refused. Throws `rate_limited` when that was so too often. */
  refuseHandshake(address: string): Promise<void>;
};

/** What a command says of the secret that it tries, if it does: see `tries` in protocol/define.ts. */
export type Trial = { command: CommandName; input: Record<string, unknown>; callerId: string };

/** Each way to sign in has failures of its own. */
function triedAccount({ command, input, callerId }: Trial): string | undefined {
  const { tries } = commands[command];
  if (tries === undefined) return undefined;
  return `${command}:${tries === "email" ? input["email"] : callerId}`;
}

/** One customer has one IPv4 address, or a whole /64 of IPv6. */
function networkOf(address: string | null): string {
  const plain = (address ?? "").replace(/^::ffff:(?=\d+\.)/, "");
  if (isIP(plain) !== 6) return plain.slice(0, 64);
  const [head = "", tail] = plain.split("::").map((part) => part.split(":").filter(Boolean)) as [string[], string[]?];
  const zeros = tail ? Array.from({ length: 8 - head.length - tail.length }, () => "0") : [];
  const groups = [...head, ...zeros, ...(tail ?? [])].slice(0, 4);
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(":");
}

type Buckets<K> = { get(key: K): Bucket | undefined; set(key: K, bucket: Bucket): unknown };

const free: Admission = { remaining: undefined, giveBack: async () => undefined };

async function admit(window: Window | undefined, key: string): Promise<Admission> {
  if (!window) return free;
  return { remaining: await window.take(key), giveBack: () => window.giveBack(key) };
}

/** `refused` is told the name of the limit that was met. */
export function createLimits(config: Config, redis?: Redis, refused: (limit: string) => void = () => {}): Limits {
  const window = (name: string, points: number, seconds: number) =>
    createWindow({ name, points, seconds, redis, refused: () => refused(name) });
  const perKey = window("key", config.RATE_LIMIT_KEY_PER_MINUTE, MINUTE);
  const perAddress = window("address", config.RATE_LIMIT_ADDRESS_PER_MINUTE, MINUTE);
  const handshakes = window("handshake", config.RATE_LIMIT_ADDRESS_PER_MINUTE, MINUTE);
  const signIns = window("sign-in", config.RATE_LIMIT_SIGN_IN_PER_MINUTE, MINUTE);
  const signUps = window("sign-up", config.RATE_LIMIT_SIGN_UP_PER_HOUR, HOUR);
  const failures = window("failures", config.RATE_LIMIT_SIGN_IN_FAILURES, QUARTER_HOUR);

  const commandRate = { perSecond: config.RATE_LIMIT_COMMANDS_PER_SECOND, burst: config.RATE_LIMIT_COMMANDS_BURST };
  const presencePerSecond = config.RATE_LIMIT_PRESENCE_PER_SECOND;
  const presenceRate = { perSecond: presencePerSecond, burst: 2 * presencePerSecond };
  const commandLimit = { name: "commands", rate: commandRate };
  const presenceLimit = { name: "presence", rate: presenceRate };
  const commandBuckets = new WeakMap<object, Bucket>();
  const presenceBuckets = new WeakMap<object, Bucket>();
  const sessionBuckets = new LRUCache<string, Bucket>({ max: MAX_SESSIONS });

  /** Takes one from the bucket of `key`; undefined: no limit. */
  function take<K>(buckets: Buckets<K>, key: K, { name, rate }: { name: string; rate: Rate }): number | undefined {
    if (rate.perSecond === 0) return undefined;
    const now = performance.now();
    const bucket = buckets.get(key) ?? { tokens: rate.burst, at: now };
    buckets.set(key, bucket);
    try {
      return takeFrom(bucket, rate, now);
    } catch (tooFast) {
      refused(name);
      throw tooFast;
    }
  }

  /** A whole team may sign up or in at once from behind one address. */
  function windowOf(command: CommandName | undefined): Window | undefined {
    if (command === "auth.register") return signUps;
    return command !== undefined && commands[command].tries === "email" ? signIns : perAddress;
  }

  return {
    admitMessage(connection, command) {
      if (isVolatile(command)) take(presenceBuckets, connection, presenceLimit);
      else take(commandBuckets, connection, commandLimit);
    },

    async guard(trial, work) {
      const account = triedAccount(trial);
      if (account === undefined || !failures) return work();
      await failures.take(account);
      try {
        const data = await work();
        if (!commands[trial.command].everyTry) await failures.giveBack(account);
        return data;
      } catch (error) {
        // Nothing was compared.
        if (toAppError(error).code === "unavailable") await failures.giveBack(account);
        throw error;
      }
    },

    admitStranger: (command, address) => admit(windowOf(command), networkOf(address)),

    async admitCaller({ actor, grant, sessionId }) {
      if (grant?.keyId) return admit(perKey, grant.keyId);
      const remaining = take(sessionBuckets, sessionId ?? actor.id, commandLimit);
      return { ...free, remaining };
    },

    async refuseHandshake(address) {
      await handshakes?.take(networkOf(address));
    },
  };
}

/** Said often, and worth nothing a moment later. */
const isVolatile = (command: string): boolean => command === "presence.set" || command === "telemetry.report";
