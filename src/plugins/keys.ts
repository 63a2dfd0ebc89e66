/** Lua writes names with underscores, the wire with capitals. Ids and the like, which are neither, stay as they are. */
const isName = (key: string): boolean => /^[a-z][A-Za-z0-9_]*$/.test(key);
const toSnake = (key: string): string =>
  isName(key) ? key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`) : key;
const toCamel = (key: string): string =>
  isName(key) ? key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) : key;

/** A copy of a JSON value with every key changed, at all levels. */
function mapKeys(value: unknown, change: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => mapKeys(item, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [change(key), mapKeys(inner, change)]));
}

export const snakeKeys = (value: unknown): unknown => mapKeys(value, toSnake);
export const camelKeys = (value: unknown): unknown => mapKeys(value, toCamel);
