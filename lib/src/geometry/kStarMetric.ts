import { median } from "simple-statistics";
import { kStarBinomial } from "./kStarBinomial";
import { kStarGride } from "./kStarGride";
import type { Metric } from "./metric";
import { estimate, fields, number } from "./quantities";

/** As many neighbors as DADApy looks at by default, so that k* is at most one less. */
const NEIGHBORS = 100;

/** k* looks at three neighbors before it tests the next one. */
const FEWEST_POINTS = 5;

export interface AtOwnScale {
  gride: { id: number; error: number };
  binomial: { id: number; error: number };
  /** The median k* at the dimension by GRIDE. */
  neighborhood: number;
}

/** The dimension at the scale that each of the distinct points has of its own, by GRIDE and by the binomial estimator. */
export const kStarMetric = {
  version: 1,
  quantities: fields({
    gride: estimate("kStarGride"),
    binomial: estimate("kStarBinomial"),
    neighborhood: number("kStarMedian"),
  }),
  async measure(layer) {
    const { points } = layer.distinct;
    if (points < FEWEST_POINTS) {
      const none = { id: Number.NaN, error: Number.NaN };
      return { gride: none, binomial: none, neighborhood: Number.NaN };
    }
    const near = await layer.nearestDistinct(Math.min(NEIGHBORS, points - 1));
    const [gride, binomial] = [kStarGride(near), kStarBinomial(near)];
    const sizes = Array.from(gride.neighborhoods);
    return {
      gride: { id: gride.id, error: gride.error },
      binomial: { id: binomial.id, error: binomial.error },
      neighborhood: sizes.length > 0 ? median(sizes) : Number.NaN,
    };
  },
} satisfies Metric<AtOwnScale>;
