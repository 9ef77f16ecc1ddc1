import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { type Cloud, checkCloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { centeredCloud } from "./dotProducts";
import { toMatrix } from "./matrix";
import { smallerProduct } from "./spectrum";

/** A cloud seen along its directions of largest variance. */
export interface PrincipalComponents {
  /** The points in these directions, around their mean [points, count]. */
  projection: Cloud<Float64Array>;
  /** The variance in each of them, the largest first [count]. */
  variances: Float64Array;
  /** Their share of the variance in all directions, 0 to 1; NaN where all points are the same. */
  share: number;
}

/**
 * Principal components: the points of a cloud, their mean taken off, along the directions in which they vary most. What is drawn of a
 * cloud in two or three dimensions has as much of its variance as any such picture can. A direction has the sign with which the point
 * farthest along it is positive.
 *
 * @param cloud three points or more
 * @param count how many directions, at most as many as there are coordinates or points
 * @throws UserError if the cloud is too small or holds NaN or infinity, or there are not so many directions
 * @see Jolliffe 2002, Principal Component Analysis, chapter 3
 * @example
 * const square = { values: Float64Array.of(0, 0, 0, 2, 4, 0, 4, 2), points: 4, dimension: 2 };
 * const { projection, variances, share } = principalComponents(square, 1);
 * [projection.values[0] ** 2, variances[0], share]; // [4, 4, 0.8]
 */
export function principalComponents(cloud: Cloud, count: number): PrincipalComponents {
  checkCloud(cloud, "the cloud");
  const { points, dimension } = cloud;
  const most = Math.min(points, dimension);
  if (!Number.isInteger(count) || count < 1 || count > most) {
    throw new UserError(`${count} principal components: must be a whole number from 1 to ${most}`);
  }
  const centered = centeredCloud(cloud);
  // The eigenvectors of the smaller product are the directions, or what the points have along them.
  const { products, size } = smallerProduct(centered);
  for (let row = 0; row < size; row++) {
    for (let column = row + 1; column < size; column++) products[row * size + column] = products[column * size + row];
  }
  const matrix = Matrix.from1DArray(size, size, products);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const isByPoint = points < dimension;
  const order = [...realEigenvalues.keys()].sort((a, b) => realEigenvalues[b] - realEigenvalues[a]).slice(0, count);
  const total = realEigenvalues.reduce((sum, value) => sum + Math.max(0, value), 0);
  const variances = Float64Array.from(order, (column) => Math.max(0, realEigenvalues[column]) / points);
  const vectors = new Matrix(eigenvectorMatrix.subMatrixColumn(order));
  const along = isByPoint ? vectors : toMatrix(centered).mmul(vectors); // [points, count]
  const columns = order.map((_, k) => {
    const column = along.getColumn(k).map((value) => (isByPoint ? value * Math.sqrt(variances[k] * points) : value));
    const farthest = column.reduce((far, value) => (Math.abs(value) > Math.abs(far) ? value : far), 0);
    return farthest < 0 ? column.map((value) => -value) : column;
  });
  const values = Float64Array.from({ length: points * count }, (_, i) => columns[i % count][Math.floor(i / count)]);
  const share = (variances.reduce((sum, value) => sum + value, 0) * points) / total;
  return { projection: { values, points, dimension: count }, variances, share };
}
