import { fitRatios } from "./grideLikelihood";
import { checkAllDistances, type KStarOptions, kStar } from "./kStar";
import type { Neighbors } from "./neighbors";
import { twoNN } from "./twoNN";

/** So often a dimension and the neighborhoods in which it holds are found from one another. */
export const ROUNDS = 5;

export interface AdaptiveOptions extends KStarOptions {
  /** How often the dimension is found anew from neighborhoods, and these from it; 5 without it. */
  rounds?: number;
}

/** A dimension at the scale that each point has of its own. */
export interface AdaptiveEstimate {
  /** NaN where the distances do not determine one. */
  id: number;
  /** Its standard error; points are taken as independent, so that the overlap of their neighborhoods is not in it. */
  error: number;
  /** The length that it belongs to: the mean of the two distances that are compared, over points. */
  scale: number;
  /** {@link kStar} of each point at this dimension [N]; empty where there is none. */
  neighborhoods: Int32Array;
  /** The dimension before each round, from that of 2NN on, and after the last one; equal at the end if it has settled. */
  rounds: number[];
}

/**
 * Intrinsic dimension by GRIDE at each point's own scale: as far as the density around it is the same. From the dimension of 2NN
 * follow neighborhoods k* ({@link kStar}), from the ratios of the distances to neighbors k* and half of k* the dimension, from it neighborhoods again. An odd k* is
 * made even by the next neighbor.
 *
 * @param near the neighbors of distinct points, with all their distances: 100 as DADApy takes, or all there are
 * @throws UserError as {@link kStar}
 * @see Di Noia et al. 2024 (arXiv 2405.15132); DADApy 0.3.4, `return_ids_kstar_gride`
 * @example
 * const near = await neighbors(ballCloud(500, 3, "1"), 20);
 * kStarGride(near).id; // 2.708
 */
export function kStarGride(near: Neighbors, { rounds = ROUNDS, ...options }: AdaptiveOptions = {}): AdaptiveEstimate {
  return adapted(near, rounds, options, (neighborhoods) => {
    const scalings = neighborhoods.map((size) => size + (size % 2));
    const inner = Float64Array.from(scalings, (scaling, point) => near.distances[point][scaling / 2 - 1]);
    const outer = Float64Array.from(scalings, (scaling, point) => near.distances[point][scaling - 1]);
    const ratios = outer.map((distance, point) => distance / inner[point]);
    return { ...fitRatios(ratios, (point) => scalings[point]), scale: meanOf(inner, outer) };
  });
}

/** What a round makes of neighborhoods. */
type Round = Pick<AdaptiveEstimate, "id" | "error" | "scale">;

/**
 * Finds a dimension from neighborhoods and neighborhoods from the dimension in turn.
 *
 * @param estimate the dimension from the neighborhoods, given the one that they came from
 */
export function adapted(
  near: Neighbors,
  rounds: number,
  options: KStarOptions,
  estimate: (neighborhoods: Int32Array, dimension: number) => Round,
): AdaptiveEstimate {
  checkAllDistances(near);
  const first = twoNN(near).fit;
  const ids = [first];
  let round: Round = { id: first, error: Number.NaN, scale: Number.NaN };
  for (let done = 0; round.id > 0; done++) {
    const neighborhoods = kStar(near, round.id, options);
    if (done >= rounds) return { ...round, neighborhoods, rounds: ids };
    round = estimate(neighborhoods, round.id);
    ids.push(round.id);
  }
  const none = Number.NaN;
  return { id: none, error: none, scale: none, neighborhoods: new Int32Array(), rounds: ids };
}

/** Mean over points of (a + b) / 2. */
export function meanOf(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + (value + b[i]) / 2, 0) / a.length;
}
