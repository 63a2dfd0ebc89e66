export const median = (values: number[]): number => quantile(values, 0.5);

export function quantile(values: number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
}

/** Runs all sides in each round, another one first each time, so that what drifts hits them alike. */
export async function alternate<Results extends Record<string, unknown>>(
  rounds: number,
  sides: { [Side in keyof Results]: () => Promise<Results[Side]> },
): Promise<{ [Side in keyof Results]: Results[Side][] }> {
  const names: (keyof Results)[] = Object.keys(sides);
  const results = {} as { [Side in keyof Results]: Results[Side][] };
  for (const name of names) results[name] = [];
  for (let round = 0; round < rounds; round += 1) {
    for (const [turn] of names.entries()) {
      const name = names[(round + turn) % names.length];
      if (name !== undefined) results[name].push(await sides[name]());
    }
  }
  return results;
}

/** The median of the ratios of each round. */
export const ratioOf = (ours: number[], theirs: number[]): number =>
  median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
