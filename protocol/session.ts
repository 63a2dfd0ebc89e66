import { z } from "zod";
import { Email, exampleId, Id, Name, Nothing, OrgRef, page, paging, Slug, Time, UserRef } from "./common.ts";
import { action, event, keyScopes, mutation, orgRoles, query } from "./define.ts";

export const User = UserRef.extend({ email: z.string().nullable() });
export type User = z.infer<typeof User>;

/** 10 to 128 characters, no rules of composition (OWASP ASVS 5, 6.2). */
export const Password = z.string().min(10).max(128);
/** Sign-in takes what registration once took, and is bounded against long hashing. */
export const AnyPassword = z.string().min(1).max(128);
const RefreshToken = z.string().min(1).max(200);

export const Tokens = z.strictObject({
  accessToken: z.string(),
  refreshToken: z.string(),
  expiresInSeconds: z.int(),
  user: User,
});

export const Session = z.strictObject({
  user: User,
  sessionId: z.uuid(),
  expiresAt: Time.describe("End of the access token that was shown."),
});

export const OpenSession = z.strictObject({
  id: z.uuid(),
  method: z.enum(["password", "code"]).describe("How it was opened."),
  createdAt: Time,
  lastUsedAt: Time.describe("When its tokens were last issued; address and user agent are of then."),
  expiresAt: Time.describe("Its end, unless it is used before."),
  address: z.string().nullable(),
  userAgent: z.string().nullable(),
  current: z.boolean().describe("The one that asks."),
});
export type OpenSession = z.infer<typeof OpenSession>;

export const sessionCommands = {
  "auth.register": action({
    summary: "Make an account and sign in.",
    access: "public",
    input: { email: Email, password: Password, displayName: Name.optional() },
    output: Tokens,
    errors: ["conflict"],
    emits: [],
    http: "POST /auth/register",
    status: 201,
    example: { email: "ann@acme.example", password: "correct horse battery", displayName: "Ann" },
  }),
  "auth.login": action({
    summary: "Sign in by password.",
    access: "public",
    tries: "email",
    input: { email: Email, password: AnyPassword },
    output: Tokens,
    emits: [],
    http: "POST /auth/login",
    example: { email: "ann@acme.example", password: "correct horse battery" },
  }),
  "auth.requestOtp": action({
    summary:
      "Send a sign-in code by e-mail: six digits, good for ten minutes, once, and five tries; it replaces the one before. Answers the same whether or not there is an account.",
    access: "public",
    tries: "email",
    everyTry: true,
    input: { email: Email },
    output: Nothing,
    emits: [],
    http: "POST /auth/otp/request",
    status: 202,
    example: { email: "ann@acme.example" },
  }),
  "auth.verifyOtp": action({
    summary: "Sign in by the code that was sent.",
    access: "public",
    tries: "email",
    input: { email: Email, code: z.string().regex(/^\d{6}$/, "six digits") },
    output: Tokens,
    emits: [],
    http: "POST /auth/otp/verify",
    example: { email: "ann@acme.example", code: "314159" },
  }),
  "auth.refresh": action({
    summary: "Trade a refresh token for new tokens. Each works once; a second use ends the session.",
    access: "public",
    input: { refreshToken: RefreshToken },
    output: Tokens,
    emits: ["session.revoked"],
    http: "POST /auth/refresh",
    example: { refreshToken: "qf3...opaque" },
  }),
  "auth.logout": action({
    summary: "End the session of a refresh token, and its sockets. An unknown token is no error.",
    access: "public",
    input: { refreshToken: RefreshToken },
    output: Nothing,
    emits: ["session.revoked"],
    http: "POST /auth/logout",
    status: 204,
    example: { refreshToken: "qf3...opaque" },
  }),
  "auth.validate": query({
    summary: "Tell whose access token this is; `unauthenticated` when it is not valid now.",
    access: "public",
    input: { token: z.string().min(1).max(4096) },
    output: Session,
    http: "POST /auth/validate",
    example: { token: "eyJhbGciOi...jwt" },
  }),
  "auth.session": query({
    summary: "The user and session of the token in the Authorization header.",
    access: "any",
    input: {},
    output: Session,
    http: "GET /auth/session",
    example: {},
  }),
  "session.whoami": query({
    summary: "The user of this connection and the organizations with their roles.",
    access: "any",
    keyScope: "any",
    input: {},
    output: z.strictObject({
      user: User,
      orgs: z.array(z.strictObject({ id: z.uuid(), slug: Slug, name: z.string(), role: z.enum(orgRoles) })),
      scopes: z.array(z.enum(keyScopes)).nullable().describe("Of the API key in use; null for a signed-in person."),
      projects: z.array(z.string()).nullable().describe("The only ones that the API key is for; null for all."),
    }),
    http: "GET /session",
    example: {},
  }),
  "session.renew": query({
    summary: "Extend this socket with a fresh access token of the same user.",
    access: "any",
    connection: true,
    input: { token: z.string().min(1).max(4096) },
    output: z.strictObject({ expiresAt: Time }),
    example: { token: "eyJhbGciOi...jwt" },
  }),
  "session.list": query({
    summary: "Where you are signed in, newest first.",
    access: "any",
    input: { ...paging },
    output: page(OpenSession),
    http: "GET /sessions",
    example: {},
  }),
  "session.revoke": mutation({
    summary: "End one of your sessions: its tokens are refused and its sockets closed, everywhere.",
    access: "any",
    input: { sessionId: Id },
    output: Nothing,
    emits: ["session.revoked"],
    http: "DELETE /sessions/{sessionId}",
    example: { sessionId: exampleId },
  }),
  "session.revokeAll": mutation({
    summary: "End all your sessions, this one too unless it is kept. API keys stay.",
    access: "any",
    input: { keepCurrent: z.boolean().default(false) },
    output: z.strictObject({ revokedCount: z.int() }),
    emits: ["session.revoked"],
    http: "DELETE /sessions",
    example: { keepCurrent: true },
  }),
};

export const sessionEvents = {
  "session.revoked": event({
    summary: "A session ended, or all of them: the sockets are closed.",
    streams: ["user"],
    data: z.strictObject({
      sessionId: z.uuid().nullable().describe("null: everything that the user was signed in by, API keys too."),
      reason: z.enum(["logout", "reuse", "revoked", "password", "suspended"]),
    }),
  }),
  "access.granted": event({
    summary: "You may now see an organization or project.",
    streams: ["user"],
    data: z.strictObject({ org: OrgRef, project: z.string().optional(), role: z.string() }),
  }),
  "access.revoked": event({
    summary: "You may no longer see an organization or project.",
    streams: ["user"],
    data: z.strictObject({ org: OrgRef, project: z.string().optional() }),
  }),
};
