import { z } from "zod";
import { type CommandName, commands } from "../../protocol/index.ts";

type Schema = {
  type?: string | string[];
  format?: string;
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | object;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
};
type Fields = Record<string, unknown>;

/** An input with one thing wrong, where, and a word that the refusal must have. */
export type Fault = { why: string; input: unknown; path: string; says?: string };

const schemaOf = (command: CommandName): Schema =>
  z.toJSONSchema(commands[command].input, { io: "input" }) as unknown as Schema;

const alternatives = (schema: Schema): Schema[] => schema.anyOf?.flatMap(alternatives) ?? [schema];
const typesOf = ({ type, enum: values, const: value }: Schema): string[] =>
  type === undefined
    ? [...(values ?? []), value].filter((one) => one !== undefined).map((one) => typeof one)
    : [type].flat();

const samples = { string: "?", number: 1.5, boolean: true, array: [], object: {}, null: null };

/** A value of each JSON type that the field does not take. */
function wrongTypes(options: Schema[]): [string, unknown][] {
  const taken = new Set(options.flatMap(typesOf));
  return Object.entries(samples)
    .filter(([type]) => !taken.has(type))
    .map(([type, value]) => [`${type} instead of ${[...taken].join(" or ")}`, value]);
}

const takesAnyText = (option: Schema) =>
  typesOf(option).includes("string") && !(option.format ?? option.pattern ?? option.enum ?? option.const);

/** Values of the right type beyond what the field allows. */
function wrongValues(options: Schema[]): [string, unknown][] {
  const texts = options.filter((option) => typesOf(option).includes("string"));
  const values: [string, unknown][] = [];
  if (texts.length > 0 && !texts.some(takesAnyText)) values.push(["not of its form", "no such value"]);
  for (const { minimum, maximum, minLength, maxLength } of options) {
    if (minimum !== undefined) values.push(["too small", minimum - 1]);
    if (maximum !== undefined) values.push(["too large", maximum + 1]);
    if (minLength) values.push(["too short", ""]);
    if (maxLength !== undefined) values.push(["too long", "x".repeat(maxLength + 1)]);
  }
  return values;
}

/** Text that no field takes, whatever its form. */
const unstorable: [string, string][] = [
  ["a NUL byte", "acme\0web"],
  ["half a surrogate pair", "acme\ud800web"],
];

const join = (path: string, key: string | number): string => (path === "" ? String(key) : `${path}.${key}`);

/** Every fault of one field; `put` makes the whole input with this value in its place. */
function fieldFaults(schema: Schema, path: string, example: unknown, put: (value: unknown) => unknown): Fault[] {
  const options = alternatives(schema);
  const faults: Fault[] = [...wrongTypes(options), ...wrongValues(options)].map(([why, value]) => ({
    why,
    input: put(value),
    path,
  }));
  for (const option of options) {
    const types = typesOf(option);
    if (types.includes("string")) {
      faults.push(...unstorable.map(([why, value]) => ({ why, input: put(value), path })));
    }
    if (types.includes("array") && option.items) {
      faults.push(...fieldFaults(option.items, join(path, 0), undefined, (value) => put([value])));
    }
    if (types.includes("object")) faults.push(...objectFaults(option, path, example as Fields | undefined, put));
  }
  return faults;
}

function objectFaults(schema: Schema, path: string, example: Fields = {}, put: (value: unknown) => unknown): Fault[] {
  const fields = Object.entries(schema.properties ?? {}).flatMap(([key, field]) =>
    fieldFaults(field, join(path, key), example[key], (value) => put({ ...example, [key]: value })),
  );
  const missing = (schema.required ?? []).map((key) => {
    const { [key]: _, ...others } = example;
    return { why: "missing", input: put(others), path: join(path, key) };
  });
  return [
    ...fields,
    ...missing,
    ...(schema.additionalProperties === false
      ? [{ why: "an unknown field", input: put({ ...example, surplus: 1 }), path, says: "surplus" }]
      : []),
  ];
}

const nested = (depth: number): unknown => (depth === 0 ? "deep" : [nested(depth - 1)]);

/** One broken copy of the example for every way to break each of its fields. */
export function faultsOf(command: CommandName): Fault[] {
  const example: Fields = commands[command].example;
  const schema = schemaOf(command);
  const path = Object.keys(schema.properties ?? {})[0] ?? "surplus";
  const whole = ["text", 7, true, ["list"]].map((input) => ({
    why: `${JSON.stringify(input)} as input`,
    input,
    path: "",
  }));
  return [
    ...objectFaults(schema, "", example, (value) => value),
    { why: "nested too deep", input: { ...example, [path]: nested(30) }, path },
    ...whole,
    // No input at all counts as an empty one.
    ...(schema.required ? [{ why: "null as input", input: null, path: schema.required[0] ?? "" }] : []),
  ];
}
