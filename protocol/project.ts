import { z } from "zod";
import {
  Email,
  exampleId,
  Id,
  Name,
  Nothing,
  OrgRef,
  ProjectRef,
  page,
  paging,
  Slug,
  Time,
  UserRef,
} from "./common.ts";
import { event, mutation, projectRoles, query } from "./define.ts";

const Key = z
  .string()
  .regex(/^[A-Z][A-Z0-9]{1,5}$/, "2 to 6 capitals or digits, a capital first")
  .describe("Prefix of issue keys, as in `WEB-12`.");

export const Project = z.strictObject({
  id: z.uuid(),
  orgId: z.uuid(),
  ref: ProjectRef,
  slug: Slug,
  key: Key,
  name: z.string(),
  description: z.string(),
  createdBy: z.uuid(),
  parallelSprints: z.boolean().describe("Whether several sprints may be active."),
  archivedAt: Time.nullable(),
  createdAt: Time,
  updatedAt: Time,
});
export type Project = z.infer<typeof Project>;
export const ProjectWithRole = Project.extend({ role: z.enum(projectRoles).describe("Yours.") });

export const ProjectMember = z.strictObject({ user: UserRef, role: z.enum(projectRoles) });
export type ProjectMember = z.infer<typeof ProjectMember>;
const ListedMember = ProjectMember.extend({
  explicit: z.boolean().describe("false: the role comes from the organization"),
});

const description = z.string().max(5000);
const person = { userId: Id.optional(), email: Email.optional() };

export const projectCommands = {
  "project.create": mutation({
    summary: "Make a project with the stages Todo, In Progress and Done.",
    access: "org:admin",
    input: {
      org: OrgRef,
      name: Name,
      slug: Slug.optional(),
      key: Key.optional(),
      description: description.optional(),
    },
    output: ProjectWithRole,
    emits: ["project.created"],
    http: "POST /orgs/{org}/projects",
    status: 201,
    example: { org: "acme", name: "Web" },
  }),
  "project.list": query({
    summary: "The projects of an organization that you may see.",
    access: "org:member",
    input: { org: OrgRef, ...paging },
    output: page(ProjectWithRole),
    http: "GET /orgs/{org}/projects",
    example: { org: "acme" },
  }),
  "project.get": query({
    summary: "One project.",
    access: "project:viewer",
    input: { project: ProjectRef },
    output: ProjectWithRole,
    http: "GET /orgs/{org}/projects/{project}",
    example: { project: "acme/web" },
  }),
  "project.update": mutation({
    summary: "Change name, slug, key, description, or whether several sprints may be active; only the fields present.",
    access: "project:admin",
    input: {
      project: ProjectRef,
      patch: z.strictObject({
        name: Name.optional(),
        slug: Slug.optional(),
        key: Key.optional(),
        description: description.optional(),
        parallelSprints: z.boolean().optional(),
      }),
    },
    output: ProjectWithRole,
    emits: ["project.updated"],
    http: "PATCH /orgs/{org}/projects/{project}",
    example: { project: "acme/web", patch: { description: "The web shop" } },
  }),
  "project.delete": mutation({
    summary: "Delete a project with all its issues, for ever.",
    access: "project:admin",
    whenArchived: true,
    input: { project: ProjectRef },
    output: Nothing,
    emits: ["project.deleted"],
    http: "DELETE /orgs/{org}/projects/{project}",
    example: { project: "acme/web" },
  }),
  "project.archive": mutation({
    summary: "Make a project read-only.",
    access: "project:admin",
    input: { project: ProjectRef },
    output: ProjectWithRole,
    emits: ["project.archived"],
    http: "POST /orgs/{org}/projects/{project}/archive",
    example: { project: "acme/web" },
  }),
  "project.unarchive": mutation({
    summary: "Let work go on in an archived project.",
    access: "project:admin",
    whenArchived: true,
    input: { project: ProjectRef },
    output: ProjectWithRole,
    emits: ["project.unarchived"],
    http: "POST /orgs/{org}/projects/{project}/unarchive",
    example: { project: "acme/web" },
  }),
  "project.join": mutation({
    summary: "Make your reporter role in a project explicit.",
    access: "project:viewer",
    input: { project: ProjectRef },
    output: ProjectMember,
    emits: ["project.member_added"],
    http: "POST /orgs/{org}/projects/{project}/join",
    example: { project: "acme/web" },
  }),
  "project.leave": mutation({
    summary: "Give up your explicit role; what the organization gives you stays.",
    access: "project:viewer",
    whenArchived: true,
    input: { project: ProjectRef },
    output: Nothing,
    emits: ["project.member_removed", "access.revoked"],
    http: "POST /orgs/{org}/projects/{project}/leave",
    example: { project: "acme/web" },
  }),
  "project.listMembers": query({
    summary: "Everyone with a role in the project, given here or by the organization.",
    access: "project:viewer",
    input: { project: ProjectRef, ...paging },
    output: page(ListedMember),
    http: "GET /orgs/{org}/projects/{project}/members",
    example: { project: "acme/web" },
  }),
  "project.addMember": mutation({
    summary: "Give a registered user a role in this project.",
    access: "project:admin",
    whenArchived: true,
    input: { project: ProjectRef, ...person, role: z.enum(projectRoles) },
    output: ProjectMember,
    emits: ["project.member_added", "access.granted"],
    http: "POST /orgs/{org}/projects/{project}/members",
    status: 201,
    example: { project: "acme/web", email: "bob@acme.example", role: "developer" },
  }),
  "project.setRole": mutation({
    summary: "Set someone's role in this project, below or above what the organization gives.",
    access: "project:admin",
    whenArchived: true,
    input: { project: ProjectRef, ...person, role: z.enum(projectRoles) },
    output: ProjectMember,
    emits: ["project.member_added", "project.member_role_changed", "access.granted"],
    http: "PATCH /orgs/{org}/projects/{project}/members/{userId}",
    example: { project: "acme/web", userId: exampleId, role: "viewer" },
  }),
  "project.removeMember": mutation({
    summary: "Take away an explicit role; what the organization gives stays.",
    access: "project:admin",
    whenArchived: true,
    input: { project: ProjectRef, ...person },
    output: Nothing,
    emits: ["project.member_removed", "access.revoked"],
    http: "DELETE /orgs/{org}/projects/{project}/members/{userId}",
    example: { project: "acme/web", userId: exampleId },
  }),
};

const changed = z.strictObject({ project: Project });
const member = z.strictObject({ member: ProjectMember });
const projectGone = z.strictObject({ projectId: z.uuid(), ref: ProjectRef });

export const projectEvents = {
  "project.created": event({ summary: "A project began.", streams: ["org"], data: changed }),
  "project.updated": event({ summary: "Its settings changed.", streams: ["project"], data: changed }),
  "project.archived": event({ summary: "It is read-only now.", streams: ["project"], data: changed }),
  "project.unarchived": event({ summary: "Work goes on.", streams: ["project"], data: changed }),
  "project.deleted": event({ summary: "It is gone.", streams: ["project", "org"], data: projectGone }),
  "project.member_added": event({ summary: "Someone got a role here.", streams: ["project"], data: member }),
  "project.member_role_changed": event({ summary: "Someone's role here changed.", streams: ["project"], data: member }),
  "project.member_removed": event({
    summary: "Someone's role here was taken away.",
    streams: ["project"],
    data: z.strictObject({ userId: z.uuid() }),
  }),
};
