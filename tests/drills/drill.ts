/** What a drill is, and how it is judged. */

export type Form = {
  /** At most about 20 s, at lower rates. Its times are printed but not judged: a busy machine would fail them. */
  short: boolean;
  /** The largest size, where a drill has one. */
  full: boolean;
  /** How long, for those that may take any time. */
  minutes: number | undefined;
};
export type Figures = Record<string, number>;
/** What a figure must hold. `timed`: it depends on the speed of the machine or the length of the form. */
export type Gate = { most?: number; least?: number; timed?: true };

export type Drill = {
  name: string;
  about: string;
  /** What we expect, said before we look. */
  hypothesis: string;
  gates: Readonly<Record<string, Gate>>;
  run(form: Form): Promise<Figures>;
};

/** What no fault may cost. */
export const lossGates = {
  lost: { most: 0 },
  doubled: { most: 0 },
  ghosts: { most: 0 },
  databaseGaps: { most: 0 },
  rowsThatDiffer: { most: 0 },
  clientGaps: { most: 0 },
  clientsThatDiffer: { most: 0 },
  internalErrors: { most: 0 },
  crashes: { most: 0 },
} as const satisfies Record<string, Gate>;

/** The figures that break the hypothesis, in words. A figure that is missing breaks it too. */
export function judge({ gates }: Pick<Drill, "gates">, figures: Figures, { timed }: { timed: boolean }): string[] {
  return Object.entries(gates).flatMap(([name, gate]) => {
    if (gate.timed && !timed) return [];
    const value = figures[name] ?? Number.NaN;
    const { most = Number.POSITIVE_INFINITY, least = Number.NEGATIVE_INFINITY } = gate;
    if (value <= most && value >= least) return [];
    const bound = gate.most === undefined ? `at least ${gate.least}` : `at most ${gate.most}`;
    return [`${name} is ${Number.isNaN(value) ? "missing" : value}, must be ${bound}`];
  });
}
