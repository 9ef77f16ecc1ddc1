import { UserError } from "../support/errors";
import type { Metric } from "./metric";
import type { NeighborTable } from "./neighbors";

/** The paper looks at neighborhoods of up to this many points. */
export const LARGEST_NEIGHBORHOOD = 31;

/** How many neighbors can be compared in a cloud of N points: all others, at most 31. */
export function neighborhoodSizes(points: number): number {
  return Math.min(LARGEST_NEIGHBORHOOD, points - 1);
}

/**
 * Neighborhood overlap of two layers: chi_k = mean over points i of |A_i intersect B_i| / k, where A_i and B_i are the k
 * nearest neighbors of point i in one layer and in the other.
 *
 * @param from neighbor lists of one layer
 * @param to those of the other; the same points in the same order
 * @returns chi_k for k = 1, 2, ...: entry k - 1
 * @throws UserError if the layers have different numbers of points
 * Source: arXiv 2501.10573, section "Neighborhood overlap"; Doimo et al. 2020 (arXiv 2007.03506), equation 1.
 */
export function neighborhoodOverlap(from: NeighborTable, to: NeighborTable): Float64Array {
  if (from.points !== to.points) {
    throw new UserError(`clouds of ${from.points} and ${to.points} points have no neighborhood overlap`);
  }
  const sizes = Math.min(from.listed, to.listed);
  const common = new Float64Array(sizes); // over all points, how many neighbors are shared at each k
  // When and from which side a point entered the neighborhoods: cheaper to stamp than to clear.
  const stamp = new Int32Array(from.points).fill(-1);
  for (let point = 0; point < from.points; point++) {
    let shared = 0;
    for (let k = 0; k < sizes; k++) {
      for (const neighbor of [from.indices[point * from.listed + k], to.indices[point * to.listed + k]]) {
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
export const neighborhoodOverlapMetric: Metric<number[]> = {
  version: 1,
  async measure(layer) {
    if (!layer.previous) return [];
    return Array.from(neighborhoodOverlap(layer.previous, await layer.neighbors()));
  },
};
