/** When members hear that a quota runs out: at four fifths, so that there is time to do something. */
const WARN_AT = 0.8;

/** What is to be told of a quota, at most once a day each. */
export function newsOf({ used, limit }: { used: number; limit: number | null }): ("warning" | "exceeded")[] {
  if (limit === null || used === 0 || used < WARN_AT * limit) return [];
  return used < limit ? ["warning"] : ["warning", "exceeded"];
}
