import { z } from "zod";
import { exampleId, Id, Name, Nothing, OrgRef, page, paging, Time } from "./common.ts";
import { event, mutation, query } from "./define.ts";
import { PictureUrl } from "./profile.ts";

/** A service account of an organization; elsewhere it shows as a `UserRef` of kind `bot`. */
export const Bot = z.strictObject({
  id: z.uuid().describe("Also its `userId`, as for `project.setRole`."),
  name: z.string(),
  avatarUrl: z.string().nullable(),
  suspendedAt: Time.nullable(),
  createdAt: Time,
});
export type Bot = z.infer<typeof Bot>;

export const botCommands = {
  "bot.create": mutation({
    summary:
      "Make a service account: a member of this organization, and of no other, with project roles like everyone's. It acts with keys.",
    access: "org:admin",
    input: { org: OrgRef, name: Name },
    output: Bot,
    emits: ["bot.created"],
    http: "POST /orgs/{org}/bots",
    status: 201,
    example: { org: "acme", name: "Deployer" },
  }),
  "bot.list": query({
    summary: "The bots of an organization.",
    access: "org:admin",
    input: { org: OrgRef, ...paging },
    output: page(Bot),
    http: "GET /orgs/{org}/bots",
    example: { org: "acme" },
  }),
  "bot.update": mutation({
    summary: "Change name or picture; only the fields present.",
    access: "org:admin",
    input: {
      org: OrgRef,
      botId: Id,
      patch: z.strictObject({ name: Name.optional(), avatarUrl: PictureUrl.nullable().optional() }),
    },
    output: Bot,
    emits: ["bot.updated", "profile.updated"],
    http: "PATCH /orgs/{org}/bots/{botId}",
    example: { org: "acme", botId: exampleId, patch: { name: "Releaser" } },
  }),
  "bot.suspend": mutation({
    summary: "Refuse all keys of a bot and close its sockets, until `suspended: false`.",
    access: "org:admin",
    input: { org: OrgRef, botId: Id, suspended: z.boolean().default(true) },
    output: Bot,
    emits: ["bot.suspended", "bot.updated"],
    http: "POST /orgs/{org}/bots/{botId}/suspend",
    example: { org: "acme", botId: exampleId },
  }),
  "bot.delete": mutation({
    summary: "Remove a bot for ever, with its keys and roles. What it did stays, under its name.",
    access: "org:admin",
    input: { org: OrgRef, botId: Id },
    output: Nothing,
    emits: ["bot.deleted", "project.member_removed"],
    http: "DELETE /orgs/{org}/bots/{botId}",
    example: { org: "acme", botId: exampleId },
  }),
};

const whole = z.strictObject({ bot: Bot });

export const botEvents = {
  "bot.created": event({ summary: "A bot joined.", streams: ["org"], data: whole }),
  "bot.updated": event({ summary: "A bot was changed, or may act again.", streams: ["org"], data: whole }),
  "bot.suspended": event({ summary: "A bot may not act; its sockets are closed.", streams: ["org"], data: whole }),
  "bot.deleted": event({
    summary: "A bot is gone, with its keys and roles.",
    streams: ["org"],
    data: z.strictObject({ botId: z.uuid() }),
  }),
};
