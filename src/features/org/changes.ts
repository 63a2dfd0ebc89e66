import type { Change } from "../../../protocol/index.ts";

/** The fields of a patch that change something, with their values before and after. */
export function changesOf<Patch extends object>(present: Required<Patch>, patch: Patch): Change[] {
  const fields = Object.keys(patch) as (keyof Patch & string)[];
  return fields
    .filter((field) => patch[field] !== undefined && patch[field] !== present[field])
    .map((field) => ({ field, from: present[field], to: patch[field] }));
}
