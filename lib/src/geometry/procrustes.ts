import { type Matrix, SingularValueDecomposition } from "ml-matrix";
import { type Cloud, checkCloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { toMatrix } from "./matrix";

/**
 * A cloud turned, or mirrored, to lie as near to another one as it can: x R with the orthogonal R for which the sum of the squared
 * distances between points of the same number is least. No distance within the cloud changes. Neither cloud is moved or scaled: center
 * both first.
 *
 * @param cloud its points stand for those of the other, one by one
 * @param onto the other one, in as many dimensions
 * @throws UserError if the clouds are too small, hold NaN or infinity, or have not the same number of points and dimensions
 * @see Schönemann 1966 (Psychometrika 31, 1), equation 1.7: R = U V^T of x^T y = U S V^T
 * @example
 * const triangle = { values: Float64Array.of(0, 0, 2, 0, 0, 1), points: 3, dimension: 2 };
 * const quarterTurned = { values: Float64Array.of(0, 0, 0, 2, -1, 0), points: 3, dimension: 2 };
 * turnedOnto(triangle, quarterTurned).values; // [0.0, 0.0, 0.00, 2.00, -1.00, 0.00]
 */
export function turnedOnto(cloud: Cloud, onto: Cloud): Cloud<Float64Array> {
  checkCloud(cloud, "the cloud");
  checkCloud(onto, "the cloud that it is turned onto");
  const { points, dimension } = cloud;
  if (points !== onto.points || dimension !== onto.dimension) {
    const sizes = [cloud, onto].map((one) => `${one.points} points in ${one.dimension} dimensions`);
    throw new UserError(`${sizes.join(" cannot be turned onto ")}: they must be as many`);
  }
  const x = toMatrix(cloud);
  const { leftSingularVectors, rightSingularVectors } = new SingularValueDecomposition(
    x.transpose().mmul(toMatrix(onto)),
  );
  const turned: Matrix = x.mmul(leftSingularVectors.mmul(rightSingularVectors.transpose()));
  return { values: Float64Array.from(turned.to1DArray()), points, dimension };
}
