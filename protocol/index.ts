import type { z } from "zod";
import { boardCommands } from "./board.ts";
import type { WireError } from "./errors.ts";
import { issueCommands, issueEvents } from "./issue.ts";
import { orgCommands, orgEvents } from "./org.ts";
import { projectCommands, projectEvents } from "./project.ts";
import { sessionCommands, sessionEvents } from "./session.ts";
import { stageCommands, stageEvents } from "./stage.ts";
import { streamCommands } from "./stream.ts";

/** Every command. Types, validation, doors, documents and contract tests all come from here. */
export const commands = {
  ...sessionCommands,
  ...streamCommands,
  ...orgCommands,
  ...projectCommands,
  ...stageCommands,
  ...issueCommands,
  ...boardCommands,
};

/** Every event type. */
export const events = { ...sessionEvents, ...orgEvents, ...projectEvents, ...stageEvents, ...issueEvents };

export type CommandName = keyof typeof commands;
export type EventType = keyof typeof events;
/** What a handler gets: parsed, defaults filled in. */
export type Input<N extends CommandName> = z.output<(typeof commands)[N]["input"]>;
/** What a client sends. */
export type ClientInput<N extends CommandName> = z.input<(typeof commands)[N]["input"]>;
export type Output<N extends CommandName> = z.output<(typeof commands)[N]["output"]>;
export type EventData<T extends EventType> = z.output<(typeof events)[T]["data"]>;
export type EventStream<T extends EventType> = (typeof events)[T]["streams"][number];
export type AccessOf<N extends CommandName> = (typeof commands)[N]["access"];

export const isCommandName = (name: string): name is CommandName => Object.hasOwn(commands, name);
export const isEventType = (type: string): type is EventType => Object.hasOwn(events, type);

export type Ack<N extends CommandName = CommandName> =
  | { ok: true; data: Output<N>; stream?: string; seq?: number; replayed?: true; requestId: string }
  | { ok: false; error: WireError; requestId: string };

export * from "./board.ts";
export * from "./common.ts";
export type { Access, HttpRoute, OrgRole, ProjectRole, StreamKind } from "./define.ts";
export { orgRoles, projectRoles } from "./define.ts";
export * from "./errors.ts";
export { IssueChanges } from "./issue.ts";
export * from "./issue-fields.ts";
export * from "./org.ts";
export * from "./project.ts";
export * from "./session.ts";
export * from "./stage.ts";
export * from "./stream.ts";
