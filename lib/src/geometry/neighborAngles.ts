import type { Cloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { inKernelMemory } from "./kernels";
import { type MeanAndDeviation, type Metric, meanAndDeviation } from "./metric";
import type { Neighbors } from "./neighbors";
import { counts, fields, number } from "./quantities";

/**
 * For each point, the angle at which it sees its two nearest neighbors a and b: the angle between x - a and x - b.
 * 60 degrees is typical of a high-dimensional cloud, a wide spread of a low-dimensional one.
 *
 * @param near the neighbors of its points, two or more of each
 * @returns degrees [N], 0 to 180; NaN where a neighbor coincides with the point
 * @throws UserError if the neighbors are those of another number of points, or fewer than two
 * @see arXiv 2501.10573, Figure 4
 * @example
 * const square = { values: Float64Array.of(0, 0, 1, 0, 1, 1, 0, 1), points: 4, dimension: 2 };
 * neighborAngles(square, await neighbors(square, 2)); // [90, 90, 90, 90]
 */
export function neighborAngles(cloud: Cloud, near: Neighbors): Float64Array {
  const { points, dimension } = cloud;
  if (near.points !== points || near.count < 2) {
    throw new UserError(`${near.count} neighbors of ${near.points} points: two of each of ${points} points are needed`);
  }
  const pairs = new Int32Array(2 * points);
  for (let point = 0; point < points; point++) {
    pairs[2 * point] = near.indices[point][0];
    pairs[2 * point + 1] = near.indices[point][1];
  }
  return inKernelMemory({ ...cloud }, (memory, valuesAt, isDouble) => {
    const pairsAt = memory.place(pairs);
    const cosinesAt = memory.reserve(8 * points);
    memory.call.cosines(valuesAt, isDouble, points, dimension, pairsAt, cosinesAt);
    const degrees = (cosine: number) => (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI;
    return memory.float64(cosinesAt, points).slice().map(degrees);
  });
}

/** The angles of a layer: mean and deviation in degrees, and how they are spread. */
export interface AngleDistribution extends MeanAndDeviation {
  /** Number of angles in each of 90 bins of 2 degrees, from 0 to 180. */
  histogram: number[];
}

/** Bins of the angles, from 0 to 180 degrees. */
export const ANGLE_BINS = 90;
export const BIN_DEGREES = 180 / ANGLE_BINS;

/** Angles at the distinct points: where two points coincide there is no direction. */
export const neighborAngleMetric = {
  version: 1,
  quantities: fields({
    mean: number("neighborAngle"),
    std: number("neighborAngleDeviation"),
    histogram: counts("neighborAngleCount", ANGLE_BINS, BIN_DEGREES),
  }),
  async measure(layer) {
    const histogram = new Array<number>(ANGLE_BINS).fill(0);
    if (!layer.estimable) return { mean: Number.NaN, std: Number.NaN, histogram };
    const angles = neighborAngles(layer.distinct, await layer.distinctNeighbors());
    for (const angle of angles) histogram[Math.min(ANGLE_BINS - 1, Math.floor((angle * ANGLE_BINS) / 180))]++;
    return { ...meanAndDeviation(angles), histogram };
  },
} satisfies Metric<AngleDistribution>;
