import { type Cloud, checkCloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import { normalGenerator } from "../machine/support/random";
import { centeredCloud } from "./dotProducts";

/**
 * Points of a ball, independent and uniform: a cloud whose dimension is known. What an estimator makes of it, at as many points, says how
 * far to believe it: estimates from neighbors come out too low in many dimensions, where nearly all points are near the surface.
 *
 * @param points how many
 * @param dimension of the ball; its radius is 1
 * @param seed any text
 * @throws UserError if one of the two is no whole number above 0
 * @example
 * const ball = ballCloud(500, 3, "1");
 * gride(await neighbors(ball, 2), 2).id; // 3.116
 */
export function ballCloud(points: number, dimension: number, seed: string): Cloud<Float64Array> {
  checkCounts({ points, dimension });
  const { normal, uniform } = normalGenerator(`ball|${seed}`);
  const values = Float64Array.from({ length: points * dimension }, normal);
  for (let point = 0; point < points; point++) {
    const vector = values.subarray(point * dimension, (point + 1) * dimension);
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    const radius = (1 - uniform()) ** (1 / dimension);
    for (let i = 0; i < dimension; i++) vector[i] *= radius / length;
  }
  return { values, points, dimension };
}

/**
 * Points of the normal distribution that has a cloud's mean and covariance (1/N sum of the products): what is in second moments alone. Each
 * is the mean and a sum of the centered points, each times a standard normal number of its own, over the square root of N.
 *
 * @param points how many; as many as the cloud without it
 * @param seed any text
 * @throws UserError if the cloud has fewer than three points, or holds NaN or infinity, or no whole number of points above 0 is asked for
 * @example
 * const line = { values: Float64Array.of(0, 0, 1, 2, 2, 4, 3, 6), points: 4, dimension: 2 };
 * const { values } = gaussianLike(line, "0", 1);
 * values[1] / values[0]; // 2
 */
export function gaussianLike(cloud: Cloud, seed: string, points: number = cloud.points): Cloud<Float64Array> {
  checkCloud(cloud, "the cloud");
  checkCounts({ points });
  const { points: count, dimension } = cloud;
  const centered = centeredCloud(cloud).values;
  const { normal } = normalGenerator(`gaussian|${seed}`);
  const mean = Float64Array.from({ length: dimension }, (_, i) => cloud.values[i] - centered[i]);
  const values = new Float64Array(points * dimension);
  for (let point = 0; point < points; point++) {
    const vector = values.subarray(point * dimension, (point + 1) * dimension);
    vector.set(mean);
    for (let other = 0; other < count; other++) {
      const weight = normal() / Math.sqrt(count);
      for (let i = 0; i < dimension; i++) vector[i] += weight * centered[other * dimension + i];
    }
  }
  return { values, points, dimension };
}

function checkCounts(counts: Record<string, number>): void {
  for (const [name, value] of Object.entries(counts)) {
    if (!(Number.isInteger(value) && value > 0)) {
      throw new UserError(`${name} is ${value}: must be a whole number above 0`);
    }
  }
}
