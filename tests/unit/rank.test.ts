import fc from "fast-check";
import { expect, test } from "vitest";
import { toPosition } from "../../src/features/issue/place.ts";
import {
  MAX_RANK_LENGTH,
  type Ranked,
  rankBetween,
  ranksBetween,
  SPREAD_REACH,
  spread,
} from "../../src/features/issue/rank.ts";

/** Bytewise, as Postgres compares them under collation C. */
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
const isAscending = (ranks: string[]) => ranks.every((rank, i) => i === 0 || byBytes(ranks[i - 1] ?? "", rank) < 0);

/** Inserts into a column where `places` says: each a share of its length at that moment. */
function insertAt(places: number[], column: string[] = []): string[] {
  return places.reduce((ranks, share) => {
    const place = Math.round(share * ranks.length);
    const rank = rankBetween({ low: ranks[place - 1] ?? null, high: ranks[place] ?? null });
    return ranks.toSpliced(place, 0, rank);
  }, column);
}

const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 200 });

test("inserts anywhere, in any order, leave a column in bytewise order without equal ranks", () => {
  fc.assert(fc.property(shares, (places) => isAscending(insertAt(places))));
});

test("ranks are made of letters and digits only, so that bytes, JavaScript and cursors agree on them", () => {
  fc.assert(fc.property(shares, (places) => insertAt(places).every((rank) => /^[0-9A-Za-z]+$/.test(rank))));
});

test("several ranks at once lie in order within their gap", () => {
  fc.assert(
    fc.property(shares, fc.nat(), fc.integer({ min: 0, max: 600 }), (places, at, count) => {
      const column = insertAt(places);
      const place = at % (column.length + 1);
      const made = ranksBetween({ low: column[place - 1] ?? null, high: column[place] ?? null }, count);
      return made.length === count && isAscending(column.toSpliced(place, 0, ...made));
    }),
  );
});

test("issues added at the bottom or on top one by one keep short ranks", () => {
  const bottom = insertAt(Array.from({ length: 10_000 }, () => 1));
  const top = insertAt(Array.from({ length: 10_000 }, () => 0));

  expect(Math.max(...[...bottom, ...top].map(({ length }) => length))).toBeLessThanOrEqual(4);
});

const named = (ranks: string[]): Ranked[] => ranks.map((rank, i) => ({ id: String(i), rank }));

/** What `spread` gives for the surroundings of a place, put back into the column. */
function spreadAround(column: Ranked[], place: number): { column: Ranked[]; count: number } {
  const from = Math.max(0, place - SPREAD_REACH);
  const above = column.slice(from, place);
  const made = spread({ above, below: column.slice(place, place + SPREAD_REACH) });
  const first = made[0] ? column.findIndex(({ id }) => id === made[0]?.id) : 0;
  return { column: column.toSpliced(first, made.length, ...made), count: made.length };
}

test("a spread keeps every issue in its place and leaves nothing too long around it", () => {
  fc.assert(
    fc.property(fc.nat({ max: 700 }), fc.array(fc.boolean(), { minLength: 250, maxLength: 300 }), (size, sides) => {
      const ranks = ranksBetween({ low: null, high: null }, size);
      const place = Math.floor(size / 2);
      // Always next to the newest: the worst that people can do.
      let at = place;
      for (const above of sides) {
        ranks.splice(at, 0, rankBetween({ low: ranks[at - 1] ?? null, high: ranks[at] ?? null }));
        if (!above) at += 1;
      }
      const before = named(ranks);
      const after = spreadAround(before, at).column;
      return (
        after.every(({ id }, i) => id === before[i]?.id) &&
        isAscending(after.map(({ rank }) => rank)) &&
        after.every(({ rank }) => rank.length <= MAX_RANK_LENGTH)
      );
    }),
    { numRuns: 50 },
  );
});

test("ranks that are short enough are left alone", () => {
  const column = named(ranksBetween({ low: null, high: null }, 600));

  expect(spreadAround(column, 300).count).toBe(0);
});

test("ten thousand moves to one spot keep ranks short, with a spread now and then", () => {
  let ranks = named(ranksBetween({ low: null, high: null }, 20));
  let spreads = 0;
  let at = 10;
  for (let i = 0; i < 10_000; i += 1) {
    // Above and below the newest in turn, which halves the gap each time.
    at += i % 2;
    const rank = rankBetween({ low: ranks[at - 1]?.rank ?? null, high: ranks[at]?.rank ?? null });
    ranks = ranks.toSpliced(at, 0, { id: `new ${i}`, rank });
    if (rank.length <= MAX_RANK_LENGTH) continue;
    spreads += 1;
    ranks = spreadAround(ranks, at).column;
  }

  expect(isAscending(ranks.map(({ rank }) => rank))).toBe(true);
  expect(Math.max(...ranks.map(({ rank }) => rank.length))).toBeLessThanOrEqual(MAX_RANK_LENGTH + 1);
  expect(spreads).toBeGreaterThan(20);
  expect(spreads).toBeLessThan(100);
});

test("a move says one place: after, before, top or bottom", () => {
  expect(toPosition({ issue: 1, after: 2 })).toEqual({ after: 2 });
  expect(toPosition({ issue: 1, before: 2 })).toEqual({ before: 2 });
  expect(toPosition({ issue: 1, after: null })).toBe("top");
  expect(toPosition({ issue: 1 })).toBe("bottom");
  for (const wrong of [{ after: 2, before: 3 }, { after: null, before: 3 }, { after: 1 }, { before: 1 }]) {
    expect(() => toPosition({ issue: 1, ...wrong })).toThrow(expect.objectContaining({ code: "invalid" }));
  }
});
