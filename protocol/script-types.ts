import type { z } from "zod";
import type { CommandName } from "./index.ts";

/** How an argument of Lua becomes a value of the wire: names and handles become ids, and so on. */
export type Takes =
  | "user"
  | "stage"
  | "lane"
  | "sprint"
  | "tag"
  | "tagName"
  | "issue"
  | "field"
  | "fields"
  | "time"
  | "moment";

export type Argument = {
  /** As the stub for editors writes types. */
  type: string;
  text: string;
  /** The input field of the command that it fills, when that is called otherwise. */
  fills?: string;
  takes?: Takes;
  /** One value or a list; `list`: always sent as a list. */
  many?: true | "list";
  /** Words that stand for something, with what is sent for them. */
  words?: Readonly<Record<string, string | null>>;
};

/** The fields that a table may have, as an argument. */
export type Shape = { summary: string; required?: readonly string[]; fields: Readonly<Record<string, Argument>> };

export type Parameter = Argument & {
  name: string;
  optional?: true;
  /** Its fields fill the input; `into` names the field of the input that they stand in. */
  shape?: string;
  into?: string;
};

export type ScriptFunction = {
  summary: string;
  parameters?: readonly Parameter[];
  /** A type of the stub; nothing unless given. */
  returns?: string;
  example: string;
  /** What it may send; a method that mirrors a command sends only that. */
  sends?: readonly CommandName[];
};

/** A method that is made of this entry: its arguments fill the input of one command. */
export type Mirror = ScriptFunction & {
  command: CommandName;
  /** What its answer becomes: the object itself, refreshed; another one; a list of these; or a plain table. */
  gives?: "self" | "plain" | { one: string } | { list: string };
  /** The command changes the object but does not answer it. */
  outdates?: true;
};

export type ScriptClass = {
  /** Name of the class in the stub. */
  title: string;
  summary: string;
  /** Its fields on the wire; those of `more` come on top. */
  schema?: z.ZodObject;
  more?: Readonly<Record<string, { type: string; text: string }>>;
  /** What identifies one, and the input field that takes it. */
  key?: string;
  fills?: string;
  /** Gets all fields. */
  load?: CommandName;
  /** Fields that lists of it leave out. */
  notListed?: readonly string[];
  /** What to use instead of setting a field. */
  hint?: string;
  methods?: Readonly<Record<string, ScriptFunction | Mirror>>;
};

export const isMirror = (method: ScriptFunction | Mirror): method is Mirror => "command" in method;
