import type { OrgRole } from "../../protocol/index.ts";
import { freshSlug, type Ground } from "./race.ts";

export type Scene = {
  project: string;
  projectId: string;
  /** Just the project's. */
  streams: string[];
  stage: Record<"todo" | "doing" | "done", string>;
  /** Numbers by title. */
  issue: Record<string, number>;
};

let projects = 0;

/** A project of its own with the usual stages, and issues in them. */
export async function createScene(
  { ann, org }: Pick<Ground, "ann" | "org">,
  issues: Partial<Record<"todo" | "doing" | "done", string[]>> = {},
): Promise<Scene> {
  projects += 1;
  const slug = freshSlug();
  const key = `K${projects.toString(36).toUpperCase()}`;
  const { id: projectId } = await ann.ok("project.create", { org, name: "Race", slug, key });
  const project = `${org}/${slug}`;
  const { items } = await ann.ok("stage.list", { project });
  const [todo, doing, done] = items.map(({ id }) => id);
  const stage = { todo, doing, done };
  const issue: Record<string, number> = {};
  for (const name of ["todo", "doing", "done"] as const) {
    for (const title of issues[name] ?? []) {
      issue[title] = (await ann.ok("issue.create", { project, title, stageId: stage[name] })).number;
    }
  }
  return { project, projectId, streams: [`project:${projectId}`], stage, issue };
}

/** An organization of its own: ann owns it, the others are what is asked for. */
export async function createOrg(
  people: Pick<Ground, "ann" | "bob" | "cid">,
  roles: Partial<Record<"bob" | "cid", OrgRole>> = {},
): Promise<{ org: string; orgId: string; orgStream: string }> {
  const { ann } = people;
  const { id, slug: org } = await ann.ok("org.create", { name: "Race", slug: freshSlug() });
  for (const name of ["bob", "cid"] as const) {
    const role = roles[name];
    if (role) await ann.ok("member.add", { org, userId: people[name].userId, role });
  }
  return { org, orgId: id, orgStream: `org:${id}` };
}
