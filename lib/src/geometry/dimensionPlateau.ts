import type { DimensionEstimate } from "./gride";

/** Two estimates agree too easily. */
const FEWEST_SCALINGS = 3;

export interface PlateauOptions {
  /** So many standard errors may an estimate be off; 2 without it. */
  errors?: number;
}

/** Range scalings at which the dimension is the same, as far as its errors tell. */
export interface Plateau {
  /** The first and the last n2. */
  from: number;
  to: number;
  /** The mean of the estimates, each weighted by one over its squared error. */
  id: number;
  /** Standard error of that mean, if the estimates were independent. */
  error: number;
}

/**
 * Where the dimension does not depend on the scale: the longest run of three or more successive scalings in which no estimate is further
 * from the run's weighted mean than twice its own standard error; of runs of one length the one at the smallest scale. Undefined where there is
 * none.
 *
 * It says that a change was not seen, not that there is none: with fewer points the errors grow, and plateaus with them. The errors take the
 * points as independent, and at large scales neighbors share most of their neighborhood.
 *
 * @param estimates by scale, as from {@link gride} at 2, 4, 8, ...; one without a number ends a run
 * @example
 * const estimates = [3, 5, 5.1, 4.9, 8].map((id, i) => ({ scaling: 2 ** (i + 1), id, error: 0.2, scale: 1 }));
 * dimensionPlateau(estimates); // { from: 4, to: 16, id: 5, error: 0.1155 }
 */
export function dimensionPlateau(
  estimates: readonly DimensionEstimate[],
  { errors = 2 }: PlateauOptions = {},
): Plateau | undefined {
  for (let length = estimates.length; length >= FEWEST_SCALINGS; length--) {
    for (let start = 0; start + length <= estimates.length; start++) {
      const run = estimates.slice(start, start + length);
      const weights = run.map(({ error }) => error ** -2);
      const weight = weights.reduce((sum, one) => sum + one, 0);
      const mean = run.reduce((sum, { id }, i) => sum + id * weights[i], 0) / weight;
      if (!run.every(({ id, error }) => Math.abs(id - mean) <= errors * error)) continue;
      return { from: run[0].scaling, to: run[length - 1].scaling, id: mean, error: weight ** -0.5 };
    }
  }
  return undefined;
}
