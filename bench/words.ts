/** Texts as people write them: a few words are everywhere and most are rare (Zipf's law). The same in each run. */

/** The likeliest first. */
const everyday = `cart checkout page button login search error invoice order customer list mobile after reload slow
  missing wrong upload image filter archive guest payment address mail password session export import report date
  currency timeout retry cache browser header footer menu dialog shortcut scroll coupon refund shipping catalogue stock
  webhook permission admin locale translation layout gallery thumbnail avatar profile notification reminder calendar`;
const syllables = `ba be bo da de do fa fe fi ga go ha he ka ke ko la le lo ma me mo na ne no pa pe po ra re ro sa se so
  ta te to va ve vo wa we ja jo zan mer tol rim sud vel kor pal nif gud bar len`;
const WORDS = 20_000;

/** Mulberry32: numbers from 0 to 1 that follow from the seed. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function makeVocabulary(): string[] {
  const random = createRandom(1);
  const parts = syllables.split(/\s+/);
  const words = new Set(everyday.split(/\s+/));
  while (words.size < WORDS) {
    const size = 3 + Math.floor(random() * 3);
    words.add(Array.from({ length: size }, () => parts[Math.floor(random() * parts.length)]).join(""));
  }
  return [...words];
}

export const vocabulary = makeVocabulary();

/** Texts of so many words, from fewest to most. */
export function writeTexts(count: number, [fewest, most]: [number, number], seed: number): string[] {
  const random = createRandom(seed);
  const text = (): string => {
    const size = fewest + Math.floor(random() * (most - fewest + 1));
    const words = Array.from({ length: size }, () => vocabulary[Math.floor(WORDS ** random()) - 1] ?? "cart");
    return words.join(" ");
  };
  return Array.from({ length: count }, text);
}
