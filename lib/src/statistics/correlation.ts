import { linearRegression, mean } from "simple-statistics";
import { UserError } from "../machine/support/errors";
import { leastLogPValue, logPermutationPValue, MOST_COUNTED } from "./rankPermutations";
import { fisherInterval, logCorrelationPValue } from "./significance";

/** Two points are always on a line, and in one order or the other: only from three pairs on does a correlation say something. */
export const FEWEST_PAIRS = 3;

/** How two quantities go together: along a line (Pearson's r), or in their order alone (Spearman's rho). */
export type CorrelationMethod = "pearson" | "spearman";

/** A correlation with how sure it is. NaN where it does not exist ({@link FEWEST_PAIRS}, or all values the same). */
export interface Correlation {
  method: CorrelationMethod;
  /** r or rho, -1 to 1. */
  coefficient: number;
  /** Pairs that count: those of two finite numbers. */
  n: number;
  /** Two-sided p-value, of ranks of few pairs by permutations; 0 where it is too small for a number. */
  p: number;
  /** Its logarithm to base 10, which does not underflow. */
  log10P: number;
  /** 95% confidence interval by Fisher's transformation. */
  low: number;
  high: number;
}

/**
 * Correlation of pairs (x[i], y[i]), with its two-sided p-value and 95% confidence interval.
 *
 * @param x the first of each pair; pairs with a NaN or infinity are left out
 * @param y the second, as many
 * @throws UserError if there are not as many of one as of the other
 */
export function correlate(x: ArrayLike<number>, y: ArrayLike<number>, method: CorrelationMethod): Correlation {
  const [left, right] = finitePairs(x, y);
  if (method === "pearson") return correlationOf(method, linearCoefficient(left, right), left.length);
  const ranks = [averageRanks(left), averageRanks(right)] as const;
  const correlation = correlationOf(method, linearCoefficient(...ranks), left.length);
  return Number.isNaN(correlation.coefficient)
    ? correlation
    : { ...correlation, ...rankPValue(ranks, correlation.log10P) };
}

/**
 * The p-value of a rank correlation: of few pairs by all permutations, of more by Student's t, as scipy does. That one goes to
 * 0 for an order that is nearly perfect, further than permutations ever could, and stops where these would.
 */
function rankPValue(ranks: readonly [Float64Array, Float64Array], student: number): Pick<Correlation, "p" | "log10P"> {
  const logP =
    ranks[0].length <= MOST_COUNTED
      ? logPermutationPValue(...ranks)
      : Math.max(student * Math.LN10, leastLogPValue(...ranks));
  return { p: Math.exp(logP), log10P: logP / Math.LN10 };
}

/** Why there is no correlation, where there is none: "fewer than 3 pairs", "all values of one side are the same". */
export function whyNone({ n }: Pick<Correlation, "n">): string {
  return n < FEWEST_PAIRS ? `fewer than ${FEWEST_PAIRS} pairs` : "all values of one side are the same";
}

/**
 * Pearson's correlation: how well pairs (x[i], y[i]) follow a line, with p-value and confidence interval.
 *
 * @throws UserError if there are not as many of one as of the other
 * @example pearson([1, 2, 3, 4], [2, 4, 5, 4]).coefficient; // 0.7182
 */
export function pearson(x: ArrayLike<number>, y: ArrayLike<number>): Correlation {
  return correlate(x, y, "pearson");
}

/**
 * Spearman's correlation: how well the order of x is that of y, with p-value and confidence interval.
 *
 * @throws UserError if there are not as many of one as of the other
 * @example spearman([1, 2, 3, 4], [1, 10, 100, 50]).coefficient; // 0.8
 */
export function spearman(x: ArrayLike<number>, y: ArrayLike<number>): Correlation {
  return correlate(x, y, "spearman");
}

/** A known coefficient of n pairs with its p-value (of ranks, too, by Student's t) and 95% confidence interval. */
export function correlationOf(method: CorrelationMethod, coefficient: number, n: number): Correlation {
  const logP = logCorrelationPValue(coefficient, n);
  const [low, high] = fisherInterval(coefficient, n, 0.95, method === "spearman");
  return { method, coefficient, n, p: Math.exp(logP), log10P: logP / Math.LN10, low, high };
}

/**
 * Pearson's r of finite numbers [n] and [n]; NaN with fewer than three pairs or if all values of one side are equal. (simple-statistics
 * divides by two rounded square roots: an exact line has 0.9999999999999998 there, and a p-value other than 0.)
 */
export function linearCoefficient(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const n = x.length;
  if (n < FEWEST_PAIRS || isConstant(x) || isConstant(y)) return Number.NaN;
  const [meanX, meanY] = [mean(Array.from(x)), mean(Array.from(y))];
  let [squaresX, squaresY, products] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [dx, dy] = [x[i] - meanX, y[i] - meanY];
    squaresX += dx * dx;
    squaresY += dy * dy;
    products += dx * dy;
  }
  return Math.min(1, Math.max(-1, products / Math.sqrt(squaresX * squaresY)));
}

/** Rounding of the mean leaves a constant a tiny spread, so equality is looked for itself. */
function isConstant(values: ArrayLike<number>): boolean {
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
}

/** Spearman's rho of finite numbers: Pearson's r of their ranks, equal values sharing the mean of theirs. */
export function rankCoefficient(x: ArrayLike<number>, y: ArrayLike<number>): number {
  return linearCoefficient(averageRanks(x), averageRanks(y));
}

/** Rank of each value from 1 on; equal values get the mean of the ranks that they take up together. */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, index) => index).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let i = start; i < end; i++) ranks[order[i]] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/** A straight line y = slope x + intercept. */
export interface Line {
  slope: number;
  intercept: number;
}

/**
 * The line of least squares through pairs of finite numbers; NaN with fewer than two pairs or if all x are equal.
 *
 * @example fittedLine([1, 2, 3], [3, 5, 7]); // { slope: 2, intercept: 1 }
 */
export function fittedLine(x: ArrayLike<number>, y: ArrayLike<number>): Line {
  const [left, right] = finitePairs(x, y);
  if (left.length < 2 || isConstant(left)) return { slope: Number.NaN, intercept: Number.NaN };
  // Centered first: sums of products of numbers with a large mean would lose the digits in which they differ.
  const [meanX, meanY] = [mean(left), mean(right)];
  const { m: slope } = linearRegression(left.map((value, i) => [value - meanX, right[i] - meanY]));
  return { slope, intercept: meanY - slope * meanX };
}

function finitePairs(x: ArrayLike<number>, y: ArrayLike<number>): [number[], number[]] {
  if (x.length !== y.length) throw new UserError(`${x.length} and ${y.length} values are no pairs`);
  const kept = Array.from(x, (_, i) => i).filter((i) => Number.isFinite(x[i]) && Number.isFinite(y[i]));
  return [kept.map((i) => x[i]), kept.map((i) => y[i])];
}
