import type { JsonSchema } from "./print-schemas.ts";
import { typeText } from "./print-type.ts";

/** A line of a table of fields; type, required and description are Markdown. */
export type FieldLine = { name: string; type: string; required: string; description: string };

function need(name: string, schema: JsonSchema, required: readonly string[]): string {
  if (required.includes(name)) return "yes";
  return schema.default === undefined ? "no" : `no: \`${JSON.stringify(schema.default)}\``;
}

/** The fields of an input; `patch` spread as `patch.name`. */
export function inputLines({ properties = {}, required = [] }: JsonSchema, prefix = ""): FieldLine[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    if (name === "commandId") return [];
    const { description = "" } = schema;
    const spread = schema.properties !== undefined && prefix === "";
    const type = spread ? "object" : typeText(schema);
    const line = { name: `${prefix}${name}`, type, required: need(name, schema, required), description };
    return spread ? [line, ...inputLines(schema, `${name}.`)] : [line];
  });
}

/** The fields of an entity; one that may be missing has a question mark. */
export const entityLines = ({ properties = {}, required = [] }: JsonSchema): Omit<FieldLine, "required">[] =>
  Object.entries(properties).map(([name, schema]) => ({
    name: required.includes(name) ? name : `${name}?`,
    type: typeText(schema),
    description: schema.description ?? "",
  }));
