import { randomUUID } from "node:crypto";
import { onTestFinished } from "vitest";
import type { OrgRole, ProjectRole } from "../../protocol/index.ts";
import { type Client, connect } from "./client.ts";
import type { Running } from "./harness.ts";

let worlds = 0;

/** A registered user with a session, made without hashing; the names of a world are unique in their database. */
export async function createUser(
  app: Running,
  name: string,
): Promise<{ userId: string; token: string; email: string }> {
  const userId = randomUUID();
  const email = `${name}-${userId.slice(0, 8)}@test.example`;
  const { pool } = app.parts.database;
  await pool.query("insert into users (id, email, display_name) values ($1, $2, $3)", [userId, email, name]);
  const sessionId = await openSession(app, userId);
  return { userId, email, token: app.parts.tokens.sign({ userId, sessionId }).token };
}

/** The id of a further session. */
export async function openSession(app: Running, userId: string): Promise<string> {
  const insert = "insert into sessions (user_id, expires_at) values ($1, now() + interval '1 day') returning id";
  const { rows } = await app.parts.database.pool.query(insert, [userId]);
  return rows[0].id;
}

const hashes = new Map<string, Promise<string>>();
/** As set a while ago; each password is hashed once a file. */
export async function givePassword(app: Running, userId: string, password: string): Promise<void> {
  const hash = hashes.get(password) ?? app.parts.passwords.hash(password);
  hashes.set(password, hash);
  await app.parts.database.pool.query("update users set password_hash = $1 where id = $2", [await hash, userId]);
}

type Standing = ProjectRole | OrgRole | "org-admin" | "guest" | "outsider";

export type World<Name extends string> = Record<Name, Client & { email: string }> & {
  app: Running;
  org: string;
  project: string;
  projectId: string;
  orgId: string;
  stream: string;
  /** Ids of the stages by name: todo, doing, done, or those asked for. */
  stage: Record<string, string>;
  /** Numbers of the issues by title. */
  issue: Record<string, number>;
  /** Titles of a stage's issues, top to bottom. */
  titles(stage: string): Promise<string[]>;
};

type Plan<Name extends string> = {
  /** owner, org-admin and member are roles of the organization; the others of the project. Default: ann, its owner. */
  members?: Record<Name, Standing>;
  /** Stages left to right with the titles of their issues; default todo, doing, done, empty. */
  stages?: Record<string, string[]>;
  /** Whether everyone subscribes to the project first. */
  listening?: boolean;
};

const statuses = { todo: "open", doing: "in_progress", done: "resolved" } as const;

/** An organization with a project, people by name, stages and issues, all made through commands. */
export async function createWorld<Name extends string = "ann">(
  app: Running,
  plan: Plan<Name> = {},
): Promise<World<Name>> {
  const {
    members = { ann: "owner" } as Record<string, Standing>,
    stages = { todo: [], doing: [], done: [] },
    listening = true,
  } = plan;
  worlds += 1;
  const org = `acme-${worlds}`;
  const project = `${org}/web`;
  const maker = await createUser(app, "maker");
  const owner = await connect(app.url, maker);
  const { id: orgId } = await owner.ok("org.create", { name: "Acme", slug: org });
  const { id: projectId } = await owner.ok("project.create", { org, name: "Web", slug: "web", key: "WEB" });
  const stream = `project:${projectId}`;

  const standard = (await owner.ok("stage.list", { project })).items;
  const stage: Record<string, string> = {};
  for (const name of Object.keys(stages)) {
    const status = statuses[name as keyof typeof statuses] ?? "open";
    stage[name] = (await owner.ok("stage.create", { project, name, status })).id;
  }
  for (const { id } of standard) await owner.ok("stage.delete", { project, stageId: id });

  const issue: Record<string, number> = {};
  for (const [name, titles] of Object.entries(stages)) {
    for (const title of titles) {
      issue[title] = (await owner.ok("issue.create", { project, title, stageId: stage[name] })).number;
    }
  }

  const people: Record<string, Client & { email: string }> = {};
  for (const [name, standing] of Object.entries<Standing>(members)) {
    const user = await createUser(app, name);
    if (standing !== "outsider" && standing !== "guest") {
      const role = standing === "owner" ? "owner" : standing === "org-admin" ? "admin" : "member";
      await owner.ok("member.add", { org, userId: user.userId, role });
    }
    if (["viewer", "reporter", "developer", "admin"].includes(standing)) {
      await owner.ok("project.addMember", { project, userId: user.userId, role: standing as ProjectRole });
    }
    if (standing === "guest") await owner.ok("project.addMember", { project, userId: user.userId, role: "developer" });
    const client = { ...(await connect(app.url, user)), email: user.email };
    if (listening && standing !== "outsider") await client.ok("project.subscribe", { project });
    people[name] = client;
  }
  owner.close();
  onTestFinished(() => {
    for (const client of Object.values(people)) client.close();
  });

  const anyone = Object.values(people)[0];
  const titles = async (name: string): Promise<string[]> => {
    if (!anyone) throw new Error("a world without people");
    const { items } = await anyone.ok("issue.list", {
      project,
      stageId: stage[name] ?? name,
      sort: "rank",
      limit: 100,
    });
    return items.map(({ title }) => title);
  };
  return { app, org, project, projectId, orgId, stream, stage, issue, titles, ...people } as World<Name>;
}
