import { type CommandName, commands, commonErrors, errorCodes, events, pushes } from "./index.ts";
import { entityLines, inputLines } from "./print-fields.ts";
import { article, block, code, facts, inline, link, page, type Section, table } from "./print-html.ts";
import { kinds, limits, type Spec } from "./print-reference.ts";
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
import { scopeText } from "./scopes.ts";

const noun = (name: string): string => name.slice(0, name.indexOf("."));
const links = (names: readonly string[], prefix = ""): string =>
  names.map((name) => link(`#${prefix}${name}`, name)).join(", ");
/** Contents of a section: its names, which are anchors too. */
const toLinks = (names: readonly string[]) => names.map((name) => ({ href: `#${name}`, text: name }));

function inputTable(name: CommandName, schemas: Schemas): string {
  const lines = inputLines(inputSchema(schemas, name));
  if (lines.length === 0) return "<p>No input.</p>";
  const rows = lines.map(({ name: field, type, required, description }) => ({
    cells: [code(field), inline(type), inline(required), inline(description)],
  }));
  return table(`Input of ${name}`, ["Field", "Type", "Required", "Description"], rows);
}

function commandArticle(name: CommandName, schemas: Schemas): string {
  const spec: Spec = commands[name];
  return article(name, code(name), [
    `<p>${inline(spec.summary)}</p>`,
    facts({
      Kind: kinds[spec.kind],
      Access: code(spec.access) + limits(spec),
      "API keys": inline(scopeText(name)),
      HTTP: "http" in spec ? link(`/docs/rest#${name}`, spec.http.replace(" ", " /api/v1")) : "",
      Answers: inline(typeText(outputSchema(schemas, name))),
      Errors: links(spec.errors, "error-"),
      Events: links(spec.emits),
    }),
    inputTable(name, schemas),
    block(
      spec.access === "public"
        ? JSON.stringify(spec.example)
        : `socket.emit("${name}", ${JSON.stringify(spec.example)}, ack)`,
    ),
  ]);
}

function commandSection(group: string, schemas: Schemas): Section {
  const names = commandEntries.map(([name]) => name).filter((name) => noun(name) === group);
  return {
    id: `commands-${group}`,
    title: `Commands: ${group}`,
    parts: names.map((name) => commandArticle(name, schemas)),
    links: toLinks(names),
  };
}

const errorSection: Section = {
  id: "errors",
  title: "Errors",
  parts: [
    `<p>Any command can answer with ${links(commonErrors, "error-")}.</p>`,
    table(
      "Errors",
      ["Code", "HTTP", "Retry", "Meaning"],
      Object.entries(errorCodes).map(([name, { status, retry, summary }]) => ({
        id: `error-${name}`,
        cells: [code(name), String(status), retry ? "yes" : "no", inline(summary)],
      })),
    ),
  ],
  links: [],
};

function eventSection(schemas: Schemas): Section {
  const rows = Object.entries(events).map(([type, { streams, summary }]) => ({
    id: type,
    cells: [
      code(type),
      streams.join(", "),
      inline(summary),
      inline(typeText(schemas[`${typeName(type)}Event`]?.properties?.["data"] ?? {})),
    ],
  }));
  return {
    id: "events",
    title: "Events",
    parts: [
      `<p>Rows of a stream's log, pushed in ${link("#push-events", "events")}: <code>{ seq, type, at, actor, cause?, data }</code>.</p>`,
      table("Events", ["Type", "Stream", "Meaning", "Data"], rows),
    ],
    links: toLinks(Object.keys(events)),
  };
}

function pushSection(schemas: Schemas): Section {
  const rows = Object.entries(pushes).map(([name, { summary }]) => ({
    id: `push-${name}`,
    cells: [code(name), inline(summary), inline(typeText(schemas[`${typeName(name)}Push`] ?? {}))],
  }));
  return {
    id: "pushes",
    title: "Pushes",
    parts: [
      "<p>What the server sends by itself, by Socket.IO event name.</p>",
      table("Pushes", ["Name", "Meaning", "Data"], rows),
    ],
    links: [],
  };
}

function entityArticle(name: string, schema: JsonSchema): string {
  const rows = entityLines(schema).map(({ name: field, type, description }) => ({
    cells: [code(field), inline(type), inline(description)],
  }));
  return article(name.toLowerCase(), code(name), [
    schema.description ? `<p>${inline(schema.description)}</p>` : "",
    schema.enum ? `<p>${inline(typeText(schema))}</p>` : "",
    rows.length > 0 ? table(`Fields of ${name}`, ["Field", "Type", "Description"], rows) : "",
  ]);
}

function entitySection(schemas: Schemas): Section {
  const entities = Object.entries(usedSchemas(schemas, Object.values(schemas)));
  return {
    id: "entities",
    title: "Entities",
    parts: entities.map(([name, schema]) => entityArticle(name, schema)),
    links: entities.map(([name]) => ({ href: `#${name.toLowerCase()}`, text: name })),
  };
}

const intro = [
  'Connect with Socket.IO 4, transport websocket only, with <code>auth: { token }</code>: an access token or an API key. A command is <code>socket.emit("noun.verb", input, ack)</code>.',
  "Answers: <code>{ ok: true, data, stream?, seq?, replayed?, requestId }</code> or <code>{ ok: false, error, requestId }</code>. When the answer of a mutation has arrived, it is in the database.",
  "A mutation also takes <code>commandId</code>, a UUID made by the client: the same id with the same input is applied once and answered the same again, with <code>replayed: true</code>.",
  "Access: <code>public</code> needs no login and goes over HTTP only, <code>any</code> a login, <code>stream</code> the right to hear the stream; else the lowest role: <code>member &lt; admin &lt; owner</code> of an organization, <code>viewer &lt; reporter &lt; developer &lt; admin</code> of a project.",
];

/** Every command, event and push of the socket, as a page. */
export function socketPage(): string {
  const schemas = makeSchemas("draft-2020-12");
  const groups = [...new Set(commandEntries.map(([name]) => noun(name)))];
  return page({
    title: "Rhythm over sockets",
    path: "/docs/socket",
    intro,
    sections: [
      errorSection,
      ...groups.map((group) => commandSection(group, schemas)),
      eventSection(schemas),
      pushSection(schemas),
      entitySection(schemas),
    ],
  });
}
