/** Deepest nesting of an input; ours need four. */
const MAX_DEPTH = 16;

export type BadInput = { path: string; message: string };

const badText = (text: string): string | undefined => {
  if (text.includes("\0")) return "has a NUL character";
  return text.isWellFormed() ? undefined : "has half a surrogate pair";
};

/**
 * The first thing in a message that no command can take, whatever its schema: text that Postgres cannot store or
 * would change silently, binary data, and nesting made to exhaust a parser.
 */
export function findMalformed(value: unknown, path = "", depth = 0): BadInput | undefined {
  if (typeof value === "string") {
    const message = badText(value);
    return message === undefined ? undefined : { path, message };
  }
  if (typeof value !== "object" || value === null) return undefined;
  if (depth >= MAX_DEPTH) return { path, message: "is nested too deep" };
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return { path, message: "is binary" };
  for (const [key, inner] of Object.entries(value)) {
    const at = path === "" ? key : `${path}.${key}`;
    const keyFault = badText(key);
    if (keyFault !== undefined) return { path, message: `a key ${keyFault}` };
    const fault = findMalformed(inner, at, depth + 1);
    if (fault) return fault;
  }
  return undefined;
}
