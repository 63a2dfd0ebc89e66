import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import path from "node:path";
import { z } from "zod";

const flag = z.enum(["true", "false", "1", "0", "on", "off"]).transform((text) => ["true", "1", "on"].includes(text));
const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `a whole number from ${min} to ${max}`);
const urlOf = (schemes: string[]) =>
  z.string().refine(
    (text) => {
      try {
        return schemes.includes(new URL(text).protocol.slice(0, -1));
      } catch {
        return false;
      }
    },
    `a URL that starts with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`,
  );
const secret = z.string().refine((text) => Buffer.byteLength(text) >= 32, "at least 32 bytes: openssl rand -base64 48");
const origin = z.string().refine((text) => {
  try {
    return new URL(text).origin === text;
  } catch {
    return false;
  }
}, "origins as https://board.example, with commas between, no path");

const listOf = (text: string): string[] => text.split(",").map((part) => part.trim());

function isNetwork(text: string): boolean {
  const [address = "", bits = "0", ...more] = text.split("/");
  const family = isIP(address);
  const known = ["loopback", "linklocal", "uniquelocal"].includes(text);
  return known || (family !== 0 && more.length === 0 && /^\d{1,3}$/.test(bits) && +bits <= (family === 4 ? 32 : 128));
}
const MAX_PROXIES = 10;
/** As Express takes it: how many proxies, or which. */
const proxies = z
  .string()
  .refine(
    (text) => (/^\d+$/.test(text) ? Number(text) <= MAX_PROXIES : listOf(text).every(isNetwork)),
    `a whole number from 0 to ${MAX_PROXIES}, or addresses and subnets as 10.0.0.0/8, with commas between`,
  )
  .transform((text) => (/^\d+$/.test(text) ? Number(text) : listOf(text)));
/** A limit; 0 lifts it. */
const limit = integer(0, 999_999_999);

type Setting = { schema: z.ZodType; about: string; default?: string; example?: string; secret?: true };

/** Every setting: parsed from here, documented from here (.env.example, README). */
const settings = {
  PORT: { schema: integer(0, 65535), default: "3000", about: "Port to listen on; 0 takes any free one." },
  HOST: { schema: z.string().min(1), default: "127.0.0.1", about: "Address to listen on; 0.0.0.0 for all." },
  DATABASE_URL: {
    schema: urlOf(["postgres", "postgresql"]).optional(),
    about: "Postgres 15 or newer. Unset: real Postgres is started in DATA_DIR.",
    example: "postgres://rhythm:secret@localhost:5432/rhythm",
    secret: true,
  },
  DATA_DIR: {
    schema: z.string().min(1),
    default: ".rhythm",
    about: "Folder of the embedded Postgres and its secrets.",
  },
  REDIS_URL: {
    schema: urlOf(["redis", "rediss"]).optional(),
    about: "Redis 7 or newer, for several instances. Unset: one instance serves.",
    example: "redis://localhost:6379",
    secret: true,
  },
  JWT_SECRET: {
    schema: secret.optional(),
    about:
      "Signs access tokens, at least 32 bytes. Required with DATABASE_URL or in production; else made in DATA_DIR.",
    example: "output of: openssl rand -base64 48",
    secret: true,
  },
  JWT_PREVIOUS_SECRET: {
    schema: secret.optional(),
    about:
      "A second secret that is good too: the one before, until its tokens have expired. With several instances, first the new one, everywhere; then change the two.",
    secret: true,
  },
  CORS_ORIGINS: {
    schema: z
      .string()
      .transform((text) =>
        text
          .split(",")
          .map((part) => part.trim())
          .filter(Boolean),
      )
      .pipe(z.array(origin)),
    default: "",
    about: "Origins whose pages may call, with commas between. The server's own origin always may.",
    example: "https://board.example",
  },
  TRUST_PROXY: {
    schema: proxies,
    default: "0",
    about:
      "How many proxies in front set X-Forwarded-For, or their addresses and subnets with commas between; 0 ignores the header.",
    example: "10.0.0.0/8, fd00::/8",
  },
  LOG_LEVEL: {
    schema: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]),
    default: "info",
    about: "Least level that is logged.",
  },
  LOG_FILE: { schema: z.string().min(1).optional(), about: "Log to this file, opened anew on SIGHUP. Unset: stdout." },
  SMTP_URL: {
    schema: urlOf(["smtp", "smtps"]).optional(),
    about:
      "Mail server. Unset: e-mails go to the log; in production without their text, and nobody signs in by a code.",
    example: "smtps://rhythm:secret@mail.example:465",
    secret: true,
  },
  MAIL_FROM: {
    schema: z.string().min(3),
    default: "Rhythm <rhythm@localhost>",
    about: "Sender of e-mails.",
    example: "Rhythm <rhythm@board.example>",
  },
  SEED_DEMO: {
    schema: flag.optional(),
    about: "Make the demo workspace. On unless production when Postgres is embedded; never with DATABASE_URL.",
  },
  NODE_ENV: {
    schema: z.enum(["development", "test", "production"]),
    default: "development",
    about: "production is strict.",
  },
  ACCESS_TTL_SECONDS: { schema: integer(10, 86_400), default: "900", about: "Life of an access token." },
  REFRESH_TTL_SECONDS: {
    schema: integer(60, 31_536_000),
    default: "604800",
    about: "Life of an unused refresh token.",
  },
  EVENT_RETENTION_DAYS: {
    schema: integer(1, 36_500).optional(),
    about:
      "How long events are kept. Unset: as long as the plan says. History and reports count from the oldest one kept.",
    example: "730",
  },
  DEFAULT_PLAN: {
    schema: z.string().regex(/^[a-z0-9-]{1,48}$/, "the id of a plan, as starter, pro or business"),
    default: "business",
    about: "The plan that organizations begin with: starter, pro, or business, which limits nothing.",
  },
  SCRIPT_TIMEOUT_MS: {
    schema: integer(100, 30_000),
    default: "5000",
    about: "Longest run of a script, with the commands that it sends; of that at most a second of computing.",
  },
  SCRIPT_MEMORY_MB: { schema: integer(4, 1024), default: "32", about: "Most memory that a run of a script may take." },
  SCRIPT_WORKERS: {
    schema: integer(0, 64).optional(),
    about: "Scripts that run at once. Unset: one on each core but one, at most 2; 0 leaves them to other instances.",
  },
  METERING: {
    schema: flag,
    default: "true",
    about: "Count commands per organization, user and day, and hold plans to their daily quotas.",
  },
  RATE_LIMIT_KEY_PER_MINUTE: {
    schema: limit,
    default: "100",
    about: "Requests a minute over HTTP with one API key. Limits are counted over all instances in Redis; 0 lifts one.",
  },
  RATE_LIMIT_ADDRESS_PER_MINUTE: {
    schema: limit,
    default: "20",
    about:
      "Requests a minute from one address that nobody is signed in for, or whose token is refused; as many handshakes of sockets that are refused, counted apart.",
  },
  RATE_LIMIT_SIGN_IN_PER_MINUTE: {
    schema: limit,
    default: "30",
    about: "Attempts to sign in a minute from one address that failed or are under way, apart from its other requests.",
  },
  RATE_LIMIT_SIGN_UP_PER_HOUR: {
    schema: limit,
    default: "300",
    about: "New accounts an hour from one address, apart from its other requests.",
  },
  RATE_LIMIT_SIGN_IN_FAILURES: {
    schema: limit,
    default: "10",
    about: "Failed attempts to sign in to one account in 15 minutes, from wherever.",
  },
  RATE_LIMIT_COMMANDS_PER_SECOND: {
    schema: limit,
    default: "20",
    about: "Commands a second of one socket, and over HTTP of one session, in the long run; counted by each instance.",
  },
  RATE_LIMIT_COMMANDS_BURST: {
    schema: integer(1, 999_999_999),
    default: "60",
    about: "Commands that may come at once after a pause.",
  },
  RATE_LIMIT_PRESENCE_PER_SECOND: {
    schema: limit,
    default: "30",
    about: "Messages about presence a second of one socket, apart from its commands; twice as many after a pause.",
  },
  RATE_LIMIT_SOCKETS_PER_USER: {
    schema: limit,
    default: "100",
    about: "Open sockets of one user or API key; counted by each instance.",
  },
} satisfies Record<string, Setting>;

