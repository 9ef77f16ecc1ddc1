import { jStat } from "jstat";
import { UserError } from "../machine/support/errors";
import { checkDistinct, type Neighbors } from "./neighbors";

/** Three neighbors are taken as alike without a test. */
const SMALLEST = 3;

export interface KStarOptions {
  /** So improbable has a difference of densities to be by chance; 1e-6 without it. */
  alpha?: number;
}

/**
 * The largest neighborhood of each point in which the density is the same, k*. Neighbor by neighbor, the nearest first, its own
 * neighborhood of k points is compared with that of the point itself: where both densities were one, twice the logarithm of
 * the likelihoods' ratio, 4 k ln cosh(d ln(r / r') / 2), would follow chi-square with one degree of freedom. k* counts
 * the neighbors before the first one, k + 1, where it is larger than all but `alpha` of that.
 *
 * @param near the neighbors of distinct points, with all their distances; none is looked for beyond them
 * @param dimension d, by which volumes grow with distances
 * @returns k* of each point [N]: 3 to the number of neighbors less one
 * @throws UserError with fewer than four neighbors, without the distance of one of them, or if two points coincide, or d or alpha makes no sense
 * @see Rodriguez et al. 2018 (arXiv 1802.10549), the likelihood-ratio test of the optimal neighborhood size; DADApy 0.3.4,
 *   `compute_kstar`, for the order of the tests
 * @example
 * const line = Float64Array.of(0, 1, 2, 3, 4, 5, 6, 7, 108, 208);
 * const near = await neighbors({ values: line, points: 10, dimension: 1 }, 9);
 * kStar(near, 1, { alpha: 0.01 }); // [7, 7, 7, 7, 7, 7, 7, 7, 3, 3]
 */
export function kStar(near: Neighbors, dimension: number, { alpha = 1e-6 }: KStarOptions = {}): Int32Array {
  checkAllDistances(near);
  if (!(dimension > 0 && dimension < Number.POSITIVE_INFINITY)) {
    throw new UserError(`dimension ${dimension}: must be a number above 0`);
  }
  if (!(alpha > 0 && alpha < 1)) throw new UserError(`alpha ${alpha}: must be between 0 and 1`);
  const threshold = jStat.normal.inv(alpha / 2, 0, 1) ** 2; // the quantile of chi-square
  const { points, count, indices, distances } = near;
  return Int32Array.from({ length: points }, (_, point) => {
    let size = SMALLEST;
    for (; size < count - 1; size++) {
      const other = indices[point][size]; // neighbor size + 1
      const logRatio = Math.log(distances[point][size - 1] / distances[other][size - 1]);
      if (4 * size * logCosh((dimension * logRatio) / 2) > threshold) break;
    }
    return size;
  });
}

/** @throws UserError unless there are four neighbors or more, with the distances of all, none of them 0 */
export function checkAllDistances(near: Neighbors): void {
  const { count, ranks } = near;
  if (count <= SMALLEST) throw new UserError(`${count} neighbors: ${SMALLEST + 1} are the least`);
  if (!(ranks.length >= count && ranks.slice(0, count).every((rank, i) => rank === i + 1))) {
    throw new UserError(`not all distances are known: take neighbors(cloud, ${count})`);
  }
  checkDistinct(near);
}

/** Without the overflow of cosh. */
function logCosh(x: number): number {
  const size = Math.abs(x);
  return size + Math.log1p(Math.exp(-2 * size)) - Math.LN2;
}
