import { Matrix } from "ml-matrix";
import type { Cloud } from "../machine/support/cloud";

/**
 * A cloud as a matrix of ml-matrix, one point a row [points, dimension], in float64: for Gram matrices, principal components
 * and whatever else is linear algebra.
 *
 * @see https://mljs.github.io/matrix
 * @example
 * const x = toMatrix({ values: Float64Array.of(1, 0, 3, 4), points: 2, dimension: 2 });
 * x.mmul(x.transpose()).to2DArray(); // [[1, 3], [3, 25]]
 */
export function toMatrix({ values, points, dimension }: Cloud): Matrix {
  return Matrix.from1DArray(points, dimension, values);
}
