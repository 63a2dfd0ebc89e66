import { randomUUID } from "node:crypto";
import type { AccessOf, ClientInput, CommandName } from "../../protocol/index.ts";
import type { Client } from "../support/client.ts";
import { givePassword, openSession } from "../support/world.ts";
import { issueBy, type Scene, stranger } from "./scene.ts";

/** Commands for signed-in people. */
export type InnerCommand = { [N in CommandName]: AccessOf<N> extends "public" ? never : N }[CommandName];
type Fixture<N extends CommandName> = (at: Scene, actor: Client) => ClientInput<N> | Promise<ClientInput<N>>;

const none = () => ({});
const inOrg = ({ org }: Scene) => ({ org });
const inProject = ({ project }: Scene) => ({ project });
const onIssue = async (at: Scene, actor: Client) => ({ project: at.project, issue: await issueBy(at, actor) });

async function onDeletedIssue(at: Scene, actor: Client) {
  const input = await onIssue(at, actor);
  await at.maker.ok("issue.delete", input);
  return input;
}

const password = "correct horse battery";
const named = (prefix: string) => `${prefix} ${randomUUID().slice(0, 8)}`;

const tagOf = async ({ project, maker }: Scene) => (await maker.ok("tag.create", { project, name: named("tag") })).id;
const laneOf = async ({ project, maker }: Scene) =>
  (await maker.ok("lane.create", { project, name: named("lane") })).id;
const fieldOf = async ({ project, maker }: Scene) =>
  (await maker.ok("field.create", { project, name: named("field"), kind: "text" })).id;
const dates = { startsAt: "2099-03-02T08:00:00.000Z", endsAt: "2099-03-13T17:00:00.000Z" };
const sprintOf = async ({ project, maker }: Scene) =>
  (await maker.ok("sprint.create", { project, name: named("sprint"), ...dates })).id;
const onSprint = async (at: Scene) => ({ project: at.project, sprintId: await sprintOf(at) });

async function onActiveSprint(at: Scene) {
  // Only one is active at a time: whichever is, ends.
  const { project, maker } = at;
  const { items } = await maker.ok("sprint.list", { project });
  const active = items.find(({ state }) => state === "active");
  if (active) await maker.ok("sprint.complete", { project, sprintId: active.id });
  const input = await onSprint(at);
  await maker.ok("sprint.start", input);
  return input;
}

async function onNoActiveSprint(at: Scene) {
  const { project, maker } = at;
  await maker.ok("sprint.complete", await onActiveSprint(at));
  return { project, sprintId: await sprintOf(at) };
}

/** The author is the actor where its role allows that, else the maker. */
async function commentBy(at: Scene, actor: Client) {
  const input = { project: at.project, issue: await issueBy(at, actor), body: "As I said" };
  const ack = await actor.call("comment.add", input);
  const { id } = ack.ok ? ack.data : await at.maker.ok("comment.add", input);
  return { project: at.project, commentId: id };
}

async function entryBy(at: Scene, actor: Client) {
  const input = { project: at.project, issue: await issueBy(at, actor), seconds: 60 };
  const ack = await actor.call("time.log", input);
  const { id } = ack.ok ? ack.data : await at.maker.ok("time.log", input);
  return { project: at.project, entryId: id };
}

async function twoIssues(at: Scene, actor: Client) {
  return { project: at.project, issue: await issueBy(at, actor), target: await issueBy(at, actor) };
}

const botOf = async ({ org, maker }: Scene) => (await maker.ok("bot.create", { org, name: named("bot") })).id;
const onBot = async (at: Scene) => ({ org: at.org, botId: await botOf(at) });
const keyOf = async (actor: Client) => (await actor.ok("key.create", { label: named("key") })).id;

const luaSource = 'on_event("issue.created", function(ctx) end)';
const scriptOf = async ({ project, maker }: Scene) =>
  (await maker.ok("script.create", { project, name: named("script"), source: luaSource })).id;
const onScript = async (at: Scene) => ({ scriptId: await scriptOf(at) });

async function onDraft(_: Scene, actor: Client) {
  const name = named("form");
  await actor.ok("draft.save", { name, payload: { title: "The cart" } });
  return { name };
}

async function onScriptDraft(_: Scene, actor: Client) {
  const draft = named("script");
  await actor.ok("draft.save", { name: draft, payload: { source: "log(params.text)", params: { text: "Hello" } } });
  return { draft, title: named("script") };
}

/**
 * One entry per command: an input that works in this scene for this actor, if its role lets it at all. A command
 * without an entry does not compile.
 */
