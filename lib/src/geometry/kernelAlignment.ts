import { type Cloud, checkCloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { centeredCloud, dotProducts } from "./dotProducts";

/** Products of all pairs of a cloud's points, its mean taken off: what two clouds of the same tokens are aligned by. */
export interface CenteredProducts {
  points: number;
  /** The lower triangle of a symmetric matrix [points, points]. */
  products: Float64Array;
  /** Sum of each row without its entry on the diagonal [points]. */
  rowSums: Float64Array;
}

/** Points that the unbiased estimate divides by, less three. */
const FEWEST = 4;

/**
 * Products of all pairs of points, in float64. Those of a layer are made once and aligned with those of all others.
 *
 * @param cloud three points or more
 * @throws UserError if the cloud is too small or holds NaN or infinity
 * @example
 * const { products } = centeredProducts({ values: Float64Array.of(0, 1, 5), points: 3, dimension: 1 });
 * products[0]; // 4
 */
export function centeredProducts(cloud: Cloud): CenteredProducts {
  checkCloud(cloud, "the cloud");
  const { points } = cloud;
  const products = dotProducts(centeredCloud(cloud).values, points);
  const rowSums = new Float64Array(points);
  for (let row = 0; row < points; row++) {
    for (let column = 0; column < row; column++) {
      rowSums[row] += products[row * points + column];
      rowSums[column] += products[row * points + column];
    }
  }
  return { points, products, rowSums };
}

export interface AlignmentOptions {
  /** Whether each point's product with itself is left out, so that independent clouds have 0; so without it. */
  unbiased?: boolean;
}

/**
 * Linear centered kernel alignment (CKA) of two clouds of the same tokens: 1 if one is the other turned and scaled. For independent clouds the
 * unbiased estimate is near 0; the biased one is high wherever there are more dimensions than points. NaN where a cloud is a single point.
 *
 * @throws UserError if the clouds have different numbers of points, or fewer than four for the unbiased estimate
 * @see Kornblith et al. 2019 (arXiv 1905.00414), equations 3 and 4; Song et al. 2012 (JMLR 13), equation 5, for the unbiased HSIC
 * @example
 * const line = centeredProducts({ values: Float64Array.of(0, 1, 3, 7), points: 4, dimension: 1 });
 * const longer = centeredProducts({ values: Float64Array.of(0, -2, -6, -14), points: 4, dimension: 1 });
 * linearCKA(line, longer, { unbiased: false }); // 1
 */
export function linearCKA(
  a: CenteredProducts,
  b: CenteredProducts,
  { unbiased = true }: AlignmentOptions = {},
): number {
  if (a.points !== b.points) {
    throw new UserError(`clouds of ${a.points} and of ${b.points} points: these are not the same tokens`);
  }
  if (unbiased && a.points < FEWEST) throw new UserError(`${a.points} points: an unbiased alignment needs ${FEWEST}`);
  const independence = unbiased ? unbiasedHSIC : biasedHSIC;
  return independence(a, b) / Math.sqrt(independence(a, a) * independence(b, b));
}

/** Hilbert-Schmidt independence criterion up to a factor: the sum of the products' products. */
function biasedHSIC(a: CenteredProducts, b: CenteredProducts): number {
  return 2 * sumBelowDiagonal(a, b) + sumOnDiagonal(a, b);
}

/** The same, without what each point adds by itself. */
function unbiasedHSIC(a: CenteredProducts, b: CenteredProducts): number {
  const { points } = a;
  const total = (sums: Float64Array) => sums.reduce((sum, one) => sum + one, 0);
  const shared = a.rowSums.reduce((sum, one, row) => sum + one * b.rowSums[row], 0);
  const whole = (total(a.rowSums) * total(b.rowSums)) / ((points - 1) * (points - 2));
  return 2 * sumBelowDiagonal(a, b) + whole - (2 / (points - 2)) * shared;
}

function sumBelowDiagonal({ points, products }: CenteredProducts, other: CenteredProducts): number {
  let sum = 0;
  for (let row = 1; row < points; row++) {
    let own = 0;
    for (let i = row * points; i < row * points + row; i++) own += products[i] * other.products[i];
    sum += own;
  }
  return sum;
}

function sumOnDiagonal({ points, products }: CenteredProducts, other: CenteredProducts): number {
  let sum = 0;
  for (let i = 0; i < products.length; i += points + 1) sum += products[i] * other.products[i];
  return sum;
}
