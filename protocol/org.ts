import { z } from "zod";
import { Email, exampleId, Id, Name, Nothing, OrgRef, page, paging, Slug, Time, UserRef } from "./common.ts";
import { event, mutation, orgRoles, query } from "./define.ts";
import { Plan } from "./plan.ts";
import { Usage } from "./usage.ts";

export const Org = z.strictObject({
  id: z.uuid(),
  slug: Slug,
  name: z.string(),
  description: z.string(),
  createdAt: Time,
  updatedAt: Time,
});
export type Org = z.infer<typeof Org>;
export const OrgWithRole = Org.extend({ role: z.enum(orgRoles).describe("Yours.") });

export const Member = z.strictObject({
  user: UserRef,
  email: z.string().nullable(),
  role: z.enum(orgRoles),
  joinedAt: Time,
});
export type Member = z.infer<typeof Member>;
const EventMember = Member.omit({ email: true });

const description = z.string().max(5000);

export const orgCommands = {
  "org.create": mutation({
    summary: "Make an organization; you become its owner.",
    access: "any",
    input: { name: Name, slug: Slug.optional(), description: description.optional() },
    output: OrgWithRole,
    emits: ["org.created"],
    http: "POST /orgs",
    status: 201,
    example: { name: "Acme" },
  }),
  "org.list": query({
    summary: "The organizations that you belong to.",
    access: "any",
    input: { ...paging },
    output: page(OrgWithRole),
    http: "GET /orgs",
    example: {},
  }),
  "org.get": query({
    summary: "One organization.",
    access: "org:member",
    input: { org: OrgRef },
    output: OrgWithRole,
    http: "GET /orgs/{org}",
    example: { org: "acme" },
  }),
  "org.overview": query({
    summary: "How an organization stands: its plan, what it used today, how many belong to it.",
    access: "org:member",
    unmetered: true,
    input: { org: OrgRef },
    output: z.strictObject({
      plan: Plan,
      usage: Usage,
      members: z.int().describe("Bots too: they count for the plan."),
      projects: z.int(),
      bots: z.int(),
      failingScripts: z
        .array(z.strictObject({ scriptId: z.uuid(), name: z.string() }))
        .describe("Scripts whose last run failed, by name; at most 100."),
    }),
    http: "GET /orgs/{org}/overview",
    example: { org: "acme" },
  }),
  "org.update": mutation({
    summary: "Change name, slug or description; only the fields present.",
    access: "org:admin",
    input: {
      org: OrgRef,
      patch: z.strictObject({ name: Name.optional(), slug: Slug.optional(), description: description.optional() }),
    },
    output: OrgWithRole,
    emits: ["org.updated"],
    http: "PATCH /orgs/{org}",
    example: { org: "acme", patch: { name: "Acme Ltd" } },
  }),
  "org.delete": mutation({
    summary: "Delete an organization with all its projects, for ever.",
    access: "org:owner",
    input: { org: OrgRef },
    output: Nothing,
    emits: ["org.deleted"],
    http: "DELETE /orgs/{org}",
    example: { org: "acme" },
  }),
  "org.transfer": mutation({
    summary: "Make a member the owner; you become an admin.",
    access: "org:owner",
    input: { org: OrgRef, userId: Id },
    output: OrgWithRole,
    emits: ["org.owner_changed"],
    http: "POST /orgs/{org}/transfer",
    example: { org: "acme", userId: exampleId },
  }),
  "member.list": query({
    summary: "The members of an organization.",
    access: "org:member",
    input: { org: OrgRef, ...paging },
    output: page(Member),
    http: "GET /orgs/{org}/members",
    example: { org: "acme" },
  }),
  "member.add": mutation({
    summary: "Add a registered user by e-mail or id. Only an owner adds owners.",
    access: "org:admin",
    input: {
      org: OrgRef,
      email: Email.optional(),
      userId: Id.optional(),
      role: z.enum(orgRoles).default("member"),
    },
    output: Member,
    emits: ["member.added", "access.granted"],
    http: "POST /orgs/{org}/members",
    status: 201,
    example: { org: "acme", email: "bob@acme.example", role: "member" },
  }),
  "member.setRole": mutation({
    summary: "Change a member's role. Only an owner makes or unmakes owners; one owner always remains.",
    access: "org:admin",
    input: { org: OrgRef, userId: Id, role: z.enum(orgRoles) },
    output: Member,
    emits: ["member.role_changed"],
    http: "PATCH /orgs/{org}/members/{userId}",
    example: { org: "acme", userId: exampleId, role: "admin" },
  }),
  "member.remove": mutation({
    summary: "Remove a member, from its projects too. Anyone may leave; one owner always remains.",
    access: "org:member",
    input: { org: OrgRef, userId: Id },
    output: Nothing,
    emits: ["member.removed", "project.member_removed", "access.revoked"],
    http: "DELETE /orgs/{org}/members/{userId}",
    example: { org: "acme", userId: exampleId },
  }),
};

export const orgEvents = {
  "org.created": event({ summary: "An organization began.", streams: ["org"], data: z.strictObject({ org: Org }) }),
  "org.updated": event({ summary: "Its settings changed.", streams: ["org"], data: z.strictObject({ org: Org }) }),
  "org.deleted": event({
    summary: "It is gone, with its projects.",
    streams: ["org"],
    data: z.strictObject({ orgId: z.uuid() }),
  }),
  "org.owner_changed": event({
    summary: "Ownership was handed over.",
    streams: ["org"],
    data: z.strictObject({ fromUserId: z.uuid(), toUserId: z.uuid() }),
  }),
  "member.added": event({
    summary: "Someone joined.",
    streams: ["org"],
    data: z.strictObject({ member: EventMember }),
  }),
  "member.role_changed": event({
    summary: "A member has another role.",
    streams: ["org"],
    data: z.strictObject({ member: EventMember }),
  }),
  "member.removed": event({
    summary: "Someone left or was removed.",
    streams: ["org"],
    data: z.strictObject({ userId: z.uuid() }),
  }),
};