export const fixtures: { [N in InnerCommand]: Fixture<N> } = {
  "auth.session": none,
  "session.whoami": none,
  "session.renew": (_, { token }) => ({ token }),
  "session.list": none,
  "session.revoke": async ({ app }, { userId }) => ({ sessionId: await openSession(app, userId) }),
  // Else nobody would be there for the next scene.
  "session.revokeAll": () => ({ keepCurrent: true }),
  "profile.update": () => ({ displayName: named("someone") }),
  "profile.setPassword": async ({ app }, { userId }) => {
    await givePassword(app, userId, password);
    return { old: password, new: password };
  },
  "project.subscribe": inProject,
  "project.unsubscribe": inProject,
  "org.subscribe": inOrg,
  "org.unsubscribe": inOrg,
  "user.subscribe": none,
  "user.unsubscribe": none,
  "sync.pull": ({ stream }) => ({ stream, after: 0 }),
  "org.create": () => ({ name: "Another" }),
  "org.list": none,
  "org.get": inOrg,
  "org.update": ({ org }) => ({ org, patch: { name: "Renamed" } }),
  "org.delete": inOrg,
  "org.transfer": ({ org, as }) => ({ org, userId: as.member.userId }),
  "member.list": inOrg,
  "member.add": async (at) => ({ org: at.org, userId: await stranger(at) }),
  "member.setRole": ({ org, as }) => ({ org, userId: as.reporter.userId, role: "admin" }),
  // Anyone may leave, so the rule is right that each member may send it.
  "member.remove": ({ org }, { userId }) => ({ org, userId }),
  "project.create": ({ org }) => ({ org, name: "Another" }),
  "project.list": inOrg,
  "project.get": inProject,
  "project.update": ({ project }) => ({ project, patch: { description: "Changed" } }),
  "project.delete": inProject,
  "project.archive": inProject,
  "project.unarchive": async ({ project, maker }) => {
    // Refused when it is archived already.
    await maker.call("project.archive", { project });
    return { project };
  },
  "project.join": inProject,
  "project.leave": inProject,
  "project.listMembers": inProject,
  "project.addMember": async (at) => ({ project: at.project, userId: await stranger(at), role: "developer" }),
  "project.setRole": ({ project, as }) => ({ project, userId: as.developer.userId, role: "reporter" }),
  "project.removeMember": ({ project, as }) => ({ project, userId: as.developer.userId }),
  "stage.list": inProject,
  "stage.create": ({ project }) => ({ project, name: "Review", status: "in_progress", wipLimit: 3 }),
  "stage.update": ({ project, stages }) => ({ project, stageId: stages[0], patch: { name: "Ready", wipLimit: 9 } }),
  "stage.reorder": ({ project, stages }) => ({ project, stageIds: stages.toReversed() }),
  "stage.delete": ({ project, stages }) => ({ project, stageId: stages[2] }),
  "issue.create": ({ project }) => ({ project, title: `Write it down ${randomUUID()}` }),
  "issue.get": onIssue,
  "issue.list": inProject,
  "issue.update": async (at, actor) => ({ ...(await onIssue(at, actor)), patch: { title: "Better said" } }),
  "issue.move": async (at, actor) => ({ ...(await onIssue(at, actor)), stageId: at.stages[1], after: null }),
  "issue.delete": onIssue,
  "issue.restore": onDeletedIssue,
  "issue.purge": onDeletedIssue,
  "issue.setAssignees": async (at, actor) => ({ ...(await onIssue(at, actor)), userIds: [at.as.developer.userId] }),
  "issue.setTags": async (at, actor) => ({ ...(await onIssue(at, actor)), tagIds: [await tagOf(at)] }),
  "issue.setSprint": async (at, actor) => ({ ...(await onIssue(at, actor)), sprintId: await sprintOf(at) }),
  "issue.bulk": async (at, actor) => {
    const issues = [await issueBy(at, actor), await issueBy(at, actor)];
    return { project: at.project, issues, patch: { priority: "major", addTagIds: [await tagOf(at)] } };
  },
  "issue.watch": onIssue,
  "issue.unwatch": onIssue,
  "issue.search": ({ org }) => ({ org, q: "something" }),
  "issue.context": onIssue,
  "issue.setField": async (at, actor) => ({ ...(await onIssue(at, actor)), fieldId: await fieldOf(at), value: "Shop" }),
  "tag.list": inProject,
  "tag.create": ({ project }) => ({ project, name: named("tag") }),
  "tag.update": async (at) => ({ project: at.project, tagId: await tagOf(at), patch: { color: "#ff0000" } }),
  "tag.delete": async (at) => ({ project: at.project, tagId: await tagOf(at) }),
  "lane.list": inProject,
  "lane.create": ({ project }) => ({ project, name: "Expedite" }),
  "lane.update": async (at) => ({ project: at.project, laneId: await laneOf(at), patch: { color: "#ff0000" } }),
  "lane.reorder": async (at) => {
    await laneOf(at);
    await laneOf(at);
    const { items } = await at.maker.ok("lane.list", { project: at.project });
    return { project: at.project, laneIds: items.map(({ id }) => id).reverse() };
  },
  "lane.delete": async (at) => ({ project: at.project, laneId: await laneOf(at) }),
  "field.list": inProject,
  "field.create": ({ project }) => ({ project, name: named("field"), kind: "select", options: ["Shop"] }),
  "field.update": async (at) => ({ project: at.project, fieldId: await fieldOf(at), patch: { name: named("field") } }),
  "field.delete": async (at) => ({ project: at.project, fieldId: await fieldOf(at) }),
  "workflow.get": inProject,
  "workflow.set": ({ project }) => ({ project, transitions: [{ from: "open", to: "in_progress" }] }),
  "comment.list": onIssue,
  "comment.add": async (at, actor) => ({ ...(await onIssue(at, actor)), body: "Reproduced" }),
  "comment.edit": async (at, actor) => ({ ...(await commentBy(at, actor)), body: "Reproduced on 1.4" }),
  "comment.delete": commentBy,
  "relation.list": onIssue,
  "relation.add": async (at, actor) => ({ ...(await twoIssues(at, actor)), type: "blocks" }),
  "relation.remove": async (at, actor) => {
    const { id } = await at.maker.ok("relation.add", { ...(await twoIssues(at, actor)), type: "clones" });
    return { project: at.project, relationId: id };
  },
  "time.list": onIssue,
  "time.log": async (at, actor) => ({ ...(await onIssue(at, actor)), seconds: 5400 }),
  "time.delete": entryBy,
  "time.report": ({ project }) => ({
    project,
    from: "2026-01-01T00:00:00.000Z",
    to: "2027-01-01T00:00:00.000Z",
    groupBy: "user",
  }),
  "sprint.create": ({ project }) => ({ project, name: named("sprint"), ...dates }),
  "sprint.list": inProject,
  "sprint.get": onSprint,
  "sprint.update": async (at) => ({ ...(await onSprint(at)), patch: { goal: "Pay with a saved card" } }),
  "sprint.delete": onSprint,
  "sprint.start": onNoActiveSprint,
  "sprint.complete": onActiveSprint,
  "sprint.report": onActiveSprint,
  "sprint.board": onSprint,
  "backlog.list": inProject,
  "notification.list": none,
  "notification.markRead": () => ({ ids: "all" }),
  "notification.setPrefs": () => ({ prefs: { email: false } }),
  "notification.send": async (at, actor) => ({ ...(await onIssue(at, actor)), userId: at.maker.userId, text: "Look" }),
  "draft.list": none,
  "draft.get": onDraft,
  "draft.save": () => ({ name: named("form"), payload: { title: "The cart" } }),
  "draft.delete": onDraft,
  "gallery.list": none,
  "gallery.get": () => ({ id: "close-parent" }),
  "gallery.publish": onScriptDraft,
  "gallery.install": async (at) => {
    const { id } = await at.maker.ok("gallery.publish", await onScriptDraft(at, at.maker));
    return { project: at.project, id };
  },
  "template.list": none,
  "presence.set": ({ project }) => ({ project, state: "viewing" }),
  "bot.create": ({ org }) => ({ org, name: named("bot") }),
  "bot.list": inOrg,
  "bot.update": async (at) => ({ ...(await onBot(at)), patch: { name: named("bot") } }),
  "bot.suspend": onBot,
  "bot.delete": onBot,
  "key.create": () => ({ label: named("key") }),
  "key.list": none,
  "key.rename": async (_, actor) => ({ keyId: await keyOf(actor), label: named("key") }),
  "key.rotate": async (_, actor) => ({ keyId: await keyOf(actor) }),
  "key.revoke": async (_, actor) => ({ keyId: await keyOf(actor) }),
  "cursor.get": ({ stream }) => ({ stream }),
  "cursor.commit": ({ stream }) => ({ stream, seq: 1 }),
  "script.list": inProject,
  "script.get": onScript,
  "script.create": ({ project }) => ({ project, name: named("script"), source: luaSource }),
  "script.update": async (at) => ({ ...(await onScript(at)), patch: { name: named("script"), source: "-- Nothing." } }),
  "script.delete": onScript,
  "script.setEnabled": async (at) => ({ ...(await onScript(at)), enabled: false }),
  "script.revisions": onScript,
  "script.rollback": async (at) => {
    const scriptId = await scriptOf(at);
    await at.maker.ok("script.update", { scriptId, patch: { source: "-- Nothing." } });
    return { scriptId, revision: 1 };
  },
  "script.validate": ({ project }) => ({ project, source: luaSource }),
  "script.run": async (at) => {
    const input = await onScript(at);
    await issueBy(at, at.maker);
    return input;
  },
  "script.replay": async (at) => ({ ...(await onScript(at)), fromSeq: 1, toSeq: 100 }),
  "script.logs": onScript,
  "script.setPolicy": ({ org }) => ({ org, enabled: false }),
  "plan.list": none,
  "plan.get": inOrg,
  "plan.set": ({ org }) => ({ org, plan: "pro" }),
  "usage.today": inOrg,
  "usage.history": inOrg,
  "org.overview": inOrg,
  "access.explain": ({ project }) => ({ command: "issue.move", project }),
  "sync.digest": inProject,
  "board.get": inProject,
  "board.column": ({ project, stages }) => ({ project, stageId: stages[0] }),
  "activity.list": inProject,
};

export const innerCommands = Object.keys(fixtures) as InnerCommand[];

/** The entry of a command whose name is only known at run time. */
export const inputFor = (command: InnerCommand, at: Scene, actor: Client): Promise<Record<string, unknown>> => {
  const make = fixtures[command] as Fixture<CommandName>;
  return Promise.resolve(make(at, actor)) as Promise<Record<string, unknown>>;
};
