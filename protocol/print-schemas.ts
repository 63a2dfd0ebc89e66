import { z } from "zod";
import * as protocol from "./index.ts";
import { type CommandName, commands, events, pushes, WireError, WireEvent } from "./index.ts";

export type JsonSchema = {
  $ref?: string;
  type?: string | string[];
  description?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  default?: unknown;
  [keyword: string]: unknown;
};
export type Schemas = Record<string, JsonSchema>;
/** OpenAPI 3.1 speaks the newer dialect, AsyncAPI 3.0 the older one. */
export type Dialect = "draft-2020-12" | "draft-07";

export const schemaRef = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

/** Name of a type made from a wire name: `issue.status_changed` becomes `IssueStatusChanged`. */
export const typeName = (wireName: string): string =>
  wireName
    .split(/[._]/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join("");

export const commandEntries = Object.entries(commands) as [CommandName, (typeof commands)[CommandName]][];

const Failure = z.strictObject({ ok: z.literal(false), error: WireError, requestId: z.string() });

function ackOf(spec: (typeof commands)[CommandName]): z.ZodObject {
  const answer = z.strictObject({ ok: z.literal(true), data: spec.output, requestId: z.string() });
  if (spec.kind === "query") return answer;
  return answer.extend({
    stream: protocol.StreamId.optional().describe("Where the command's events went."),
    seq: z.int().min(0).optional().describe("The last event that this command wrote."),
    replayed: z.literal(true).optional().describe("It had been applied before; this is the first answer again."),
  });
}

const isEntity = (value: unknown): value is z.ZodObject | z.ZodEnum =>
  value instanceof z.ZodObject || value instanceof z.ZodEnum;

/** What protocol/index.ts exports by name is a shared component of the documents. */
const entities = Object.fromEntries(
  Object.entries(protocol).flatMap(([name, value]) => (isEntity(value) ? [[name, value]] : [])),
);

const inputs = (): Record<string, z.ZodType> =>
  Object.fromEntries(commandEntries.map(([name, spec]) => [`${typeName(name)}Input`, spec.input]));

const outputs = (): Record<string, z.ZodType> => ({
  Failure,
  ...Object.fromEntries(commandEntries.map(([name, spec]) => [`${typeName(name)}Ack`, ackOf(spec)])),
  ...Object.fromEntries(
    Object.entries(events).map(([type, { data }]) => [
      `${typeName(type)}Event`,
      WireEvent.extend({ type: z.literal(type), data }),
    ]),
  ),
  ...Object.fromEntries(Object.entries(pushes).map(([name, { data }]) => [`${typeName(name)}Push`, data])),
});

/** Leaves out what tells readers nothing: patterns beside a format, the bounds of safe integers. */
function trim(schema: JsonSchema): void {
  if (schema.format !== undefined) delete schema["pattern"];
  if (schema["minimum"] === Number.MIN_SAFE_INTEGER) delete schema["minimum"];
  if (schema["maximum"] === Number.MAX_SAFE_INTEGER) delete schema["maximum"];
}

function convert(named: Record<string, z.ZodType>, io: "input" | "output", target: Dialect): Schemas {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, {
    io,
    target,
    uri: (id) => `#/components/schemas/${id}`,
    override: ({ jsonSchema }) => {
      trim(jsonSchema as JsonSchema);
      // Answers may grow new fields, so that clients must not refuse them.
      if (io === "output" && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([name, { $id, $schema, ...schema }]) => [name, schema as JsonSchema]),
  );
}

/** Every shared entity, `<Command>Input`, `<Command>Ack`, `<Event>Event`, `<Push>Push`, and `Failure`. */
export const makeSchemas = (dialect: Dialect): Schemas => ({
  ...convert({ ...entities, ...inputs() }, "input", dialect),
  ...convert({ ...entities, ...outputs() }, "output", dialect),
});

/** The JSON schema of a command's input. */
export const inputSchema = (schemas: Schemas, name: CommandName): JsonSchema => schemas[`${typeName(name)}Input`] ?? {};

/** The JSON schema of what a command answers in `data`. */
export const outputSchema = (schemas: Schemas, name: CommandName): JsonSchema =>
  schemas[`${typeName(name)}Ack`]?.properties?.["data"] ?? {};

const refsIn = (value: unknown): string[] =>
  [...JSON.stringify(value).matchAll(/"#\/components\/schemas\/(\w+)"/g)].flatMap(([, name]) => name ?? []);

/** The schemas that `document` needs, directly or through others, by name. */
export function usedSchemas(schemas: Schemas, document: object): Schemas {
  const used = new Set<string>();
  const visit = (value: unknown) => {
    for (const name of refsIn(value)) {
      if (used.has(name)) continue;
      used.add(name);
      visit(schemas[name]);
    }
  };
  visit(document);
  return Object.fromEntries([...used].sort().map((name) => [name, schemas[name] ?? {}]));
}
