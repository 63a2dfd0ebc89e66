import { type CommandName, commands, commonErrors, errorCodes, events, pushes } from "./index.ts";
import { entityLines, inputLines } from "./print-fields.ts";
import {
  commandEntries,
  inputSchema,
  type JsonSchema,
  makeSchemas,
  outputSchema,
  type Schemas,
  typeName,
  usedSchemas,
} from "./print-schemas.ts";
import { typeText } from "./print-type.ts";
import { successStatus } from "./routes.ts";
import { scopeText } from "./scopes.ts";

export type Spec = (typeof commands)[CommandName];

const code = (text: string): string => `\`${text}\``;
const list = (names: readonly string[]): string => names.map(code).join(", ");
const noun = (name: string): string => name.slice(0, name.indexOf("."));
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const row = (...cells: string[]): string => `| ${cells.map(cell).join(" | ")} |`;

function table(heads: string[], rows: string[]): string {
  return [row(...heads), row(...heads.map(() => "---")), ...rows].join("\n");
}

const inputRows = (schema: JsonSchema): string[] =>
  inputLines(schema).map(({ name, type, required, description }) => row(code(name), type, required, description));

function entitySection(name: string, schema: JsonSchema): string {
  const lines = [`### ${name}`];
  if (schema.description) lines.push(schema.description);
  if (schema.enum) return [...lines, typeText(schema)].join("\n\n");
  const rows = entityLines(schema).map(({ name: field, type, description }) => row(code(field), type, description));
  return [...lines, rows.length > 0 ? table(["Field", "Type", "Description"], rows) : "No fields."].join("\n\n");
}

export const kinds = { query: "Query", mutation: "Mutation", action: "Action" };
const httpText = (http: string, status: number): string => `${code(http.replace(" ", " /api/v1"))}, ${status}`;

/** What else is to know of who may send it, and how. */
export function limits(spec: Spec): string {
  if (spec.access === "public") return ", HTTP only";
  const socketsOnly = "connection" in spec ? ", sockets only" : "";
  return "whenArchived" in spec ? `${socketsOnly}, in archived projects too` : socketsOnly;
}

function commandSection(name: CommandName, schemas: Schemas): string {
  const spec: Spec = commands[name];
  const rows = inputRows(inputSchema(schemas, name));
  const facts = [
    `- ${kinds[spec.kind]}; access ${code(spec.access)}${limits(spec)}`,
    spec.access === "public" ? "" : `- API keys: ${scopeText(name)}`,
    "http" in spec ? `- HTTP: ${httpText(spec.http, successStatus(name))}` : "",
    `- Answers: ${typeText(outputSchema(schemas, name))}`,
    spec.errors.length > 0 ? `- Errors beyond the common ones: ${list(spec.errors)}` : "",
    spec.emits.length > 0 ? `- Writes: ${list(spec.emits)}` : "",
  ];
  return [
    `### ${name}`,
    spec.summary,
    facts.filter(Boolean).join("\n"),
    rows.length > 0 ? table(["Field", "Type", "Required", "Description"], rows) : "No input.",
    ["```json", JSON.stringify(spec.example), "```"].join("\n"),
  ].join("\n\n");
}

const eventRow = (type: string, spec: (typeof events)[keyof typeof events], schemas: Schemas): string =>
  row(
    code(type),
    spec.streams.join(", "),
    spec.summary,
    typeText(schemas[`${typeName(type)}Event`]?.properties?.["data"] ?? {}),
  );

const pushRow = (name: string, summary: string, schemas: Schemas): string =>
  row(code(name), summary, typeText(schemas[`${typeName(name)}Push`] ?? {}));

const errorRows = Object.entries(errorCodes).map(([name, { status, retry, summary }]) =>
  row(code(name), String(status), retry ? "yes" : "no", summary),
);

const intro = `# Protocol

Generated from this folder by \`npm run generate\`; do not edit. The same for tools: \`openapi.json\` (HTTP), \`asyncapi.json\` (sockets).

Over a socket: \`socket.emit("<noun>.<verb>", input, ack)\` in the Socket.IO namespace \`/\`, with \`auth: { token }\`. Over HTTP: \`POST /api/v1/commands/<noun>.<verb>\` with the input as JSON body and \`Authorization: Bearer <token>\`, or the route that a command names, where the path fills the fields of its name (\`{org}/{project}\` the field \`project\`), and the rest of the input stands in the body, or in the query of GET and DELETE. There the fields of a \`patch\` may stand in the body themselves.

Answers: \`{ ok: true, data, stream?, seq?, replayed?, requestId }\` or \`{ ok: false, error, requestId }\`; the HTTP routes of \`auth.*\` answer bare \`data\`.

A mutation also takes \`commandId\`, a UUID made by the client (over HTTP: \`Idempotency-Key\`): the same id with the same input is applied once and answered the same again, with \`replayed: true\`.

A query changes nothing, a mutation writes events, an action signs in or out. Access: \`public\` needs no login, \`any\` a login, \`stream\` the right to hear the stream; else the lowest role: \`member < admin < owner\` of an organization, \`viewer < reporter < developer < admin\` of a project.`;

/** The readable reference of the whole protocol, in Markdown. */
export function reference(): string {
  const schemas = makeSchemas("draft-2020-12");
  const nouns = [...new Set(commandEntries.map(([name]) => noun(name)))];
  const commandSections = nouns.flatMap((group) => [
    `## Commands: ${group}`,
    ...commandEntries.filter(([name]) => noun(name) === group).map(([name]) => commandSection(name, schemas)),
  ]);
  const eventRows = Object.entries(events).map(([type, spec]) => eventRow(type, spec, schemas));
  const pushRows = Object.entries(pushes).map(([name, { summary }]) => pushRow(name, summary, schemas));
  return `${[
    intro,
    "## Errors",
    `Any command can answer with ${list(commonErrors)}.`,
    table(["Code", "HTTP", "Retry", "Meaning"], errorRows),
    ...commandSections,
    "## Events",
    "Rows of a stream's log, pushed in `events`: `{ seq, type, at, actor, cause?, data }`.",
    table(["Type", "Stream", "Meaning", "Data"], eventRows),
    "## Pushes",
    "What the server sends by itself, by Socket.IO event name.",
    table(["Name", "Meaning", "Data"], pushRows),
    "## Entities",
    ...Object.entries(usedSchemas(schemas, Object.values(schemas))).map(([name, schema]) =>
      entitySection(name, schema),
    ),
  ].join("\n\n")}\n`;
}
