import { UserError } from "../machine/support/errors";
import type { Metric } from "./metric";
import type { Neighbors } from "./neighbors";
import { list } from "./quantities";

/**
 * Neighborhood overlap of two layers: chi_k = mean over points i of |A_i intersect B_i| / k, where A_i and B_i are the k
 * nearest neighbors of point i in one layer and in the other.
 *
 * @param from neighbors in one layer
 * @param to those in the other; the same points in the same order
 * @param k how many neighbors of each point are compared
 * @returns 0 (none is kept) to 1
 * @throws UserError if the layers have different numbers of points, or fewer than k neighbors are listed
 * @see arXiv 2501.10573, section "Neighborhood overlap"; Doimo et al. 2020 (arXiv 2007.03506), equation 1
 * @example
 * const one = await neighbors({ values: Float64Array.of(0, 1, 3, 7), points: 4, dimension: 1 }, 2);
 * const other = await neighbors({ values: Float64Array.of(0, 1, 8, 3), points: 4, dimension: 1 }, 2);
 * neighborhoodOverlap(one, other, 2); // 0.5
 */
export function neighborhoodOverlap(from: Neighbors, to: Neighbors, k: number): number {
  const most = Math.min(from.count, to.count);
  if (!(Number.isInteger(k) && k >= 1 && k <= most)) {
    throw new UserError(`overlap of ${k} neighbors: must be a whole number from 1 to the ${most} that are listed`);
  }
  return neighborhoodOverlaps(from, to, k)[k - 1];
}

/** {@link neighborhoodOverlap} for k = 1, 2, ... `sizes` (all that are listed without it): entry k - 1. @throws UserError if the layers have different numbers of points */
export function neighborhoodOverlaps(
  from: Neighbors,
  to: Neighbors,
  sizes = Math.min(from.count, to.count),
): Float64Array {
  if (from.points !== to.points) {
    throw new UserError(`clouds of ${from.points} and ${to.points} points have no neighborhood overlap`);
  }
  const common = new Float64Array(sizes); // over all points, how many neighbors are shared at each k
  // When and from which side a point entered the neighborhoods: cheaper to stamp than to clear.
  const stamp = new Int32Array(from.points).fill(-1);
  for (let point = 0; point < from.points; point++) {
    let shared = 0;
    for (let k = 0; k < sizes; k++) {
      for (const neighbor of [from.indices[point][k], to.indices[point][k]]) {
        // Each list names a neighbor once, so the second time it is met it is in both lists.
        if (stamp[neighbor] === point) shared++;
        else stamp[neighbor] = point;
      }
      common[k] += shared;
    }
  }
  return common.map((count, k) => count / (k + 1) / from.points);
}

/** Overlap of a layer with the one before it, for k = 1, 2, ...; empty for the first layer. */
export const neighborhoodOverlapMetric = {
  version: 1,
  quantities: list("neighborhoodOverlap"),
  ofTwoLayers: true,
  async measure(layer, previous) {
    return previous ? Array.from(neighborhoodOverlaps(previous, await layer.neighbors())) : [];
  },
} satisfies Metric<number[]>;
