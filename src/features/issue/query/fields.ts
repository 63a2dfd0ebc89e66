import { IssueKind, IssueType, Priority, Status } from "../../../../protocol/index.ts";

export const sorts = ["updated", "created", "priority", "rank", "relevance"] as const;
export type Sort = (typeof sorts)[number];

/** What a field takes: one of a few words, a name of the project or such a word, a number, a moment. */
type Field =
  | { takes: "word"; words: readonly string[] }
  | { takes: "name"; words: readonly string[]; what: string }
  | { takes: "number"; words: readonly string[] }
  | { takes: "moment" };

/** Every field of the query language. */
export const fields = {
  status: { takes: "word", words: Status.options },
  priority: { takes: "word", words: Priority.options },
  type: { takes: "word", words: IssueType.options },
  kind: { takes: "word", words: IssueKind.options },
  assignee: { takes: "name", words: ["me", "none"], what: "member" },
  reporter: { takes: "name", words: ["me"], what: "member" },
  tag: { takes: "name", words: ["none"], what: "tag" },
  stage: { takes: "name", words: ["none"], what: "stage" },
  lane: { takes: "name", words: ["none"], what: "lane" },
  sprint: { takes: "name", words: ["active", "none"], what: "sprint" },
  parent: { takes: "number", words: ["none"] },
  updated: { takes: "moment" },
  created: { takes: "moment" },
  sort: { takes: "word", words: sorts },
} as const satisfies Record<string, Field>;

export type FieldName = keyof typeof fields;
export const fieldNames = Object.keys(fields) as FieldName[];

/** Fields whose values are names of the project. */
export type NameField = {
  [F in FieldName]: (typeof fields)[F]["takes"] extends "name" ? F : never;
}[FieldName];
/** Fields whose values are a few words. */
export type WordField = Exclude<
  { [F in FieldName]: (typeof fields)[F]["takes"] extends "word" ? F : never }[FieldName],
  "sort"
>;
