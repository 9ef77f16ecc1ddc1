import { UserError } from "../machine/support/errors";
import { fitRatios } from "./grideLikelihood";
import { checkDistinct, distancesTo, type Neighbors } from "./neighbors";

/** An intrinsic dimension at one range scaling. */
export interface DimensionEstimate {
  /** n2, the further of the two neighbors that are compared (the nearer one is n2 / 2). */
  scaling: number;
  /** The intrinsic dimension; NaN where the distances do not determine one (fewer than two ratios, all ratios 1). */
  id: number;
  /** Its standard error. */
  error: number;
  /** The length that it belongs to: mean over points of (r_n1 + r_n2) / 2. */
  scale: number;
}

/**
 * The range scalings n2 = 2, 4, 8, ... that N distinct points allow: powers of two up to N - 1, at most 256.
 */
export function rangeScalings(points: number): number[] {
  const scalings: number[] = [];
  for (let scaling = 2; scaling <= Math.min(points - 1, 256); scaling *= 2) scalings.push(scaling);
  return scalings;
}

/**
 * Generalized ratios intrinsic dimension estimator (GRIDE): the dimension that makes the observed ratios
 * mu_i = r_i,n2 / r_i,n1 of the distances to neighbors n2 and n1 = n2 / 2 most likely.
 *
 * @param near distances of every point to its neighbors n1 and n2
 * @param scaling n2, an even number
 * @throws UserError if these distances are not known, two points coincide, or n2 is odd
 * @see Denti et al. 2022 (arXiv 2104.13832), equations 9 and 13; DADApy's `return_id_scaling_gride` for the outlier filter,
 *   the N - 1 in the likelihood equation and the standard error (Fisher information)
 * @example
 * const near = await neighbors({ values: Float64Array.of(0, 1, 3, 7, 15), points: 5, dimension: 1 }, 2);
 * gride(near, 2).id; // 1.3297
 */
export function gride(near: Pick<Neighbors, "ranks" | "distances">, scaling: number): DimensionEstimate {
  if (!(Number.isInteger(scaling / 2) && scaling > 0)) {
    throw new UserError(`range scaling ${scaling}: must be an even number, 2 or more`);
  }
  checkDistinct(near);
  const [inner, outer] = [distancesTo(near, scaling / 2), distancesTo(near, scaling)];
  const ratios = outer.map((distance, i) => distance / inner[i]);
  let lengths = 0;
  for (let i = 0; i < ratios.length; i++) lengths += (inner[i] + outer[i]) / 2;
  return { scaling, ...fitRatios(ratios, () => scaling), scale: lengths / ratios.length };
}
