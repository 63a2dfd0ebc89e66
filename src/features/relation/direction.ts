import type { Relation, StoredRelation } from "../../../protocol/index.ts";

export type StoredType = StoredRelation["type"];

const inverses = {
  blocks: "is_blocked_by",
  duplicates: "is_duplicated_by",
  relates_to: "relates_to",
  clones: "is_cloned_by",
} as const;

const storedTypes = {
  blocks: "blocks",
  is_blocked_by: "blocks",
  duplicates: "duplicates",
  is_duplicated_by: "duplicates",
  relates_to: "relates_to",
  clones: "clones",
  is_cloned_by: "clones",
} as const;

/** The one direction in which a statement is stored. */
export function toStored(said: { issue: number; type: Relation["type"]; target: number }): Omit<StoredRelation, "id"> {
  const { issue, type, target } = said;
  const isInverse = type === "relates_to" ? target < issue : type.startsWith("is_");
  const [source, aim] = isInverse ? [target, issue] : [issue, target];
  return { type: storedTypes[type], source, target: aim };
}

/** What a stored relation is to one of its two ends. */
export const seenAs = (type: StoredType, from: "source" | "target"): Relation["type"] =>
  from === "source" ? type : inverses[type];
