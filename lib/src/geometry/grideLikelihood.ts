import { quantileSorted } from "simple-statistics";

/** The root of the likelihood equation is looked for between these. */
const SMALLEST = 0.001;
const LARGEST = 1000;

/** The points that are looked at through the same pair of neighbors: n2 and n2 / 2. */
interface Group {
  /** n2 */
  scaling: number;
  /** ln(mu) of each of them. */
  logRatios: Float64Array;
}

/**
 * The dimension that makes ratios of distances mu_i = r_i,n2 / r_i,n1 most likely, n1 being n2 / 2, and its standard error. Ratios from
 * q50 + 20 (q95 - q50) on are outliers: the dimension is found without them.
 *
 * @param ratios of each point, 1 or more
 * @param scalingOf n2 of a point: the same for all, or each its own
 * @returns NaN where the ratios do not determine one (fewer than two, all of them 1)
 * @see Denti et al. 2022 (arXiv 2104.13832), equations 9 and 13; DADApy's `return_id_scaling_gride` for the outliers, the N - 1 in the
 *   likelihood equation and the standard error (Fisher information)
 */
export function fitRatios(ratios: Float64Array, scalingOf: (point: number) => number): { id: number; error: number } {
  const limit = outlierLimit(ratios);
  const id = mostLikelyDimension(groupsOf(ratios, scalingOf, (ratio) => ratio < limit));
  return {
    id,
    error: standardError(
      id,
      groupsOf(ratios, scalingOf, () => true),
    ),
  };
}

/** With linearly interpolated percentiles as NumPy's. */
function outlierLimit(ratios: Float64Array): number {
  const sorted = Array.from(ratios.toSorted());
  const median = quantileSorted(sorted, 0.5);
  return median + 20 * (quantileSorted(sorted, 0.95) - median);
}

function groupsOf(
  ratios: Float64Array,
  scalingOf: (point: number) => number,
  isKept: (ratio: number) => boolean,
): Group[] {
  const groups = new Map<number, number[]>();
  ratios.forEach((ratio, point) => {
    if (!isKept(ratio)) return;
    const scaling = scalingOf(point);
    const known = groups.get(scaling);
    if (known) known.push(Math.log(ratio));
    else groups.set(scaling, [Math.log(ratio)]);
  });
  return [...groups].map(([scaling, logRatios]) => ({ scaling, logRatios: Float64Array.from(logRatios) }));
}

function mostLikelyDimension(groups: readonly Group[]): number {
  const count = groups.reduce((total, { logRatios }) => total + logRatios.length, 0);
  const sums = groups.map(({ logRatios }) => logRatios.reduce((total, logRatio) => total + logRatio, 0));
  const sum = sums.reduce((total, one) => total + one, 0);
  if (count < 2 || sum <= 0) return Number.NaN;
  // Neighbors 1 and 2: the equation has a closed solution.
  if (groups.every(({ scaling }) => scaling === 2)) return (count - 1) / sum;
  return findDimension(groups, sums, count);
}

/**
 * The root in d of: sum ln(mu) [(n2 - 1) - (n2 - n1 - 1) / (1 - mu^-d)] - (N' - 1) / d = 0.
 * The left side grows with d, so Newton's steps are kept inside a bracket that every step narrows. They start from the
 * dimension that makes the mean of ln(mu) what is to be expected: (1/n1 + ... + 1/(n2 - 1)) / d.
 */
function findDimension(groups: readonly Group[], sums: readonly number[], count: number): number {
  let slope = 0;
  const equation = (dimension: number) => {
    slope = (count - 1) / dimension ** 2;
    let value = 0;
    groups.forEach(({ scaling, logRatios }, group) => {
      const factor = scaling / 2 - 1; // n2 - n1 - 1
      const { values, falls } = sumShrinking(logRatios, dimension);
      slope += factor * falls;
      value += (scaling - 1) * sums[group] - factor * values;
    });
    return value - (count - 1) / dimension;
  };
  let low = SMALLEST;
  let high = LARGEST;
  let [expected, sum] = [0, 0]; // of d ln(mu), and of ln(mu)
  groups.forEach(({ scaling, logRatios }, group) => {
    let harmonic = 0;
    for (let neighbor = scaling / 2; neighbor < scaling; neighbor++) harmonic += 1 / neighbor;
    expected += harmonic * logRatios.length;
    sum += sums[group];
  });
  let dimension = Math.min(Math.max(expected / sum, low), high);
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
 * Sums over points of ln(mu) / (1 - mu^-d), and of how much that falls as d grows: [ln(mu) / (1 - mu^-d)]^2 mu^-d. At
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

/** 1 / sqrt(I) with the Fisher information I = N / d^2 + sum (n2 - n1 - 1) [ln(mu) / (1 - mu^-d)]^2 mu^-d over all points. */
function standardError(dimension: number, groups: readonly Group[]): number {
  let information = groups.reduce((total, { logRatios }) => total + logRatios.length, 0) / dimension ** 2;
  for (const { scaling, logRatios } of groups) {
    const factor = scaling / 2 - 1;
    if (factor > 0) information += factor * sumShrinking(logRatios, dimension).falls;
  }
  return 1 / Math.sqrt(information);
}
