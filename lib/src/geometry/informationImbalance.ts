import { type Cloud, checkCloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { nearestNeighbors, upTo } from "./neighbors";

/** How near to each other the points of a cloud are, in order: what two clouds of the same tokens are compared by. */
export interface NeighborRanks {
  points: number;
  /** Of each point the nearest ones: one, or all that are as near. */
  nearest: Int32Array[];
  /** Rank of every point as seen from every other, 1 for the nearest; equal distances share the mean of their ranks [points, points]. */
  ranks: Float32Array;
}

/**
 * Ranks of all points by distance from every point. Those of a layer are found once and compared with those of all others.
 *
 * @param cloud three points or more
 * @throws UserError if the cloud is too small or holds NaN or infinity
 * @example
 * const near = await neighborRanks({ values: Float64Array.of(0, 1, 3, 7), points: 4, dimension: 1 });
 * near.nearest[2]; // [1]
 * near.ranks.subarray(8, 12); // [2, 1, 0, 3]
 */
export async function neighborRanks(cloud: Cloud): Promise<NeighborRanks> {
  checkCloud(cloud, "the cloud");
  const { points } = cloud;
  const others = points - 1;
  const { indices, distances } = await nearestNeighbors({ ...cloud }, others, upTo(others));
  const ranks = new Float32Array(points * points);
  const nearest: Int32Array[] = [];
  for (let point = 0; point < points; point++) {
    const [row, lengths] = [indices[point], distances[point]];
    for (let first = 0, end = 0; first < others; first = end) {
      while (end < others && lengths[end] === lengths[first]) end++;
      const rank = (first + 1 + end) / 2;
      for (let i = first; i < end; i++) ranks[point * points + row[i]] = rank;
      if (first === 0) nearest.push(row.slice(0, end));
    }
  }
  return { points, nearest, ranks };
}

/**
 * Information imbalance from one cloud to another of the same tokens: how far from each other in the second those are that are nearest in the
 * first, 2/N times the mean rank. 0 (for many points) where the first says all that the second does about who is near whom, 1 where it says
 * nothing. The way back is another number.
 *
 * @throws UserError if the clouds have different numbers of points
 * @see Glielmo et al. 2022 (PNAS Nexus 1, pgac039), equation 1; DADApy 0.3.4, `return_information_imbalace` with all ranks (with fewer it fills in
 *   random ones). Here equal distances, as copies have them, share the mean of their ranks.
 * @example
 * const line = await neighborRanks({ values: Float64Array.of(0, 1, 3, 7), points: 4, dimension: 1 });
 * informationImbalance(line, line); // 0.5
 */
export function informationImbalance(from: NeighborRanks, to: NeighborRanks): number {
  const { points, nearest } = from;
  if (to.points !== points)
    throw new UserError(`clouds of ${points} and of ${to.points} points: these are not the same tokens`);
  let sum = 0;
  for (let point = 0; point < points; point++) {
    let ranks = 0;
    for (const other of nearest[point]) ranks += to.ranks[point * points + other];
    sum += ranks / nearest[point].length;
  }
  return (2 * sum) / points ** 2;
}
