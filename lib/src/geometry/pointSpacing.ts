import type { Cloud } from "../machine/support/cloud";
import type { GramMatrix } from "./gramMatrix";
import { checkCount, nearestNeighbors } from "./neighbors";

/** How much room each point of a cloud has. */
export interface PointSpacing {
  /** Distance of each point to its k-th nearest neighbor, coinciding points included [points]: small where it is crowded. */
  distances: number[];
  /** The nearest points of each, nearest first [points][at most 3]. */
  nearest: number[][];
}

const LISTED = 3;

/**
 * The distance of every point to its k-th nearest neighbor: the usual inverse measure of local density (the density goes as
 * this distance to the power of minus the intrinsic dimension).
 *
 * @param neighbors k
 * @param gram of the cloud, if it is there already
 * @throws UserError if k is no whole number from 1 to the number of points minus 1
 */
export async function pointSpacing(cloud: Cloud, neighbors: number, gram?: GramMatrix): Promise<PointSpacing> {
  const { points } = cloud;
  checkCount(cloud, neighbors);
  const listed = Math.min(LISTED, points - 1);
  const { indices, distances } = await nearestNeighbors(cloud, listed, [neighbors], { gram });
  return {
    distances: distances.map(([distance]) => distance),
    nearest: indices.map((row) => [...row]),
  };
}
