/** What is typed into a search box, as texts for to_tsquery: every word quoted, so that none is an operator. */
import { editDistance, slipsIn } from "../issue/query/near.ts";
import { readTokens } from "../issue/query/tokens.ts";

type Item = { text: string; negated: boolean; isWord: boolean; joinedBy: "&" | "|" };

/** The words in order, and whether the last may be the beginning of one. */
export type Typed = { items: Item[]; endsOpen: boolean };

/** Shorter beginnings are of half of all words. */
const MIN_PREFIX = 2;

export function readTyped(q: string): Typed {
  const items: Item[] = [];
  let joinedBy: Item["joinedBy"] = "&";
  for (const { kind, raw, negated, ...token } of readTokens(q)) {
    const text = kind === "field" || !("text" in token) ? raw : token.text;
    if (kind === "word" && text.toLowerCase() === "or" && !negated) {
      joinedBy = "|";
    } else if (/[\p{L}\p{N}]/u.test(text)) {
      items.push({ text, negated, isWord: kind === "word", joinedBy: items.length === 0 ? "&" : joinedBy });
      joinedBy = "&";
    }
  }
  const last = items.at(-1);
  const alone = items.every((item) => item.joinedBy === "&") && joinedBy === "&";
  const mayGrow = last?.isWord === true && !last.negated && last.text.length >= MIN_PREFIX;
  return { items, endsOpen: alone && mayGrow };
}

export type Texts = {
  /** All words but the one that is being typed. */
  head: string;
  /** That one, as a beginning: of forms of words, and of words as written. */
  last: string;
  prefix: string;
  /** Any of the words, for the passage shown. */
  any: string;
};

const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;

/** `meant`: by word typed, what it may have been meant to be. */
export function textsOf({ items, endsOpen }: Typed, meant: ReadonlyMap<string, string[]> = new Map()): Texts {
  const spell = ({ text }: Item, ending = "") =>
    `(${[`${quote(text)}${ending}`, ...(meant.get(text) ?? []).map(quote)].join(" | ")})`;
  const whole = endsOpen ? items.slice(0, -1) : items;
  const open = endsOpen ? items.at(-1) : undefined;
  const head = whole.map((item, i) => `${i === 0 ? "" : item.joinedBy}${item.negated ? "!" : ""}${spell(item)}`);
  const positive = whole.filter(({ negated }) => !negated).map((item) => spell(item));
  return {
    head: head.join(" "),
    last: open ? spell(open, ":*") : "",
    prefix: open ? `${quote(open.text)}:*` : "",
    any: [...positive, ...(open ? [spell(open, ":*")] : [])].join(" | "),
  };
}

/** Words that may be mistyped. */
export const doubtful = ({ items }: Typed): string[] =>
  items
    .filter(({ text, isWord, negated }) => isWord && !negated && /^\p{L}{3,30}$/u.test(text))
    .map(({ text }) => text);

const MAX_MEANT = 5;

/** Which of the known words someone meant who typed this, the nearest first; none when it is known itself, or begins a known one. */
export function meantBy(typed: string, near: readonly string[], isOpen: boolean): string[] {
  const word = typed.toLowerCase();
  if (near.some((known) => (isOpen ? known.startsWith(word) : known === word))) return [];
  const beginnings = (known: string) =>
    isOpen ? [known, ...[-1, 0, 1].map((more) => known.slice(0, word.length + more))] : [known];
  return near
    .map((known) => ({ known, slips: Math.min(...beginnings(known).map((text) => editDistance(word, text))) }))
    .filter(({ slips }) => slips <= slipsIn(word))
    .sort((a, b) => a.slips - b.slips)
    .slice(0, MAX_MEANT)
    .map(({ known }) => known);
}
