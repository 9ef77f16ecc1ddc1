import type { Metric } from "./metric";
import { checkDistinct, distancesTo, type Neighbors } from "./neighbors";
import { fields, number } from "./quantities";

/** The two classic estimates from the ratio of the second to the first neighbor's distance. */
export interface TwoNNEstimate {
  /** Slope of the fit to the empirical distribution; NaN where the ratios do not determine one. */
  fit: number;
  /** Maximum likelihood. */
  ml: number;
}

/** The fit leaves out the largest tenth of the ratios, which noise disturbs most. */
const FRACTION = 0.9;

/**
 * Intrinsic dimension by two nearest neighbors (2NN): with mu = r2 / r1, -ln(1 - F(mu)) = d ln(mu).
 *
 * @param near distances of every point to its two nearest neighbors
 * @throws UserError if these distances are not known, or two points coincide
 * @see Facco et al. 2017 (Scientific Reports 7, 12140), "The estimation algorithm"; the fit as in DADApy's `compute_id_2NN`:
 *   a straight line through the origin for the first 90% of the sorted ratios
 * @example
 * const near = await neighbors({ values: Float64Array.of(0, 1, 3, 7, 15), points: 5, dimension: 1 }, 2);
 * twoNN(near).ml; // 1.3297
 */
export function twoNN(near: Pick<Neighbors, "ranks" | "distances">): TwoNNEstimate {
  checkDistinct(near);
  const [first, second] = [distancesTo(near, 1), distancesTo(near, 2)];
  const points = first.length;
  const logRatios = second.map((distance, i) => Math.log(distance / first[i])).sort();
  const sum = logRatios.reduce((total, logRatio) => total + logRatio, 0);
  let products = 0;
  let squares = 0;
  for (let i = 0; i < Math.floor(FRACTION * points); i++) {
    products -= logRatios[i] * Math.log(1 - (i + 1) / points);
    squares += logRatios[i] ** 2;
  }
  return {
    fit: squares > 0 ? products / squares : Number.NaN,
    ml: sum > 0 ? (points - 1) / sum : Number.NaN,
  };
}

/** 2NN of the distinct points; NaN where there are fewer than three of them. */
export const twoNNMetric = {
  version: 1,
  quantities: fields({ fit: number("twoNNFit"), ml: number("twoNNMaximumLikelihood") }),
  async measure(layer) {
    if (!layer.estimable) return { fit: Number.NaN, ml: Number.NaN };
    return twoNN(await layer.distinctNeighbors());
  },
} satisfies Metric<TwoNNEstimate>;
