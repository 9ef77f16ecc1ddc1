import { quantileSorted } from "simple-statistics";
import { UserError } from "../machine/support/errors";
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

/** The root of the likelihood equation is looked for between these. */
const SMALLEST = 0.001;
const LARGEST = 1000;

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
  const points = inner.length;
  const ratios = outer.map((distance, i) => distance / inner[i]);
  const logRatios = ratios.map(Math.log);
  const limit = outlierLimit(ratios);
  const kept = logRatios.filter((_, i) => ratios[i] < limit);
  const id = mostLikelyDimension(kept, scaling);
  let lengths = 0;
  for (let i = 0; i < points; i++) lengths += (inner[i] + outer[i]) / 2;
  return { scaling, id, error: standardError(id, logRatios, scaling), scale: lengths / points };
}

/** Ratios from here on are outliers: q50 + 20 (q95 - q50), with linearly interpolated percentiles as NumPy's. */
function outlierLimit(ratios: Float64Array): number {
  const sorted = Array.from(ratios.toSorted());
  const median = quantileSorted(sorted, 0.5);
  return median + 20 * (quantileSorted(sorted, 0.95) - median);
}

function mostLikelyDimension(logRatios: Float64Array, scaling: number): number {
  const count = logRatios.length;
  const sum = logRatios.reduce((total, logRatio) => total + logRatio, 0);
  if (count < 2 || sum <= 0) return Number.NaN;
  // Neighbors 1 and 2: the equation has a closed solution.
  if (scaling === 2) return (count - 1) / sum;
  return findDimension(logRatios, sum, scaling);
}

/**
 * The root in d of: sum ln(mu) [(n2 - 1) - (n2 - n1 - 1) / (1 - mu^-d)] - (N' - 1) / d = 0.
 * The left side grows with d, so Newton's steps are kept inside a bracket that every step narrows. They start from the
 * dimension that makes the mean of ln(mu) what is to be expected: (1/n1 + ... + 1/(n2 - 1)) / d.
 */
function findDimension(logRatios: Float64Array, sum: number, scaling: number): number {
  const factor = scaling / 2 - 1; // n2 - n1 - 1
  const count = logRatios.length;
  let slope = 0;
  const equation = (dimension: number) => {
    const { values, falls } = sumShrinking(logRatios, dimension);
    slope = (count - 1) / dimension ** 2 + factor * falls;
    return (scaling - 1) * sum - factor * values - (count - 1) / dimension;
  };
  let low = SMALLEST;
  let high = LARGEST;
  let expected = 0; // of d ln(mu)
  for (let neighbor = scaling / 2; neighbor < scaling; neighbor++) expected += 1 / neighbor;
  let dimension = Math.min(Math.max((expected * count) / sum, low), high);
  for (let step = 0; step < 200; step++) {
    const value = equation(dimension);
    if (value > 0) high = dimension;
    else low = dimension;
    let next = dimension - value / slope;
    if (!(next > low && next < high)) next = (low + high) / 2;
    const isSettled = Math.abs(next - dimension) <= 1e-13 * dimension;
    dimension = next;
    if (isSettled) break;
  }
  // At the end of the bracket there is a root only if the equation changes its sign before it.
  if (dimension < SMALLEST * (1 + 1e-9) && equation(SMALLEST) > 0) return Number.NaN;
  if (dimension > LARGEST * (1 - 1e-9) && equation(LARGEST) < 0) return Number.NaN;
  return dimension;
}

/**
 * Sums over all points of ln(mu) / (1 - mu^-d), and of how much that falls as d grows: [ln(mu) / (1 - mu^-d)]^2 mu^-d. At
 * mu = 1 the limits.
 */
function sumShrinking(logRatios: Float64Array, dimension: number): { values: number; falls: number } {
  let [values, falls] = [0, 0];
  for (let i = 0; i < logRatios.length; i++) {
    const logRatio = logRatios[i];
    const fallen = Math.expm1(-dimension * logRatio); // mu^-d - 1
    const value = logRatio > 0 ? logRatio / -fallen : 1 / dimension;
    values += value;
    falls += value * value * (1 + fallen);
  }
  return { values, falls };
}

/** 1 / sqrt(I) with the Fisher information I = N / d^2 + (n2 - n1 - 1) sum [ln(mu) / (1 - mu^-d)]^2 mu^-d over all points. */
function standardError(dimension: number, logRatios: Float64Array, scaling: number): number {
  const factor = scaling / 2 - 1;
  let information = logRatios.length / dimension ** 2;
  if (factor > 0) information += factor * sumShrinking(logRatios, dimension).falls;
  return 1 / Math.sqrt(information);
}
