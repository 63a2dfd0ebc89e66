import { type CommandName, commands, commonErrors, type ErrorCode, errorCodes } from "./index.ts";
import { inputSchema, type JsonSchema, outputSchema, type Schemas, schemaRef, typeName } from "./print-schemas.ts";
import { answersBareData, joinsProject, pathFields, type Route, successStatus } from "./routes.ts";
import { scopeText } from "./scopes.ts";

export type Json = Record<string, unknown>;
type Spec = (typeof commands)[CommandName];

export const json = (schema: JsonSchema, example?: unknown): Json => ({
  "application/json": { schema, ...(example !== undefined && { example }) },
});
export const noun = (name: string): string => name.slice(0, name.indexOf("."));

/** Codes of one status share a response, named after them: `conflict.wip_exceeded`. */
function errorResponses(codes: readonly ErrorCode[]): Json {
  const names: Record<number, string> = {};
  for (const code of [...new Set(codes)].sort()) {
    const { status } = errorCodes[code];
    names[status] = names[status] === undefined ? code : `${names[status]}.${code}`;
  }
  return Object.fromEntries(
    Object.entries(names).map(([status, name]) => [status, { $ref: `#/components/responses/${name}` }]),
  );
}

const errorsOf = (spec: Spec, takesBody: boolean): ErrorCode[] => [
  ...commonErrors,
  ...spec.errors,
  ...(takesBody ? (["payload_too_large"] as const) : []),
];

function describe(name: CommandName, operationId: string): Json {
  const spec: Spec = commands[name];
  const events = spec.emits.length > 0 ? ` Writes ${spec.emits.map((type) => `\`${type}\``).join(", ")}.` : "";
  const keys = spec.access === "public" ? "" : ` API keys: ${scopeText(name)}.`;
  return {
    operationId,
    tags: [noun(name)],
    summary: spec.summary,
    description: `Command \`${name}\`, access \`${spec.access}\`.${keys}${events}`,
    "x-command": name,
    ...(spec.access === "public" && { security: [] }),
  };
}

const idempotencyKey = { $ref: "#/components/parameters/IdempotencyKey" };
const retryParameters = (spec: Spec): Json[] => (spec.kind === "mutation" ? [idempotencyKey] : []);

/** `POST /api/v1/commands/<name>`. */
export function commandOperation(name: CommandName): Json {
  const spec: Spec = commands[name];
  return {
    ...describe(name, `send${typeName(name)}`),
    parameters: retryParameters(spec),
    requestBody: { required: true, content: json(schemaRef(`${typeName(name)}Input`), spec.example) },
    responses: {
      [successStatus(name)]: { description: "Done.", content: json(schemaRef(`${typeName(name)}Ack`)) },
      ...errorResponses(errorsOf(spec, true)),
    },
  };
}

function pathParameters(route: Route, fields: Record<string, JsonSchema>): Json[] {
  const example: Json = commands[route.command].example;
  const slugs = joinsProject(route) ? String(example["project"]).split("/") : undefined;
  const slug = { type: "string", pattern: "^[a-z0-9-]{1,48}$" };
  return route.parameters.map((name) => {
    const joined = slugs && (name === "org" || name === "project");
    const shown = joined ? slugs[name === "org" ? 0 : 1] : example[name];
    return {
      name,
      in: "path",
      required: true,
      schema: joined ? slug : (fields[name] ?? {}),
      ...(shown !== undefined && { example: shown }),
    };
  });
}

/** What remains of the input beside the path; the fields of `patch` may stand in the body themselves. */
function remainingInput(
  route: Route,
  input: JsonSchema,
): { properties: Record<string, JsonSchema>; required: string[] } {
  const taken = [...pathFields(route), "commandId"];
  const { patch, ...properties } = input.properties ?? {};
  const remaining = Object.entries({ ...patch?.properties, ...properties }).filter(([name]) => !taken.includes(name));
  const required = (input.required ?? []).filter((name) => !taken.includes(name) && name !== "patch");
  return { properties: Object.fromEntries(remaining), required };
}

function remainingExample(route: Route): Json {
  const { patch, ...example }: Json = commands[route.command].example;
  const flat = { ...(patch as Json | undefined), ...example };
  return Object.fromEntries(Object.entries(flat).filter(([name]) => !pathFields(route).includes(name)));
}

function successOf(route: Route, schemas: Schemas): Json {
  const status = successStatus(route.command);
  const bare = answersBareData(route);
  if (bare && status === 204) return { 204: { description: "Done." } };
  const schema = bare ? outputSchema(schemas, route.command) : schemaRef(`${typeName(route.command)}Ack`);
  return { [status]: { description: "Done.", content: json(schema) } };
}

/** A resource route of the catalogue. */
export function routeOperation(route: Route, schemas: Schemas): Json {
  const spec: Spec = commands[route.command];
  const { properties, required } = remainingInput(route, inputSchema(schemas, route.command));
  const inQuery = route.method === "GET" || route.method === "DELETE";
  const query = Object.entries(inQuery ? properties : {}).map(([name, { description, ...schema }]) => ({
    name,
    in: "query",
    required: required.includes(name),
    ...(description && { description }),
    schema,
  }));
  const takesBody = !inQuery && Object.keys(properties).length > 0;
  const body = {
    type: "object",
    properties,
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
  return {
    ...describe(route.command, route.command.replace(".", "_")),
    parameters: [
      ...pathParameters(route, inputSchema(schemas, route.command).properties ?? {}),
      ...query,
      ...retryParameters(spec),
    ],
    ...(takesBody && {
      requestBody: { required: required.length > 0, content: json(body, remainingExample(route)) },
    }),
    responses: { ...successOf(route, schemas), ...errorResponses(errorsOf(spec, takesBody)) },
  };
}
