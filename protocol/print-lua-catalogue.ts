import { scriptClasses } from "./script-api.ts";
import { fieldsOf, snake } from "./script-fields.ts";
import { scriptShapes } from "./script-shapes.ts";
import { type Argument, isMirror, type Parameter, type ScriptClass, type Shape } from "./script-types.ts";

type Data = string | number | boolean | null | undefined | readonly Data[] | { readonly [key: string]: Data };

/** A value as Lua; `null` is a name there. */
function lua(value: Data): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return `{${value.map(lua).join(",")}}`;
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return `{${fields.map(([key, inner]) => `[${JSON.stringify(key)}]=${lua(inner)}`).join(",")}}`;
}

const argumentOf = ({ fills, takes, many, words }: Argument, name: string) => ({
  fills: snake(fills ?? name),
  takes,
  many: many === "list" ? "list" : many && "any",
  words: words && { ...words },
});

const parameterOf = (parameter: Parameter) => ({
  ...argumentOf(parameter, parameter.name),
  name: parameter.name,
  optional: parameter.optional,
  shape: parameter.shape,
  into: parameter.into,
});

function givesOf(gives: "self" | "plain" | { one: string } | { list: string } | undefined): Data {
  if (gives === undefined || typeof gives === "string") return gives;
  return { ...gives };
}

const shapeOf = ({ required = [], fields }: Shape) => ({
  required,
  fields: Object.fromEntries(Object.entries(fields).map(([name, argument]) => [name, argumentOf(argument, name)])),
});

function classOf(entry: ScriptClass) {
  const { key, fills, load, notListed = [], hint, methods = {} } = entry;
  const fields = fieldsOf(entry).map(({ name, class: known, isList }) => {
    const kind = known && (isList ? { list: known } : { one: known });
    return [name, kind ?? true] as const;
  });
  const mirrors = Object.entries(methods).flatMap(([name, method]) => {
    if (!isMirror(method)) return [];
    const { command, parameters = [], gives, outdates } = method;
    return [[name, { command, parameters: parameters.map(parameterOf), gives: givesOf(gives), outdates }] as const];
  });
  return {
    key,
    fills: fills && snake(fills),
    load,
    not_listed: Object.fromEntries(notListed.map((name) => [name, true])),
    hint,
    fields: Object.fromEntries(fields),
    mirrors: Object.fromEntries(mirrors),
  };
}

/** What the Lua part has to know of the catalogue, as a table of Lua; the name `null` must be known where it stands. */
export function luaCatalogue(): string {
  const classes = Object.entries(scriptClasses).map(([name, entry]) => [name, classOf(entry)]);
  const shapes = Object.entries(scriptShapes).map(([name, shape]) => [name, shapeOf(shape)]);
  return lua({ classes: Object.fromEntries(classes), shapes: Object.fromEntries(shapes) });
}
