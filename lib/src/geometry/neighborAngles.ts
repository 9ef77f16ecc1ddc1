import { type MeanAndDeviation, type Metric, meanAndDeviation } from "./metric";
import type { NeighborTable } from "./neighbors";
import type { PointCloud } from "./pointCloud";

/**
 * For each point, the angle at which it sees its two nearest neighbors a and b: the angle between x - a and x - b.
 * 60 degrees is typical of a high-dimensional cloud, a wide spread of a low-dimensional one.
 *
 * @param cloud no two points coinciding
 * @param neighbors of the same points, two or more listed for each
 * @returns degrees [N], between 0 and 180
 * Source: arXiv 2501.10573, Figure 4.
 */
export function neighborAngles({ values, points, dimension }: PointCloud, neighbors: NeighborTable): Float64Array {
  const angles = new Float64Array(points);
  for (let point = 0; point < points; point++) {
    const [x, a, b] = [
      point,
      neighbors.indices[point * neighbors.listed],
      neighbors.indices[point * neighbors.listed + 1],
    ];
    let [product, squareA, squareB] = [0, 0, 0];
    for (let column = 0; column < dimension; column++) {
      const here = values[x * dimension + column];
      const toA = here - values[a * dimension + column];
      const toB = here - values[b * dimension + column];
      product += toA * toB;
      squareA += toA * toA;
      squareB += toB * toB;
    }
    const cosine = product / Math.sqrt(squareA) / Math.sqrt(squareB);
    angles[point] = (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI;
  }
  return angles;
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
