import type { z } from "zod";
import { boardCommands } from "./board.ts";
import { botCommands, botEvents } from "./bot.ts";
import { commentCommands, commentEvents } from "./comment.ts";
import { cursorCommands } from "./cursor.ts";
import { draftCommands } from "./draft.ts";
import type { WireError } from "./errors.ts";
import { explainCommands } from "./explain.ts";
import { fieldCommands, fieldEvents } from "./field.ts";
import { galleryCommands, galleryEvents } from "./gallery.ts";
import { issueCommands, issueEvents } from "./issue.ts";
import { issueMoreCommands } from "./issue-more.ts";
import { keyCommands, keyEvents } from "./key.ts";
import { laneCommands, laneEvents } from "./lane.ts";
import { notificationCommands, notificationEvents } from "./notification.ts";
import { orgCommands, orgEvents } from "./org.ts";
import { planCommands, planEvents } from "./plan.ts";
import { presenceCommands } from "./presence.ts";
import { profileCommands, profileEvents } from "./profile.ts";
import { projectCommands, projectEvents } from "./project.ts";
import { relationCommands, relationEvents } from "./relation.ts";
import { scriptCommands, scriptEvents } from "./script.ts";
import { sessionCommands, sessionEvents } from "./session.ts";
import { sprintCommands, sprintEvents } from "./sprint.ts";
import { stageCommands, stageEvents } from "./stage.ts";
import { streamCommands } from "./stream.ts";
import { tagCommands, tagEvents } from "./tag.ts";
import { timeCommands, timeEvents } from "./time.ts";
import { usageCommands, usageEvents } from "./usage.ts";
import { workflowCommands, workflowEvents } from "./workflow.ts";

/** Every command. Types, validation, doors, documents and contract tests all come from here. */
export const commands = {
  ...sessionCommands,
  ...profileCommands,
  ...streamCommands,
  ...orgCommands,
  ...projectCommands,
  ...stageCommands,
  ...issueCommands,
  ...issueMoreCommands,
  ...tagCommands,
  ...laneCommands,
  ...fieldCommands,
  ...workflowCommands,
  ...commentCommands,
  ...relationCommands,
  ...timeCommands,
  ...sprintCommands,
  ...boardCommands,
  ...notificationCommands,
  ...draftCommands,
  ...botCommands,
  ...keyCommands,
  ...cursorCommands,
  ...scriptCommands,
  ...galleryCommands,
  ...presenceCommands,
  ...explainCommands,
  ...planCommands,
  ...usageCommands,
};

/** Every event type. */
export const events = {
  ...sessionEvents,
  ...profileEvents,
  ...orgEvents,
  ...projectEvents,
  ...stageEvents,
  ...issueEvents,
  ...tagEvents,
  ...laneEvents,
  ...fieldEvents,
  ...workflowEvents,
  ...commentEvents,
  ...relationEvents,
  ...timeEvents,
  ...sprintEvents,
  ...notificationEvents,
  ...planEvents,
  ...usageEvents,
  ...botEvents,
  ...keyEvents,
  ...scriptEvents,
  ...galleryEvents,
};

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
export * from "./bot.ts";
export * from "./comment.ts";
export * from "./common.ts";
export * from "./cursor.ts";
export type { Access, HttpRoute, KeyScope, OrgRole, ProjectRole, StreamKind } from "./define.ts";
export { keyScopes, orgRoles, projectRoles } from "./define.ts";
export * from "./draft.ts";
export * from "./errors.ts";
export * from "./field.ts";
export * from "./gallery.ts";
export { IssueChanges } from "./issue.ts";
export * from "./issue-fields.ts";
export * from "./key.ts";
export * from "./lane.ts";
export * from "./notification.ts";
export * from "./org.ts";
export * from "./plan.ts";
export { PresentUser } from "./presence.ts";
export * from "./profile.ts";
export * from "./project.ts";
export * from "./relation.ts";
export * from "./script.ts";
export * from "./session.ts";
export * from "./sprint.ts";
export * from "./stage.ts";
export * from "./stream.ts";
export * from "./tag.ts";
export * from "./time.ts";
export * from "./usage.ts";
export * from "./workflow.ts";
