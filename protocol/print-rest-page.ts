import { type CommandName, commands, isCommandName } from "./index.ts";
import { article, block, code, facts, inline, link, page, type Section, table } from "./print-html.ts";
import { openapi } from "./print-openapi.ts";
import { commandEntries, type JsonSchema, makeSchemas, outputSchema, type Schemas } from "./print-schemas.ts";
import { typeText } from "./print-type.ts";
import { routes } from "./routes.ts";
import { scopeText } from "./scopes.ts";

/** Where the entities and the commands are told. */
const sockets = "/docs/socket";

type Field = {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema: JsonSchema;
  example?: unknown;
};
type Content = { "application/json"?: { schema: JsonSchema; example?: unknown } };
/** What the page takes of an operation of openapi.json. */
type Operation = {
  operationId: string;
  summary: string;
  tags: string[];
  parameters?: (Field | { $ref: string })[];
  requestBody?: { content: Content };
  responses: Record<string, { $ref?: string; content?: object }>;
};
type At = { method: string; path: string; command: CommandName | undefined; operation: Operation };

const isField = (parameter: Field | { $ref: string }): parameter is Field => "in" in parameter;
const fieldsOf = ({ parameters = [] }: Operation): Field[] => parameters.filter(isField);

function bodyFields({ requestBody }: Operation): Field[] {
  const { properties = {}, required = [] } = requestBody?.content["application/json"]?.schema ?? {};
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: "body",
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema,
  }));
}

function inputTable({ operation, method, path }: At): string {
  const fields = [...fieldsOf(operation), ...bodyFields(operation)];
  if (fields.length === 0) return "";
  const rows = fields.map(({ name, in: place, required, schema, description = schema.description ?? "" }) => ({
    cells: [code(name), place, inline(typeText(schema), sockets), required ? "yes" : "no", inline(description)],
  }));
  return table(`Input of ${method} ${path}`, ["Field", "In", "Type", "Required", "Description"], rows);
}

/** A request as it goes over the wire. */
function request({ method, path, command, operation }: At): string {
  const filled = fieldsOf(operation).reduce(
    (text, field) => text.replace(`{${field.name}}`, encodeURIComponent(String(field.example ?? field.name))),
    path,
  );
  const isPublic = command === undefined || commands[command].access === "public";
  const body = operation.requestBody?.content["application/json"]?.example;
  return [
    `${method} ${filled}`,
    ...(isPublic ? [] : ["Authorization: Bearer <token>"]),
    ...(body === undefined ? [] : ["Content-Type: application/json", "", JSON.stringify(body)]),
  ].join("\n");
}

/** The codes of a status, which its response is named after. */
function statuses({ responses }: Operation): string {
  const texts = Object.entries(responses).map(([status, { $ref }]) => {
    const codes = $ref?.slice($ref.lastIndexOf("/") + 1).split(".") ?? [];
    return [status, ...codes.map((name) => link(`${sockets}#error-${name}`, name))].join(" ");
  });
  return texts.join(", ");
}

function operationArticle(at: At, schemas: Schemas): string {
  const { method, path, command, operation } = at;
  const spec = command && commands[command];
  const title = `${code(method)} ${code(path)}`;
  return article(command ?? operation.operationId, title, [
    `<p>${inline(operation.summary)}</p>`,
    facts({
      Command: command ? link(`${sockets}#${command}`, command) : "",
      Access: spec ? code(spec.access) : "",
      "API keys": command ? inline(scopeText(command)) : "",
      Data: command ? inline(typeText(outputSchema(schemas, command)), sockets) : "",
      Statuses: statuses(operation),
    }),
    inputTable(at),
    block(request(at)),
  ]);
}

const byNamePath = "/api/v1/commands/";

function readOperations(version: string): At[] {
  const paths = openapi(version)["paths"] as Record<string, Record<string, Operation>>;
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const name = Object.entries(operation).find(([key]) => key === "x-command")?.[1];
      const command = typeof name === "string" && isCommandName(name) ? name : undefined;
      return { method: method.toUpperCase(), path, command, operation };
    }),
  );
}

function tagSection(tag: string, operations: At[], schemas: Schemas): Section {
  return {
    id: `routes-${tag}`,
    title: tag,
    parts: operations.map((at) => operationArticle(at, schemas)),
    links: operations.map(({ method, path, command, operation }) => ({
      href: `#${command ?? operation.operationId}`,
      text: `${method} ${path.replace("/api/v1", "").replace("/orgs/{org}/projects/{project}", "…")}`,
    })),
  };
}

function byNameSection(operations: At[]): Section {
  const routed = new Set(routes.map(({ command }) => command));
  const rows = operations.flatMap(({ path, command, operation }) =>
    command === undefined
      ? []
      : [
          {
            id: `send-${command}`,
            cells: [
              code(`POST ${path}`),
              link(`${sockets}#${command}`, command),
              inline(operation.summary),
              routed.has(command) ? link(`#${command}`, "route") : "",
            ],
          },
        ],
  );
  return {
    id: "by-name",
    title: "Every command by its name",
    parts: [
      "<p>With the input as JSON body, the same as over a socket, and the same answer.</p>",
      table("Commands by name", ["Request", "Command", "What it does", "Route"], rows),
    ],
    links: [],
  };
}

const intro = [
  "Every command of the socket over HTTP: by its name, or by a route of its own. The path fills the fields of its name (<code>{org}/{project}</code> the field <code>project</code>); the rest of the input stands in the JSON body, or in the query of GET and DELETE. The fields of a <code>patch</code> may stand in the body themselves.",
  "Send <code>Authorization: Bearer</code> with an access token or an API key. Answers: <code>{ ok: true, data, stream?, seq?, replayed?, requestId }</code> or <code>{ ok: false, error, requestId }</code>; the routes of <code>auth</code> answer bare <code>data</code>. Each answer carries <code>X-Request-Id</code>.",
  "A mutation takes the header <code>Idempotency-Key</code>, a UUID made by the client: the same key with the same input is applied once and answered the same again.",
];

/** Every route of the HTTP door, as a page. */
export function restPage(version: string): string {
  const schemas = makeSchemas("draft-2020-12");
  const operations = readOperations(version);
  const isByName = ({ path }: At): boolean => path.startsWith(byNamePath);
  const resources = operations.filter((at) => !isByName(at));
  const tags = [...new Set([...commandEntries.map(([name]) => name.slice(0, name.indexOf("."))), "server"])];
  const sections = tags.flatMap((tag) => {
    const own = resources.filter(({ operation }) => operation.tags.includes(tag));
    return own.length === 0 ? [] : [tagSection(tag, own, schemas)];
  });
  return page({
    title: "Rhythm over HTTP",
    path: "/docs/rest",
    intro,
    sections: [...sections, byNameSection(operations.filter(isByName))],
  });
}
