import { type EventType, events } from "./index.ts";
import { scriptClasses } from "./script-api.ts";
import { dataFields, fieldsOf, heardEvents, subjectOf } from "./script-fields.ts";
import { eventFields, scriptGlobals, scriptJson } from "./script-globals.ts";
import { scriptShapes } from "./script-shapes.ts";
import type { Argument, Parameter, ScriptClass, ScriptFunction, Shape } from "./script-types.ts";

const line = (text: string): string => text.replaceAll("\n", " ");
const subjects = [...new Set(heardEvents.map(subjectOf))];
const namesOf = (subject: string): EventType[] => heardEvents.filter((type) => subjectOf(type) === subject);
const alias = (subject: string): string => `${subject.charAt(0).toUpperCase()}${subject.slice(1)}EventName`;

/** `text` stands behind a #, since types have spaces. */
const field = (name: string, type: string, text: string): string =>
  `---@field ${name} ${type}${text === "" ? "" : ` # ${line(text)}`}`;

const parameterLine = ({ name, type, optional, text }: Parameter): string =>
  `---@param ${name}${optional ? "?" : ""} ${type} # ${line(text)}`;

function functionLines(name: string, { summary, parameters = [], returns, example }: ScriptFunction): string[] {
  return [
    `---${line(summary)}`,
    "---",
    "---```lua",
    ...example.split("\n").map((code) => `---${code}`),
    "---```",
    ...parameters.map(parameterLine),
    ...(returns === undefined ? [] : [`---@return ${returns}`]),
    `function ${name}(${parameters.map((parameter) => parameter.name).join(", ")}) end`,
    "",
  ];
}

function classLines(entry: ScriptClass): string[] {
  const { title, summary, methods = {} } = entry;
  return [
    `---${line(summary)}`,
    `---@class ${title}`,
    ...fieldsOf(entry).map(({ name, type, text }) => field(name, type, text)),
    `local ${title} = {}`,
    "",
    ...Object.entries(methods).flatMap(([name, method]) => functionLines(`${title}:${name}`, method)),
  ];
}

function shapeLines(name: string, { summary, required = [], fields }: Shape): string[] {
  const shown = (key: string, { type, text }: Argument) => field(required.includes(key) ? key : `${key}?`, type, text);
  return [`---${summary}`, `---@class ${name}`, ...Object.entries(fields).map(([key, arg]) => shown(key, arg)), ""];
}

/** The fields of all data together, each with where it comes from. */
function eventLines(): string[] {
  const found = new Map<string, { types: Set<string>; subjects: Set<string> }>();
  for (const type of heardEvents) {
    for (const { name, type: kind } of dataFields(type)) {
      if (name in eventFields) continue;
      const known = found.get(name) ?? { types: new Set(), subjects: new Set() };
      found.set(name, known);
      known.types.add(kind);
      known.subjects.add(subjectOf(type));
    }
  }
  const own = Object.entries(eventFields).map(([name, { type, text }]) => field(name, type, text));
  const others = [...found].map(([name, { types, subjects: of }]) => {
    const kind = types.size === 1 ? [...types].join() : "any";
    return field(`${name}?`, kind, `Of ${[...of].map((subject) => `${subject}.*`).join(", ")}.`);
  });
  return ["---What happened, with the fields of its data.", "---@class Event", ...own, ...others, ""];
}

const nameLines = subjects.flatMap((subject) => [
  `---@alias ${alias(subject)}`,
  ...namesOf(subject).map((type) => `---| "${type}" # ${line(events[type].summary)}`),
  `---| "${subject}.*" # All of them.`,
  "",
]);

/** Handlers that surely have what their events are about. */
const contexts = {
  issue: { title: "IssueContext", fields: [field("issue", "Issue", ""), field("event", "Event", "")] },
  comment: {
    title: "CommentContext",
    fields: [
      field("issue", "Issue", ""),
      field("comment", "Comment", "nil of comment.deleted."),
      field("event", "Event", ""),
    ],
  },
  sprint: { title: "SprintContext", fields: [field("sprint", "Sprint", ""), field("event", "Event", "")] },
};

const contextLines = Object.values(contexts).flatMap(({ title, fields }) => [
  `---@class ${title}: Context`,
  ...fields,
  "",
]);

const overloads = Object.entries(contexts).map(
  ([subject, { title }]) => `---@overload fun(name: ${alias(subject)}, fn: fun(ctx: ${title}))`,
);

function globalLines(): string[] {
  return Object.entries(scriptGlobals).flatMap(([name, entry]) => {
    const lines = functionLines(name, entry);
    const extra: Record<string, string[]> = {
      on_event: overloads,
      on_schedule: ["---@overload fun(cron: string, fn: fun(ctx: Context), time_zone?: string)"],
      now: ['---@overload fun(form: "unix"): integer'],
    };
    return [...lines.slice(0, -2), ...(extra[name] ?? []), ...lines.slice(-2)];
  });
}

const intro = `---@meta rhythm
-- What scripts of Rhythm see, for editors with the Lua language server: put this file in your workspace.
-- Generated from the protocol; do not edit. The same to read: docs/scripts-api.md

---Reads further pages when they are needed: \`for item in list do\`, \`ipairs(list)\`, \`list[1]\` and \`#list\`.
---@class List<T>: { [integer]: T }
---@overload fun(): T
---@field all fun(self: List<T>): T[] # A table of all items.

---@class Failure
---@field code string # As \`not_found\`, \`forbidden\`, \`conflict\`, \`invalid\`.
---@field message string
---@field details? table
`;

/** The file that tells editors of the API. */
export function luaStub(): string {
  return `${[
    intro,
    ...nameLines,
    `---@alias EventName ${subjects.map(alias).join("|")}|"*"`,
    "",
    ...eventLines(),
    ...Object.entries(scriptShapes).flatMap(([name, shape]) => shapeLines(name, shape)),
    ...Object.values(scriptClasses).flatMap((entry: ScriptClass) => classLines(entry)),
    ...contextLines,
    ...globalLines(),
    "---Values that were given to the script when it was saved.",
    "---@type table<string, string|number|boolean>",
    "params = {}",
    "",
    "json = {}",
    "---null in lists, and for fields that are to be emptied.",
    "json.null = {}",
    "",
    ...Object.entries(scriptJson).flatMap(([name, entry]) => functionLines(name, entry)),
  ]
    .join("\n")
    .trimEnd()}\n`;
}
