import { events } from "./index.ts";
import { scriptClasses } from "./script-api.ts";
import { dataFields, fieldsOf, heardEvents, isOfOrg } from "./script-fields.ts";
import { eventFields, scriptGlobals, scriptJson } from "./script-globals.ts";
import { scriptShapes } from "./script-shapes.ts";
import { isMirror, type Parameter, type ScriptClass, type ScriptFunction, type Shape } from "./script-types.ts";

const code = (text: string): string => `\`${text}\``;
const typeText = (type: string): string => code(type.replaceAll("|", " or "));
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const row = (...cells: string[]): string => `| ${cells.map(cell).join(" | ")} |`;
const table = (heads: string[], rows: string[]): string =>
  [row(...heads), row(...heads.map(() => "---")), ...rows].join("\n");

type Line = { name: string; type: string; text: string };
const lineRow = ({ name, type, text }: Line): string => row(code(name), typeText(type), text);
const parameterRow = ({ name, type, text, optional }: Parameter): string =>
  lineRow({ name, type, text: optional ? `${text} May be left out.` : text });

const sendsOf = (entry: ScriptFunction): readonly string[] => (isMirror(entry) ? [entry.command] : (entry.sends ?? []));

function functionSection(name: string, call: string, entry: ScriptFunction): string {
  const { summary, parameters = [], returns, example } = entry;
  const names = parameters.map((parameter) => parameter.name).join(", ");
  const sends = sendsOf(entry).map(code).join(", ");
  return [
    `### ${name}`,
    `${code(`${call}(${names})`)}${returns === undefined ? "" : ` gives ${typeText(returns)}`}`,
    summary,
    parameters.length === 0 ? "" : table(["Argument", "Type", "Meaning"], parameters.map(parameterRow)),
    ["```lua", example, "```"].join("\n"),
    sends === "" ? "" : `Sends ${sends}.`,
  ]
    .filter(Boolean)
    .join("\n\n");
}

function classSection(entry: ScriptClass): string {
  const { title, summary, methods = {} } = entry;
  const self = title.toLowerCase() === "timeentry" ? "entry" : title.toLowerCase();
  return [
    `## ${title}`,
    summary,
    table(["Field", "Type", "Meaning"], fieldsOf(entry).map(lineRow)),
    ...Object.entries(methods).map(([name, method]) => functionSection(`${self}:${name}`, `${self}:${name}`, method)),
  ].join("\n\n");
}

function shapeSection(name: string, { summary, required = [], fields }: Shape): string {
  const rows = Object.entries(fields).map(([key, { type, text }]) =>
    lineRow({ name: key, type, text: required.includes(key) ? `${text} Needed.` : text }),
  );
  return [`### ${name}`, summary, table(["Field", "Type", "Meaning"], rows)].join("\n\n");
}

const eventRows = heardEvents.map((type) => {
  const fields = dataFields(type).map(({ name }) => code(name));
  return row(code(type), events[type].summary, fields.join(", "), isOfOrg(type) ? "organization" : "");
});

const globals = Object.entries({ ...scriptGlobals, ...scriptJson });

/** The reference of the Lua API, in Markdown. */
export const scriptDocs = (): string =>
  `${[
    "# Lua API",
    "Generated from the protocol by `npm run generate`; do not edit. How scripts work is in [scripts.md](scripts.md); for editors there is [rhythm.lua](rhythm.lua).",
    "`?` behind a type means that it may be nil. `List<Issue>` is a list that reads further pages when they are needed: `for issue in list do`, `ipairs(list)`, `list[1]`, `#list`, and `list:all()` for a table.",
    "## Functions",
    ...globals.map(([name, entry]) => functionSection(name, name, entry)),
    ...Object.values(scriptClasses).map((entry: ScriptClass) => classSection(entry)),
    "## Event",
    "`ctx.event`. The fields of its data are fields of it too; issue, comment and sprint are objects there, as they are now, and `ctx.event.data` has them as they were.",
    table(
      ["Field", "Type", "Meaning"],
      Object.entries(eventFields).map(([name, field]) => lineRow({ name, ...field })),
    ),
    "## Tables",
    "Tables that functions take. `sprint_id` is the same as `sprint`, and `tag_ids` as `tags`.",
    ...Object.entries(scriptShapes).map(([name, shape]) => shapeSection(name, shape)),
    "## Events",
    "For `on_event`; `issue.*` are all of a subject, `*` is all. Those of an organization are heard by its scripts only, not by those of a project.",
    table(["Name", "When", "Fields", "Only"], eventRows),
  ].join("\n\n")}\n`;
