/** Where things stand in the input of a command, by its JSON schema. */

export type Schema = {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
};
/** Names of fields; 0 for the first of a list. */
export type Path = (string | number)[];

const isText = ({ type, enum: values, const: only }: Schema): boolean =>
  [type].flat().includes("string") || [...(values ?? []), only].some((value) => typeof value === "string");

/** Every place of an input that takes text. */
export function textsOf(schema: Schema, at: Path = []): Path[] {
  const { properties = {}, items, anyOf = [] } = schema;
  return [
    ...(isText(schema) ? [at] : []),
    ...Object.entries(properties).flatMap(([key, inner]) => textsOf(inner, [...at, key])),
    ...(items ? textsOf(items, [...at, 0]) : []),
    ...anyOf.flatMap((option) => textsOf(option, at)),
  ];
}

/** A copy with `value` at a place; what is on the way there is made. */
export function put(input: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  if (typeof key === "number") return [put(Array.isArray(input) ? input[0] : undefined, rest, value)];
  const fields = typeof input === "object" && input !== null && !Array.isArray(input) ? input : {};
  return { ...fields, [key]: put(Reflect.get(fields, key), rest, value) };
}

/** Every place of an input that a schema knows, itself not included. */
export function placesOf({ properties = {}, items, anyOf = [] }: Schema, at: Path = []): Path[] {
  return [
    ...Object.entries(properties).flatMap(([key, inner]) => [[...at, key], ...placesOf(inner, [...at, key])]),
    ...(items ? [[...at, 0], ...placesOf(items, [...at, 0])] : []),
    ...anyOf.flatMap((option) => placesOf(option, at)),
  ];
}
