import type { Cloud } from "../support/cloud";
import { inKernelMemory } from "./kernels";
import { type MeanAndDeviation, type Metric, meanAndDeviation } from "./metric";
import type { NeighborTable } from "./neighbors";

/**
 * For each point, the angle at which it sees its two nearest neighbors a and b: the angle between x - a and x - b.
 * 60 degrees is typical of a high-dimensional cloud, a wide spread of a low-dimensional one.
 *
 * @param cloud no two points coinciding
 * @param neighbors of the same points, two or more listed for each
 * @returns degrees [N], between 0 and 180
 * Source: arXiv 2501.10573, Figure 4.
 */
export function neighborAngles(cloud: Cloud, neighbors: NeighborTable): Float64Array {
  const { points, dimension } = cloud;
  const pairs = new Int32Array(2 * points);
  for (let point = 0; point < points; point++) {
    pairs[2 * point] = neighbors.indices[point * neighbors.listed];
    pairs[2 * point + 1] = neighbors.indices[point * neighbors.listed + 1];
  }
  return inKernelMemory(cloud, (memory, valuesAt, isDouble) => {
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

const BINS = 90;

/** Angles at the distinct points: where two points coincide there is no direction. */
export const neighborAngleMetric: Metric<AngleDistribution> = {
  version: 1,
  async measure(layer) {
    const histogram = new Array<number>(BINS).fill(0);
    if (!layer.estimable) return { mean: Number.NaN, std: Number.NaN, histogram };
    const angles = neighborAngles(layer.distinct, await layer.distinctNeighbors());
    for (const angle of angles) histogram[Math.min(BINS - 1, Math.floor((angle * BINS) / 180))]++;
    return { ...meanAndDeviation(angles), histogram };
  },
};
