import { z } from "zod";
import { exampleId, Id, Name, Nothing, ProjectRef, page, paging, Time } from "./common.ts";
import { event, keyScopes, mutation, query } from "./define.ts";

const DAY_SECONDS = 24 * 60 * 60;

export const Key = z.strictObject({
  id: z.uuid(),
  botId: z.uuid().nullable().describe("null for a key of your own."),
  label: z.string(),
  prefix: z.string().describe("The first characters of the secret."),
  scopes: z.array(z.enum(keyScopes)),
  projects: z.array(ProjectRef).nullable().describe("The only ones that it sees; null for all of its owner's."),
  createdAt: Time,
  expiresAt: Time.nullable(),
  previousExpiresAt: Time.nullable().describe("How long the secret before the last rotation is good."),
  lastUsedAt: Time.nullable().describe("To within a minute."),
});
export type Key = z.infer<typeof Key>;

const NewKey = Key.extend({
  secret: z
    .string()
    .nullable()
    .describe(
      "The key itself. Only here, and null in a replay of the same `commandId`: it is not kept; rotate instead.",
    ),
});

const botId = Id.optional().describe("A bot of an organization that you administer; otherwise it is about yourself.");
const Label = Name;
const scopes = z
  .array(z.enum(keyScopes))
  .min(1)
  .max(keyScopes.length)
  .default(["read", "write"])
  .describe(
    "`read`: queries and subscriptions. `write`: also changes up to those of a project's developer. `admin`: all that the owner's roles allow.",
  );

export const keyCommands = {
  "key.create": mutation({
    summary:
      "Make an API key for yourself (that needs a session, not a key) or for a bot. The secret is shown this once, and may be used like an access token.",
    access: "any",
    input: {
      botId,
      label: Label,
      scopes,
      projects: z.array(ProjectRef).min(1).max(50).optional().describe("All others are `not_found` to this key."),
      expiresAt: Time.optional(),
    },
    output: NewKey,
    emits: ["key.created"],
    http: "POST /keys",
    status: 201,
    example: { botId: exampleId, label: "CI", scopes: ["read", "write"] },
  }),
  "key.list": query({
    summary: "Your keys or those of a bot, without their secrets; newest first.",
    access: "any",
    input: { botId, ...paging },
    output: page(Key),
    http: "GET /keys",
    example: { botId: exampleId },
  }),
  "key.rename": mutation({
    summary: "Change the label of a key.",
    access: "any",
    input: { keyId: Id, label: Label },
    output: Key,
    emits: ["key.updated"],
    http: "PATCH /keys/{keyId}",
    example: { keyId: exampleId, label: "CI, main branch" },
  }),
  "key.rotate": mutation({
    summary: "Replace the secret of a key. The one before it stays good for the overlap; any older one ends now.",
    access: "any",
    input: {
      keyId: Id,
      overlapSeconds: z
        .int()
        .min(0)
        .max(7 * DAY_SECONDS)
        .default(0),
    },
    output: NewKey,
    emits: ["key.rotated"],
    http: "POST /keys/{keyId}/rotate",
    example: { keyId: exampleId, overlapSeconds: 3600 },
  }),
  "key.revoke": mutation({
    summary: "End a key for ever, and close its sockets.",
    access: "any",
    input: { keyId: Id },
    output: Nothing,
    emits: ["key.revoked"],
    http: "DELETE /keys/{keyId}",
    example: { keyId: exampleId },
  }),
};

const whole = z.strictObject({ key: Key.omit({ prefix: true, lastUsedAt: true }) });
export type EventKey = z.infer<typeof whole>["key"];

/** Of bots in their organization's stream, of people in their own. */
const streams = ["org", "user"] as const;

export const keyEvents = {
  "key.created": event({ summary: "Someone or a bot has a new key.", streams, data: whole }),
  "key.updated": event({ summary: "A key has another label.", streams, data: whole }),
  "key.rotated": event({ summary: "A key has a new secret.", streams, data: whole }),
  "key.revoked": event({
    summary: "A key ended: its sockets are closed.",
    streams,
    data: z.strictObject({ keyId: z.uuid(), botId: z.uuid().nullable(), label: z.string() }),
  }),
};
