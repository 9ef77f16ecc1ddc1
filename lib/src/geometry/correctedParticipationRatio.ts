import { type Cloud, checkCloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { centeredCloud } from "./dotProducts";
import { smallerProduct } from "./spectrum";

/** So many different points stand in each term of the estimator. */
const FEWEST = 4;

/** Of the squared sum of all variances; below it is what rounding has left of a zero. */
const TINY = 1e-12;

export interface CorrectionOptions {
  /**
   * Whether the coordinates are a sample, too, as recorded neurons are: then the ratio is that of coordinates without end. Without it
   * they are; false for a model's hidden states, all of whose coordinates are known.
   */
  sampledCoordinates?: boolean;
}

/**
 * Participation ratio of the variances that a cloud would have with points without end: means of products over different points take the
 * place of the sums that {@link participationRatio} is too low by. Of N points of a round cloud in D dimensions that gives D, where the naive ratio
 * gives N D / (N + D).
 *
 * It is a quotient of two estimates that may come out at zero or below, as they do with one vector that is a hundred times as long as the
 * others: then there is no number (NaN). Leave such points out.
 *
 * The mean of the points may be taken off first: the estimator sees differences of points alone. That leaves three of its seven terms.
 *
 * @param cloud four points or more of two coordinates or more
 * @throws UserError if the cloud is smaller than that, or holds NaN or infinity
 * @see Chun et al. 2025 (arXiv 2509.26560), section 4; PyPI `dimensionality` 0.1.4, `participation_ratio`, whose answer is that for sampled
 *   coordinates ("both"), and "row" that for all of them
 * @example
 * const nearlyALine = { values: Float64Array.of(0, 0, 1, 2, 2, 4, 3, 6, 4, 8, 5, 11), points: 6, dimension: 2 };
 * correctedParticipationRatio(nearlyALine); // 1.0089
 * correctedParticipationRatio(nearlyALine, { sampledCoordinates: false }); // 1.0026
 */
export function correctedParticipationRatio(
  cloud: Cloud,
  { sampledCoordinates = true }: CorrectionOptions = {},
): number {
  checkCloud(cloud, "the cloud");
  const centered = centeredCloud(cloud);
  const { values, points, dimension } = centered;
  if (points < FEWEST || dimension < 2) {
    throw new UserError(`${points} points of ${dimension} coordinates: at least ${FEWEST} of 2 are needed`);
  }
  const ofPoint = new Float64Array(points); // squared lengths
  const ofCoordinate = new Float64Array(dimension);
  let fourthPowers = 0;
  for (let point = 0; point < points; point++) {
    for (let i = 0; i < dimension; i++) {
      const square = values[point * dimension + i] ** 2;
      ofPoint[point] += square;
      ofCoordinate[i] += square;
      fourthPowers += square * square;
    }
  }
  const total = ofPoint.reduce((sum, square) => sum + square, 0);
  // What pairs of a coordinate with itself add to each term; of different ones there is the same number of products with and without end.
  const [sameCoordinate, samePoint] = sampledCoordinates ? [sumOfSquares(ofCoordinate), fourthPowers] : [0, 0];
  // Products of two points with themselves, of two with each other, of one with itself twice.
  const apart = total ** 2 - sameCoordinate;
  const across = sumOfSquaredProducts(centered) - sameCoordinate;
  const alone = (sumOfSquares(ofPoint) - samePoint) * (points / (points - 2));
  const pairs = (points - 1) * (points - 2);
  const numerator = apart - alone + (2 * across - apart) / pairs;
  const denominator = across - alone + apart / pairs;
  const least = TINY * apart;
  return numerator > least && denominator > least ? numerator / denominator : Number.NaN;
}

/** Of all pairs of points, or of coordinates: the sum of the squared eigenvalues, without these. */
function sumOfSquaredProducts(cloud: Cloud): number {
  const { products, size } = smallerProduct(cloud);
  const diagonal = Float64Array.from({ length: size }, (_, i) => products[i * size + i]);
  return 2 * sumOfSquares(products) - sumOfSquares(diagonal); // The triangle above the diagonal is empty.
}

function sumOfSquares(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
