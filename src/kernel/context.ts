import type { AccessOf, Actor, Cause, CommandName, OrgRole, ProjectRole, Subscription } from "../../protocol/index.ts";
import type { Config } from "./config.ts";
import type { Database, Db } from "./db.ts";
import type { Logger } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Passwords } from "./passwords.ts";
import type { Tokens } from "./tokens.ts";
import type { Writer } from "./transact.ts";

/** The parts that features use; they live as long as the process. */
export type Parts = {
  config: Config;
  database: Database;
  db: Db;
  writer: Writer;
  log: Logger;
  metrics: Metrics;
  passwords: Passwords;
  tokens: Tokens;
  now: () => Date;
};

/** Who speaks, as the door found out. */
export type Caller = {
  actor: Actor & { id: string };
  sessionId: string | null;
  /** End of the token, in ms since 1970. */
  expiresAtMs: number;
};

/** What a command may do to the socket that it came by. */
export type Connection = {
  /** `guards`: other streams whose events may end the right to hear this one. */
  subscribe(
    stream: string,
    since: { epoch: string; seq: number } | undefined,
    guards?: string[],
  ): Promise<Subscription>;
  unsubscribe(stream: string): void;
  renew(caller: Caller): void;
};

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

/** Lives for one command. Has no socket and no Redis: a service can only change rows and emit events. */
export type Context = Parts & {
  actor: Actor & { id: string };
  caller: Caller;
  command: CommandName;
  commandId: string | undefined;
  /** SHA-256 over command and input, in hex; empty without a command id. */
  inputHash: string;
  cause: Cause | undefined;
  requestId: string;
  connection: Connection | undefined;
  /** Filled in by `transact`, read by `execute`. */
  receipt: { stream?: string; seq?: number; replayed?: true };
};

export type OrgContext = Context & { org: OrgScope };
export type ProjectContext = Context & { project: ProjectScope };
export type ContextOf<N extends CommandName> =
  AccessOf<N> extends `project:${string}` ? ProjectContext : AccessOf<N> extends `org:${string}` ? OrgContext : Context;
