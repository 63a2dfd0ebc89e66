import { z } from "zod";
import { type EventType, events } from "./index.ts";
import { Card } from "./issue-fields.ts";
import { type ScriptClassName, scriptClasses } from "./script-api.ts";
import type { ScriptClass } from "./script-types.ts";

/** As scripts write names: `commentCount` is `comment_count`. */
export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const classOf = (schema: z.core.$ZodType): ScriptClassName | undefined =>
  schema === Card ? "issue" : classWith(schema);
const classWith = (schema: z.core.$ZodType): ScriptClassName | undefined =>
  (Object.entries(scriptClasses) as [ScriptClassName, ScriptClass][]).find(([, known]) => known.schema === schema)?.[0];

export type ScriptField = {
  name: string;
  /** As the stub for editors writes it. */
  type: string;
  text: string;
  /** Of a field that holds objects, or with `isList` lists of them. */
  class?: ScriptClassName | undefined;
  isList?: boolean;
};

const literal = (value: unknown): string => JSON.stringify(value);

function objectType(shape: Readonly<Record<string, z.core.$ZodType>>): string {
  const fields = Object.entries(shape).map(([name, schema]) => `${snake(name)}: ${luaType(schema)}`);
  return fields.length === 0 ? "table" : `{ ${fields.join(", ")} }`;
}

const numberType = (schema: z.ZodNumber): string => (schema.format?.includes("int") ? "integer" : "number");
const listType = (item: string): string => (/[|?]/.test(item) ? `(${item})[]` : `${item}[]`);
const optionalType = (type: string): string => (type === "any" || type.endsWith("?") ? type : optionalOf(type));
const optionalOf = (type: string): string => (type.includes("|") ? `${type}|nil` : `${type}?`);

/** A schema as types are written for editors; null is nil. */
export function luaType(schema: z.core.$ZodType): string {
  const known = classOf(schema);
  if (known) return scriptClasses[known].title;
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodOptional) return optionalType(luaType(schema.unwrap()));
  if (schema instanceof z.ZodDefault) return luaType(schema.unwrap());
  if (schema instanceof z.ZodArray) return listType(luaType(schema.element));
  if (schema instanceof z.ZodObject) return objectType(schema.shape);
  if (schema instanceof z.ZodRecord) return `table<string, ${luaType(schema.valueType)}>`;
  if (schema instanceof z.ZodEnum) return schema.options.map(literal).join("|");
  if (schema instanceof z.ZodLiteral) return [...schema.values].map(literal).join("|");
  if (schema instanceof z.ZodUnion) return [...new Set(schema.options.map(luaType))].join("|");
  if (schema instanceof z.ZodNumber) return numberType(schema);
  if (schema instanceof z.ZodBoolean) return "boolean";
  if (schema instanceof z.ZodUnknown) return "any";
  return "string";
}

function fieldOf(name: string, schema: z.core.$ZodType): ScriptField {
  const element = schema instanceof z.ZodArray ? schema.element : undefined;
  const known = classOf(element ?? schema);
  const isList = element !== undefined && known !== undefined;
  return {
    name: snake(name),
    type: isList ? `List<${scriptClasses[known].title}>` : luaType(schema),
    text: schema instanceof z.ZodType ? (schema.description ?? "") : "",
    class: known,
    isList,
  };
}

/** The fields that objects of a class have. */
export function fieldsOf({ schema, more = {} }: ScriptClass): ScriptField[] {
  const own = Object.entries(schema?.shape ?? {}).map(([name, type]) => fieldOf(name, type));
  return [...own, ...Object.entries(more).map(([name, { type, text }]) => ({ name, type, text }))];
}

/** What scripts hear: what scripts do sets off none. */
export const heardEvents = (Object.keys(events) as EventType[]).filter(
  (type) => !type.startsWith("script.") && events[type].streams.some((stream: string) => stream !== "user"),
);
export const subjectOf = (type: string): string => type.slice(0, type.indexOf("."));
/** Heard by scripts of a whole organization only. */
export const isOfOrg = (type: EventType): boolean => !events[type].streams.some((stream) => stream === "project");

/** The fields of an event's data, which the event has itself too. */
export const dataFields = (type: EventType): ScriptField[] =>
  Object.entries(events[type].data.shape as Record<string, z.core.$ZodType>).map(([name, schema]) =>
    fieldOf(name, schema),
  );
