/** Makes what was seen of one scene comparable with what was seen of another. */

/** Made anew in every scene, and told by the order of cards and events. */
const dropped = new Set(["rank", "key", "seq", "epoch"]);
/** Lists in the order of ids. */
const unordered = new Set(["members", "sprints"]);

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const time = /\d{4}-\d\d-\d\dT[\d:.]+Z/g;
const slug = /fresh-[0-9a-f]{12}/g;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** Everything with an id and a name, by id. */
function collectNames(value: unknown, names: Map<string, string>): void {
  if (!isObject(value)) return;
  const { id } = value;
  const name = value.title ?? value.name ?? value.displayName ?? value.body;
  if (typeof id === "string" && typeof name === "string" && !names.has(id)) names.set(id, name);
  for (const part of Object.values(value)) collectNames(part, names);
}

/** The same with names in place of ids, without times and ranks. */
export function told<T extends object>(outcome: T): { [K in keyof T]: unknown } {
  const names = new Map<string, string>();
  collectNames(outcome, names);
  const say = (text: string) =>
    text
      .replace(uuid, (id) => names.get(id) ?? "an id")
      .replace(time, "a time")
      .replace(slug, "fresh");
  const tell = (value: unknown, field = ""): unknown => {
    if (typeof value === "string") return say(value);
    if (Array.isArray(value)) {
      const items = value.map((item) => tell(item));
      return unordered.has(field) ? inSomeOrder(items) : items;
    }
    if (!isObject(value)) return value;
    const kept = Object.entries(value).filter(([key]) => !dropped.has(key));
    return Object.fromEntries(kept.map(([key, part]) => [say(key), tell(part, key)]));
  };
  return tell(outcome) as { [K in keyof T]: unknown };
}

/** An order that does not depend on the one given. */
export const inSomeOrder = (items: readonly unknown[]): unknown[] =>
  items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

export const shuffled = <T>(items: readonly T[]): T[] => {
  const keyed = items.map((item) => ({ item, key: Math.random() }));
  return keyed.sort((a, b) => a.key - b.key).map(({ item }) => item);
};

export const permutationsOf = <T>(items: readonly T[]): T[][] =>
  items.length < 2
    ? [[...items]]
    : items.flatMap((first, i) => permutationsOf(items.toSpliced(i, 1)).map((rest) => [first, ...rest]));
