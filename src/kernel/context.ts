import type {
  AccessOf,
  Actor,
  Cause,
  CommandName,
  EventType,
  KeyScope,
  OrgRole,
  PresentUser,
  ProjectRole,
  Subscription,
} from "../../protocol/index.ts";
import type { Automation } from "./automation.ts";
import type { Config } from "./config.ts";
import type { Database, Db } from "./db.ts";
import type { Logger } from "./log.ts";
import type { Mailer } from "./mail.ts";
import type { Metrics } from "./metrics.ts";
import type { Passwords } from "./passwords.ts";
import type { Tokens } from "./tokens.ts";
import type { Writer } from "./transact.ts";
import type { Meter } from "./usage.ts";

/** The parts that features use; they live as long as the process. */
export type Parts = {
  config: Config;
  database: Database;
  db: Db;
  writer: Writer;
  log: Logger;
  mailer: Mailer;
  metrics: Metrics;
  passwords: Passwords;
  tokens: Tokens;
  usage: Meter;
  automation: Automation;
  now: () => Date;
};

/** What an API key allows, besides the roles of whoever it belongs to. */
export type Grant = {
  /** null: of a script. */
  keyId: string | null;
  scopes: readonly KeyScope[];
  /** null: all projects of its owner. */
  projectIds: readonly string[] | null;
  /** Of a bot: its organization. */
  orgId: string | null;
};

/** Who speaks, as the door found out. */
export type Caller = {
  actor: Actor & { id: string };
  /** Whose roles count, where it is not the actor: a script has those of its owner. */
  rightsOf?: string;
  sessionId: string | null;
  /** Of an API key or a script; undefined for a session. */
  grant?: Grant;
  /** End of the token, in ms since 1970. */
  expiresAtMs: number;
};

/** Where a request came from, as far as the door can tell. */
export type Origin = { address: string | null; userAgent: string | null };

/** What a command may do to the socket that it came by. */
export type Connection = {
  /** `guards`: other streams whose events may end the right to hear this one. */
  subscribe(
    stream: string,
    since: { epoch: string; seq: number } | undefined,
    guards?: string[],
  ): Promise<Subscription>;
  unsubscribe(stream: string): void;
  /** Goes on as the caller that the token is of. */
  renew(caller: Caller, token: string): void;
  /** Shows the caller to the room of a project, for a while. */
  present(at: Whereabouts): Promise<void>;
};

export type Whereabouts = { stream: string; project: string } & Pick<PresentUser, "issue" | "state">;

export type OrgScope = { id: string; slug: string; stream: string; role: OrgRole };
export type ProjectScope = {
  id: string;
  orgId: string;
  orgSlug: string;
  ref: string;
  key: string;
  stream: string;
  role: ProjectRole;
  /** What the organization alone gives: undefined for a guest. */
  impliedRole: ProjectRole | undefined;
  archived: boolean;
};

/** What `transact` asks of whoever writes: a command, or a reaction in the name of the system. */
export type WriteContext = {
  writer: Writer;
  actor: Actor;
  /** Its name, for the log. */
  command: string;
  /** The types of event that it may emit. */
  emits: readonly string[];
  commandId: string | undefined;
  /** SHA-256 over command and input, in hex; empty without a command id. */
  inputHash: string;
  cause: Cause | undefined;
  /** Of a run of a script: kept with the answer, see `command_answers`. */
  run?: { id: string; journal: unknown };
  /** Filled in by `transact`, read by `execute`. */
  receipt: { stream?: string; seq?: number; replayed?: true };
};

/** Lives for one command. Has no socket and no Redis: a service can only change rows and emit events. */
export type Context = Parts &
  WriteContext & {
    actor: Actor & { id: string };
    caller: Caller;
    command: CommandName;
    requestId: string;
    origin: Origin | undefined;
    connection: Connection | undefined;
  };

/** For a reaction: it writes as the system, and emits these types only. */
export const systemContext = (
  { writer }: Pick<Parts, "writer">,
  { name, emits }: { name: string; emits: readonly EventType[] },
): WriteContext => ({
  writer,
  actor: { id: null, kind: "system" },
  command: name,
  emits,
  commandId: undefined,
  inputHash: "",
  cause: undefined,
  receipt: {},
});

export type OrgContext = Context & { org: OrgScope };
export type ProjectContext = Context & { project: ProjectScope };
/** Where a script is: in a project, or else in an organization. */
export type ScriptContext = Context & { project?: ProjectScope; org?: OrgScope };
export type ContextOf<N extends CommandName> =
  AccessOf<N> extends `project:${string}`
    ? ProjectContext
    : AccessOf<N> extends `org:${string}`
      ? OrgContext
      : AccessOf<N> extends "script"
        ? ScriptContext
        : Context;
