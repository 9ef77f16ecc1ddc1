import { distancesAt } from "./layerCloud";
import type { Metric } from "./metric";

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
 * @param first distance of each point to its nearest neighbor [N], no two points coinciding
 * @param second distance to the second nearest [N]
 * Source: Facco et al. 2017 (Scientific Reports 7, 12140), "The estimation algorithm"; the fit as in DADApy's
 * `compute_id_2NN`: a straight line through the origin for the first 90% of the sorted ratios.
 */
export function twoNN(first: Float64Array, second: Float64Array): TwoNNEstimate {
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
export const twoNNMetric: Metric<TwoNNEstimate> = {
  version: 1,
  async measure(layer) {
    if (!layer.estimable) return { fit: Number.NaN, ml: Number.NaN };
    const neighbors = await layer.distinctNeighbors();
    return twoNN(distancesAt(neighbors, 0), distancesAt(neighbors, 1));
  },
};
