import { type Cloud, checkCloud } from "../machine/support/cloud";
import { centeredCloud, dotProducts } from "./dotProducts";
import { symmetricEigenvalues } from "./eigenvalues";

export interface SpectrumOptions {
  /** Whether the mean of the points is taken off first; so without it. */
  centered?: boolean;
}

/**
 * The variances of a cloud along its principal axes, the largest first: the eigenvalues of its covariance matrix, 1/N sum x x^T of
 * the points with their mean taken off (or not), in float64. As many as there are points or coordinates, whichever are fewer.
 *
 * @param cloud three points or more
 * @throws UserError if the cloud is too small or holds NaN or infinity
 * @example
 * const square = { values: Float64Array.of(0, 0, 0, 2, 4, 0, 4, 2), points: 4, dimension: 2 };
 * spectrum(square); // [4, 1]
 */
export function spectrum(cloud: Cloud, { centered = true }: SpectrumOptions = {}): Float64Array {
  checkCloud(cloud, "the cloud");
  const { products, size } = smallerProduct(centered ? centeredCloud(cloud) : cloud);
  // What rounding makes of a zero may be below it.
  return symmetricEigenvalues(products, size).map((value) => Math.max(0, value) / cloud.points);
}

/** The smaller one of the two products of a cloud with itself, by point or by coordinate: the lower triangle [size, size]. */
export function smallerProduct(cloud: Cloud): { products: Float64Array; size: number } {
  const { values, points, dimension } = cloud;
  const rows = dimension <= points ? byCoordinate(cloud) : Float64Array.from(values);
  const size = Math.min(points, dimension);
  return { products: dotProducts(rows, size), size };
}

/** The rows [dimension, points] of a cloud by coordinate. */
function byCoordinate({ values, points, dimension }: Cloud): Float64Array {
  const rows = new Float64Array(points * dimension);
  for (let point = 0; point < points; point++) {
    for (let i = 0; i < dimension; i++) rows[i * points + point] = values[point * dimension + i];
  }
  return rows;
}

/**
 * Matrix entropy, in nats: the entropy of the variances over their sum (von Neumann's, of the covariance matrix over its trace). NaN
 * where all points are the same.
 *
 * @param variances see {@link spectrum}
 * @see Skean et al. 2025 (arXiv 2502.02013), section 3.1, for alpha to 1
 * @example
 * matrixEntropy([1, 1, 1, 1, 0]); // 1.3863
 */
export function matrixEntropy(variances: ArrayLike<number>): number {
  const shares = sharesOf(variances);
  return -shares.reduce((sum, share) => sum + (share > 0 ? share * Math.log(share) : 0), 0);
}

/**
 * Effective rank: how many equal variances have the same entropy, exp of the {@link matrixEntropy}. One vector that is a hundred
 * times as long as the others takes it to about 1.
 *
 * @param variances see {@link spectrum}; their square roots, the singular values, give the number of Roy and Vetterli 2007
 * @see Roy and Vetterli 2007 (EUSIPCO), definition 1, which has singular values where this has variances
 * @example
 * effectiveRank([1, 1, 1, 1, 0]); // 4
 */
export function effectiveRank(variances: ArrayLike<number>): number {
  return Math.exp(matrixEntropy(variances));
}

/**
 * Participation ratio: the square of the sum of the variances over the sum of their squares, how many equal variances have the same.
 * That of N points is at most N - 1, and too low for clouds of many dimensions: N D / (N + D) for a round one, 819 of 1024 points in 4096
 * dimensions. See {@link correctedParticipationRatio}.
 *
 * @param variances see {@link spectrum}
 * @see Gao et al. 2017 (bioRxiv 214262), equation 5
 * @example
 * participationRatio([1, 1, 1, 1, 0]); // 4
 * participationRatio([2, 1, 1]); // 2.6667
 */
export function participationRatio(variances: ArrayLike<number>): number {
  return 1 / sharesOf(variances).reduce((sum, share) => sum + share * share, 0);
}

/** Of the sum; all NaN if that is zero. */
function sharesOf(variances: ArrayLike<number>): number[] {
  const all = Array.from(variances);
  const sum = all.reduce((total, value) => total + value, 0);
  return all.map((value) => value / sum);
}
