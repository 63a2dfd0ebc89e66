import type { Request } from "express";
import { z } from "zod";
import { type CommandName, commands } from "../../protocol/index.ts";
import { inputFields, joinsProject, type Route } from "../../protocol/routes.ts";
import { invalid } from "../kernel/errors.ts";

type Fields = Record<string, unknown>;
/** Which JSON types a field takes, itself or in its list. */
type Wanted = { types: ReadonlySet<string>; list: boolean };
type Shape = { type?: string | string[]; anyOf?: Shape[]; items?: Shape };

const typesIn = ({ type = [], anyOf = [], items }: Shape): string[] => [
  ...[type].flat(),
  ...anyOf.flatMap(typesIn),
  ...(items ? typesIn(items) : []),
];

function wantedFields(command: CommandName): Map<string, Wanted> {
  const { properties = {} } = z.toJSONSchema(commands[command].input, { io: "input" });
  return new Map(
    Object.entries(properties as Record<string, Shape>).map(([name, shape]) => [
      name,
      { types: new Set(typesIn(shape)), list: shape.type === "array" },
    ]),
  );
}

/** Paths and queries hold only text; the schema says what was meant. What does not fit is left for it to refuse. */
function fromText(text: string, types: ReadonlySet<string>): unknown {
  if (types.has("null") && text === "null") return null;
  if (types.has("boolean") && (text === "true" || text === "false")) return text === "true";
  const numeric = types.has("integer") || types.has("number");
  return numeric && /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text;
}

function readText(value: unknown, wanted: Wanted | undefined): unknown {
  if (!wanted) return value;
  if (Array.isArray(value)) return value.map((one) => fromText(String(one), wanted.types));
  const one = fromText(String(value), wanted.types);
  return wanted.list ? [one] : one;
}

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The body's fields; none without a body. */
export function readFields(req: Request): Fields {
  const body: unknown = req.body ?? {};
  if (!isFields(body)) throw invalid("body", "must be an object");
  return body;
}

/** Fields that the command does not have by itself are meant for its `patch`. */
function foldPatch(body: Fields, route: Route): Fields {
  const fields = inputFields(route.command);
  if (!fields.includes("patch")) return body;
  const { patch, ...rest } = body;
  const isOwn = ([name]: [string, unknown]) => fields.includes(name);
  const own = Object.fromEntries(Object.entries(rest).filter(isOwn));
  const loose = Object.entries(rest).filter((entry) => !isOwn(entry));
  if (patch === undefined && loose.length === 0 && route.method !== "PATCH") return body;
  if (patch !== undefined && !isFields(patch)) return body;
  return { ...own, patch: { ...patch, ...Object.fromEntries(loose) } };
}

/** A mutation's `Idempotency-Key` is its `commandId`. */
export function withCommandId(input: Fields, command: CommandName, req: Request): Fields {
  const key = req.get("idempotency-key");
  return key === undefined || commands[command].kind !== "mutation" ? input : { ...input, commandId: key };
}

function readPath(route: Route, req: Request, wanted: Map<string, Wanted>): Fields {
  const { org, project, ...others } = req.params;
  const named = joinsProject(route)
    ? { project: `${org}/${project}` }
    : { ...(org !== undefined && { org }), ...(project !== undefined && { project }) };
  const read = Object.entries(others).map(([name, text]) => [name, readText(text, wanted.get(name))]);
  return { ...named, ...Object.fromEntries(read) };
}

/** How requests of a route become the input of its command; the path wins over the body, the body over the query. */
export function createInputReader(route: Route): (req: Request) => Fields {
  const wanted = wantedFields(route.command);
  return (req) => {
    const query = Object.entries(req.query).map(([name, value]) => [name, readText(value, wanted.get(name))]);
    const body = foldPatch(readFields(req), route);
    const input = { ...Object.fromEntries(query), ...body, ...readPath(route, req, wanted) };
    return withCommandId(input, route.command, req);
  };
}
