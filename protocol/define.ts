import { z } from "zod";
import type { ErrorCode } from "./errors.ts";

export const orgRoles = ["member", "admin", "owner"] as const;
export const projectRoles = ["viewer", "reporter", "developer", "admin"] as const;
/** From the weakest: each includes those before it. */
export const keyScopes = ["read", "write", "admin"] as const;
export type OrgRole = (typeof orgRoles)[number];
export type ProjectRole = (typeof projectRoles)[number];
export type KeyScope = (typeof keyScopes)[number];

/**
 * Who may send a command: `public` needs no login (HTTP only), `any` a login, `stream` the right to subscribe to the
 * stream that the input names; `script` the administration of where the script that it names is, or is to be: a project, or
 * a whole organization; a role means that role or a higher one, in the org or project that the input names.
 */
export type Access = "public" | "any" | "stream" | "script" | `org:${OrgRole}` | `project:${ProjectRole}`;

type Shape = Record<string, z.ZodType>;
/** What the access rule needs in the input, so that a rule without its subject does not compile. */
type Subject<A extends Access> = A extends `org:${string}`
  ? { org: z.ZodType<string> }
  : A extends `project:${string}`
    ? { project: z.ZodType<string> }
    : A extends "stream"
      ? { stream: z.ZodType<string> }
      : A extends "script"
        ? { project: z.ZodType<string | undefined>; org: z.ZodType<string | undefined> }
        : unknown;

/** Method and path below `/api/v1`; `{names}` fill input fields of the same name, `{org}/{project}` also `project`. */
export type HttpRoute = `${"GET" | "POST" | "PUT" | "PATCH" | "DELETE"} /${string}`;

type Common<A extends Access, S extends Shape, O extends z.ZodType> = {
  /** One sentence for the documents. */
  summary: string;
  access: A;
  input: S & Subject<A>;
  output: O;
  /** Beyond the common ones of errors.ts. */
  errors?: readonly ErrorCode[];
  http?: HttpRoute;
  /** Most bytes of an HTTP body, 64 KiB unless set; sockets take packets of 64 KiB. */
  bodyBytes?: number;
  /** HTTP status of success, 200 unless set. */
  status?: 200 | 201 | 202 | 204;
  /** Allowed in an archived project. */
  whenArchived?: true;
  /** The input holds secrets. */
  secret?: true;
  /** What an API key needs to send it, where that is not what scopes.ts makes of it; `any`: every key may. */
  keyScope?: KeyScope | "any";
  /** It tries a secret: of the account that its field `email` names, or the caller's own. Failures are limited. */
  tries?: "email" | "own";
  /** Successes are limited too, since each sends an e-mail. */
  everyTry?: true;
  /** Neither counted nor refused when the plan is used up. */
  unmetered?: true;
  /** Needs a socket: it changes what this connection receives. */
  connection?: true;
  /** An input that parses; shown in the documents. */
  example: z.input<z.ZodObject<S>>;
};

const commandId = z
  .uuid()
  .optional()
  .describe("Made by the client: the same id and input are applied once, and answered the same again.");

/** A command that changes nothing. */
export function query<const A extends Access, const S extends Shape, O extends z.ZodType>(spec: Common<A, S, O>) {
  return {
    ...spec,
    errors: spec.errors ?? [],
    input: z.strictObject(spec.input as S),
    kind: "query" as const,
    emits: [] as readonly string[],
  };
}

/** A command that changes something: takes a `commandId`, writes the events that it names. */
export function mutation<const A extends Access, const S extends Shape, O extends z.ZodType, const E extends string>(
  spec: Common<A, S, O> & { emits: readonly E[] },
) {
  return {
    ...spec,
    errors: ["conflict", ...(spec.errors ?? [])] as readonly ErrorCode[],
    input: z.strictObject({ ...(spec.input as S), commandId }),
    kind: "mutation" as const,
  };
}

/** Signs in or out: changes something, but takes no `commandId`, since its answer holds secrets and is not kept. */
export function action<const A extends Access, const S extends Shape, O extends z.ZodType, const E extends string>(
  spec: Common<A, S, O> & { emits: readonly E[] },
) {
  return { ...spec, errors: spec.errors ?? [], input: z.strictObject(spec.input as S), kind: "action" as const };
}

export type StreamKind = "project" | "org" | "user";

/** Something that happened: a row in the log of each stream kind named, pushed to its subscribers. */
export function event<const K extends StreamKind, D extends z.ZodType>(spec: {
  summary: string;
  streams: readonly K[];
  data: D;
}) {
  return spec;
}
