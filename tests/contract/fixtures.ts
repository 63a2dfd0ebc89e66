import { randomUUID } from "node:crypto";
import type { AccessOf, ClientInput, CommandName } from "../../protocol/index.ts";
import type { Client } from "../support/client.ts";
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

/**
 * One entry per command: an input that works in this scene for this actor, if its role lets it at all. A command
 * without an entry does not compile.
 */
export const fixtures: { [N in InnerCommand]: Fixture<N> } = {
  "auth.session": none,
  "session.whoami": none,
  "session.renew": (_, { token }) => ({ token }),
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
