import { z } from "zod";
import { Name, Nothing, UserRef } from "./common.ts";
import { event, mutation } from "./define.ts";
import { AnyPassword, Password, User } from "./session.ts";

export const PictureUrl = z
  .url({ protocol: /^https$/, error: "an https:// address" })
  .startsWith("https://")
  .max(2000);

export const profileCommands = {
  "profile.update": mutation({
    summary: "Change your name or picture; only the fields present. A picture is an https address, or null for none.",
    access: "any",
    input: { displayName: Name.optional(), avatarUrl: PictureUrl.nullable().optional() },
    output: User,
    emits: ["profile.updated"],
    http: "PATCH /profile",
    example: { displayName: "Ann of Acme" },
  }),
  "profile.setPassword": mutation({
    summary:
      "Choose a new password, and end all your other sessions. The old one may be left out where there is none yet, and for ten minutes after signing in by a code.",
    access: "any",
    tries: "own",
    input: { old: AnyPassword.optional(), new: Password },
    secret: true,
    output: Nothing,
    emits: ["session.revoked"],
    http: "PUT /profile/password",
    example: { old: "correct horse battery", new: "a better horse battery" },
  }),
};

export const profileEvents = {
  "profile.updated": event({
    summary:
      "Someone of these organizations and projects has another name or picture: change it wherever they are shown.",
    streams: ["user", "org", "project"],
    data: z.strictObject({ user: UserRef }),
  }),
};