type Settings = { [Name in keyof typeof settings]: z.output<(typeof settings)[Name]["schema"]> };
export const settingNames: readonly string[] = Object.keys(settings);
export const settingsTable: Readonly<Record<string, Setting>> = settings;

export type Config = Settings & { JWT_SECRET: string; SEED_DEMO: boolean };

/** All faults of the environment in one message: name, value seen, what is needed. */
export class ConfigError extends Error {
  constructor(faults: string[]) {
    super(`${faults.length === 1 ? "A setting is" : `${faults.length} settings are`} wrong:\n  ${faults.join("\n  ")}`);
    this.name = "ConfigError";
  }
}

const seen = (setting: Setting, value: string | undefined): string => {
  if (value === undefined) return "unset";
  return setting.secret ? `${Buffer.byteLength(value)} bytes` : JSON.stringify(value.slice(0, 60));
};

const needed = (error: z.ZodError): string | undefined =>
  error.issues[0]?.message.replace("Invalid option: expected one of ", "one of ");

/** Settings from `env`; an empty variable counts as unset. Throws ConfigError. May write a secret into DATA_DIR. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const faults: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries<Setting>(settings)) {
    const raw = env[name] || undefined;
    const parsed = setting.schema.safeParse(raw ?? setting.default);
    if (parsed.success) values[name] = parsed.data;
    else faults.push(`${name}: saw ${seen(setting, raw)}, need ${needed(parsed.error)}`);
  }
  const read = values as Settings;
  const needsSecret = read.DATABASE_URL !== undefined || read.NODE_ENV === "production";
  if (needsSecret && !env["JWT_SECRET"]) {
    faults.push("JWT_SECRET: saw unset, need at least 32 bytes: openssl rand -base64 48");
  }
  if (read.SEED_DEMO && (read.DATABASE_URL !== undefined || read.NODE_ENV === "production")) {
    faults.push('SEED_DEMO: saw "true", need it unset: demo logins are public, so only an embedded database gets them');
  }
  if (faults.length > 0) throw new ConfigError(faults);
  return {
    ...read,
    JWT_SECRET: read.JWT_SECRET ?? keptSecret(read.DATA_DIR),
    SEED_DEMO: read.SEED_DEMO ?? (read.DATABASE_URL === undefined && read.NODE_ENV !== "production"),
  };
}

/** The secret in `dir`, made on the first start; a link is atomic, so of two starts at once both get the same one. */
function keptSecret(dir: string): string {
  const file = path.join(dir, "jwt.secret");
  if (!existsSync(file)) {
    mkdirSync(dir, { recursive: true });
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, randomBytes(48).toString("base64url"), { mode: 0o600 });
    try {
      linkSync(draft, file);
    } catch (error) {
      if (!existsSync(file)) throw error;
    } finally {
      rmSync(draft);
    }
  }
  return readFileSync(file, "utf8");
}
