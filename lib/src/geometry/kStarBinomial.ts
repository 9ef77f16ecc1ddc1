import { type AdaptiveEstimate, type AdaptiveOptions, adapted, meanOf, ROUNDS } from "./kStarGride";
import type { Neighbors } from "./neighbors";

/** Of a ball's volume, the share at which a count of points says most about the dimension. */
const BEST_SHARE = 0.2032;

/** So near may the inner ball come to the outer one. */
const LARGEST_RADIUS = 0.975;

/**
 * Intrinsic dimension by the binomial estimator at each point's own scale: of the points inside the ball that reaches to neighbor k*
 * (itself not counted), the share within r times its radius is r^d. The radius r, the same for all points, is the one that tells most
 * at the dimension of the round before; the rounds are those of {@link kStarGride}.
 *
 * @param near the neighbors of distinct points, with all their distances: 100 as DADApy takes, or all there are
 * @throws UserError as {@link kStar}
 * @see Macocco et al. 2023 (Physical Review Letters 130, 067401); Di Noia et al. 2024 (arXiv 2405.15132); DADApy 0.3.4,
 *   `return_ids_kstar_binomial`
 * @example
 * const near = await neighbors(ballCloud(500, 3, "1"), 20);
 * kStarBinomial(near).id; // 2.846
 */
export function kStarBinomial(
  near: Neighbors,
  { rounds = ROUNDS, ...options }: AdaptiveOptions = {},
): AdaptiveEstimate {
  return adapted(near, rounds, options, (neighborhoods, dimension) => {
    const radius = Math.min(LARGEST_RADIUS, BEST_SHARE ** (1 / dimension));
    const outer = Float64Array.from(neighborhoods, (size, point) => near.distances[point][size - 1]);
    const inner = outer.map((distance) => radius * distance);
    let [inside, all] = [0, 0];
    neighborhoods.forEach((size, point) => {
      all += size - 1;
      for (let i = 0; i < size - 1 && near.distances[point][i] < inner[point]; i++) inside++;
    });
    const logRadius = Math.log(radius);
    const id = inside > 0 ? Math.log(inside / all) / logRadius : Number.NaN;
    const error = Math.sqrt((radius ** -id - 1) / all) / -logRadius; // the Cramér-Rao bound
    return { id, error, scale: meanOf(outer, inner) };
  });
}
