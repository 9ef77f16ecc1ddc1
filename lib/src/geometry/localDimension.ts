import type { Cloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { LayerCloud } from "./layerCloud";
import { checkDistinct, type Neighbors } from "./neighbors";

/** Neighbors of a point whose distances make its dimension, where nobody says how many: the error of one point is a quarter of its dimension. */
const NEIGHBORS = 20;

/**
 * The local intrinsic dimension of each point: the maximum-likelihood estimate of the distances T_1 .. T_k to its nearest neighbors,
 * (k - 1) / sum_j ln(T_k / T_j). Its standard error is about 1 / sqrt(k - 1) of it. Copies of a point are left out, and have its number.
 *
 * @param cloud three points or more
 * @param count k, two or more; without it 20, or as many as there are other distinct points
 * @returns [points]; NaN where all k neighbors are equally far, or there are fewer than three distinct points
 * @throws UserError if the cloud is too small or holds NaN or infinity, or its distinct points have not so many neighbors
 * @see Levina and Bickel 2004 (NIPS 17), equation 8
 * @example
 * const line = { values: Float64Array.of(0, 1, 3, 7, 15), points: 5, dimension: 1 };
 * await localDimensions(line, 3); // [0.716, 0.692, 2.0391, 2.802, 2.802]
 */
export async function localDimensions(cloud: Cloud | LayerCloud, count?: number): Promise<Float64Array> {
  const layer = cloud instanceof LayerCloud ? cloud : new LayerCloud(cloud, "the cloud");
  const { points } = layer.distinct;
  const most = points - 1;
  if (count === undefined && !layer.estimable) return new Float64Array(layer.cloud.points).fill(Number.NaN);
  const k = count ?? Math.min(NEIGHBORS, most);
  if (!Number.isInteger(k) || k < 2 || k > most) {
    throw new UserError(`neighbor ${k} of ${points} distinct points: must be a whole number from 2 to ${most}`);
  }
  const ofDistinct = dimensionsByDistances(await layer.nearestDistinct(k));
  return Float64Array.from(layer.distinctRows, (row) => ofDistinct[row]);
}

/** The same from the distances of distinct points to their neighbors, the farthest one last [points]. @throws UserError if two coincide */
export function dimensionsByDistances(near: Pick<Neighbors, "ranks" | "distances">): Float64Array {
  checkDistinct(near);
  return Float64Array.from(near.distances, (row) => {
    const farthest = row[row.length - 1];
    const sum = row.reduce((total, distance) => total + Math.log(farthest / distance), 0);
    return sum > 0 ? (row.length - 1) / sum : Number.NaN;
  });
}

/**
 * The mean of local dimensions: their harmonic mean, since it is the inverse of the dimension whose errors cancel. Points without a
 * dimension are left out; NaN of none.
 *
 * @see MacKay and Ghahramani 2005 (http://www.inference.org.uk/mackay/dimension)
 * @example meanLocalDimension([2, 6]); // 3
 */
export function meanLocalDimension(dimensions: ArrayLike<number>): number {
  const known = Array.from(dimensions).filter((dimension) => !Number.isNaN(dimension));
  return known.length / known.reduce((sum, dimension) => sum + 1 / dimension, 0);
}
