import { type DimensionEstimate, gride } from "./gride";
import type { Metric } from "./metric";
import { estimates } from "./quantities";

/**
 * Intrinsic dimension by GRIDE at all range scalings n2 = 2, 4, 8, ..., of the distinct points; none where there are fewer
 * than three of them.
 */
export const intrinsicDimensionMetric = {
  version: 1,
  quantities: estimates("intrinsicDimension"),
  async measure(layer) {
    if (!layer.estimable) return [];
    const neighbors = await layer.distinctNeighbors();
    return neighbors.ranks.slice(1).map((scaling) => gride(neighbors, scaling));
  },
} satisfies Metric<DimensionEstimate[]>;
