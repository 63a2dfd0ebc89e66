import type { JsonSchema } from "./print-schemas.ts";

const literal = (value: unknown): string => `\`${JSON.stringify(value)}\``;

const bounds = (low: unknown, high: unknown): string =>
  low === undefined && high === undefined ? "" : ` ${low ?? ""}..${high ?? ""}`;

function textType(schema: JsonSchema): string {
  if (schema.format === "date-time") return "time";
  if (schema.format !== undefined) return schema.format;
  return `string${bounds(schema["minLength"], schema["maxLength"])}`;
}

function objectType({ properties, required = [], additionalProperties }: JsonSchema): string {
  if (properties === undefined || Object.keys(properties).length === 0) {
    return typeof additionalProperties === "object" ? "object" : "{}";
  }
  const fields = Object.entries(properties).map(
    ([name, schema]) => `${name}${required.includes(name) ? "" : "?"}: ${typeText(schema)}`,
  );
  return `{ ${fields.join(", ")} }`;
}

const isUnion = ({ anyOf, oneOf, enum: values, type }: JsonSchema): boolean =>
  [anyOf, oneOf, values, type].some((choices) => Array.isArray(choices) && choices.length > 1);

const arrayType = ({ items = {} }: JsonSchema): string =>
  isUnion(items) ? `(${typeText(items)})[]` : `${typeText(items)}[]`;

function namedType(type: string, schema: JsonSchema): string {
  if (type === "string") return textType(schema);
  if (type === "array") return arrayType(schema);
  if (type === "object") return objectType(schema);
  if (type === "integer" || type === "number") return `${type}${bounds(schema["minimum"], schema["maximum"])}`;
  return type;
}

/** A JSON schema as people write types in Markdown; entities are links to their heading. */
export function typeText(schema: JsonSchema): string {
  if (schema.$ref) {
    const name = schema.$ref.slice(schema.$ref.lastIndexOf("/") + 1);
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.const !== undefined) return literal(schema.const);
  if (schema.enum) return schema.enum.map(literal).join(" or ");
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map(typeText).join(" or ");
  if (Array.isArray(schema.type)) return schema.type.map((type) => namedType(type, schema)).join(" or ");
  return schema.type === undefined ? "anything" : namedType(schema.type, schema);
}
