import { randomUUID } from "node:crypto";
import type { CommandName, OrgRole, ProjectRole } from "../../protocol/index.ts";
import { asScript } from "../support/as-script.ts";
import { type Client, connect } from "../support/client.ts";
import type { Running } from "../support/harness.ts";
import { createUser } from "../support/world.ts";

type Standing = { org?: OrgRole; project?: ProjectRole };

/** Every way to stand towards a project: by its organization, by hand, by both, or not at all. */
const standings = {
  outsider: {},
  "guest viewer": { project: "viewer" },
  "guest reporter": { project: "reporter" },
  "guest developer": { project: "developer" },
  "guest admin": { project: "admin" },
  viewer: { org: "member", project: "viewer" },
  member: { org: "member" },
  reporter: { org: "member", project: "reporter" },
  developer: { org: "member", project: "developer" },
  "project admin": { org: "member", project: "admin" },
  "org admin": { org: "admin" },
  owner: { org: "owner" },
} as const satisfies Record<string, Standing>;
export type Role = keyof typeof standings;
export const roles = Object.keys(standings) as Role[];
export const standingOf = (role: Role): Standing => standings[role];

/** One signed-in person for each role, and the maker: another owner, who sets every scene. */
export type Cast = { app: Running; maker: Client; as: Record<Role, Client>; close(): void };

export async function openCast(app: Running): Promise<Cast> {
  const signIn = async (name: string) => connect(app.url, await createUser(app, name));
  const maker = await signIn("maker");
  const people = await Promise.all(roles.map(async (role) => [role, await signIn(role)] as const));
  const clients = [maker, ...people.map(([, client]) => client)];
  return {
    app,
    maker,
    as: Object.fromEntries(people) as Record<Role, Client>,
    close() {
      for (const client of clients) client.close();
    },
  };
}

/** A fresh organization and project, where everyone of the cast has their role. */
export type Scene = Cast & {
  org: string;
  orgId: string;
  project: string;
  projectId: string;
  stream: string;
  /** Todo, In Progress, Done. */
  stages: [string, string, string];
};

export async function setScene(cast: Cast): Promise<Scene> {
  const { maker, as } = cast;
  const org = `scene-${randomUUID().slice(0, 8)}`;
  const project = `${org}/web`;
  const { id: orgId } = await maker.ok("org.create", { name: "Scene", slug: org });
  const joining = roles.flatMap((role) => {
    const given = standingOf(role).org;
    return given ? [maker.ok("member.add", { org, userId: as[role].userId, role: given })] : [];
  });
  const { id: projectId } = await maker.ok("project.create", { org, name: "Web", slug: "web", key: "WEB" });
  await Promise.all(joining);
  await Promise.all(
    roles.map((role) => {
      const given = standingOf(role).project;
      return given && maker.ok("project.addMember", { project, userId: as[role].userId, role: given });
    }),
  );
  const { items } = await maker.ok("stage.list", { project });
  const stages = items.map(({ id }) => id) as Scene["stages"];
  return { ...cast, org, orgId, project, projectId, stream: `project:${projectId}`, stages };
}

/** Who sends it: what only scripts may send, one that has the rights of the actor. */
export const senderOf = ({ app }: Cast, command: CommandName, actor: Client): Pick<Client, "send"> =>
  command === "notification.send" ? asScript(app, actor) : actor;

/** The number of a new issue: the actor's own where its role allows that, else the maker's. */
export async function issueBy({ project, maker }: Scene, actor: Client, stageId?: string): Promise<number> {
  const input = { project, title: "Something to do", ...(stageId !== undefined && { stageId }) };
  const ack = await actor.call("issue.create", input);
  return ack.ok ? ack.data.number : (await maker.ok("issue.create", input)).number;
}

/** The id of someone who has nothing to do with the scene yet. */
export const stranger = async ({ app }: Cast): Promise<string> => (await createUser(app, "stranger")).userId;
