import { UserError } from "../support/errors";
import { inKernelMemory } from "./kernels";

/** N points in D dimensions; as the tokens of a prompt at one layer, or what a .npy file holds. */
export interface PointCloud {
  /** [points, dimension] in C order. */
  values: Float32Array | Float64Array;
  points: number;
  dimension: number;
}

/** Two neighbors are the least that a local estimate needs. */
export const FEWEST_POINTS = 3;

/** @throws UserError if there are fewer than three points, no dimension, or a value that is not a finite number */
export function checkCloud(cloud: PointCloud, name: string): void {
  checkSize(cloud, name);
  checkValues(cloud, name);
}

/** @throws UserError if there are fewer than three points, or no dimension */
export function checkSize({ points, dimension }: PointCloud, name: string): void {
  if (points < FEWEST_POINTS)
    throw new UserError(`${name}: has ${points} points; at least ${FEWEST_POINTS} are needed`);
  if (dimension < 1) throw new UserError(`${name}: its points have no coordinates`);
}

/** @throws UserError if a value is not a finite number */
export function checkValues({ values, dimension }: PointCloud, name: string): void {
  if (allFinite(values)) return;
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) {
      const place = `point ${Math.floor(i / dimension)}, coordinate ${i % dimension}`;
      throw new UserError(`${name}: holds ${values[i]} (${place}); all values must be finite numbers`);
    }
  }
}

/** A finite number times 0 is 0, infinity and NaN are NaN: one test for all. In four sums, which do not wait for each other. */
function allFinite(values: Float32Array | Float64Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < values.length; i += 4) {
    a += values[i] * 0;
    b += values[i + 1] * 0;
    c += values[i + 2] * 0;
    d += values[i + 3] * 0;
  }
  for (; i < values.length; i++) a += values[i] * 0;
  return a + b + c + d === 0;
}

/** Sums over a cloud, in float64. */
export interface CloudSums {
  /** Squared length of each point [points]; the same of points that coincide. */
  squaredLengths: Float64Array;
  /** Sum of all points, each times its weight [dimension]. */
  sum: Float64Array;
}

/**
 * Sums over a cloud.
 *
 * @param weights of the points [points]; 1 without them
 */
export function sumUp(cloud: PointCloud, weights?: Float64Array): CloudSums {
  const { points, dimension } = cloud;
  return inKernelMemory(cloud, (memory, valuesAt, isDouble) => {
    const weightsAt = memory.place(weights ?? new Float64Array(points).fill(1));
    const lengthsAt = memory.reserve(8 * points);
    const sumAt = memory.place(new Float64Array(dimension));
    memory.call.sumUp(valuesAt, isDouble, points, dimension, weightsAt, lengthsAt, sumAt);
    return { squaredLengths: memory.float64(lengthsAt, points).slice(), sum: memory.float64(sumAt, dimension).slice() };
  });
}

/**
 * For each point the first one that coincides with it exactly: itself, if none before it does.
 *
 * @param lengths squared length of each point as of {@link sumUp}: points that coincide have the same
 */
export function firstOnes(cloud: PointCloud, lengths: Float64Array): Int32Array {
  const ofLength = new Map<number, number[]>();
  return Int32Array.from({ length: cloud.points }, (_, point) => {
    const alike = ofLength.get(lengths[point]);
    const first = alike?.find((other) => coincide(cloud, point, other));
    if (first !== undefined) return first;
    if (alike) alike.push(point);
    else ofLength.set(lengths[point], [point]);
    return point;
  });
}

/**
 * The cloud with every set of exactly coinciding points reduced to its first one. Between equal points all distances are
 * 0 and their ratios say nothing, so dimension estimates leave the copies out (METHOD of the paper's DADApy: the same).
 * Returns the cloud itself if all points differ.
 *
 * @param firsts as of {@link firstOnes}
 */
export function distinctPoints(
  cloud: PointCloud,
  firsts: Int32Array = firstOnes(cloud, sumUp(cloud).squaredLengths),
): PointCloud {
  const { values, points, dimension } = cloud;
  const kept = Array.from(firsts.keys()).filter((point) => firsts[point] === point);
  if (kept.length === points) return cloud;
  const rest = new (values.constructor as Float64ArrayConstructor)(kept.length * dimension);
  kept.forEach((point, row) => {
    rest.set(values.subarray(point * dimension, (point + 1) * dimension), row * dimension);
  });
  return { values: rest, points: kept.length, dimension };
}

/** 0 and -0 are the same coordinate. */
function coincide({ values, dimension }: PointCloud, one: number, other: number): boolean {
  for (let column = 0; column < dimension; column++) {
    if (values[one * dimension + column] !== values[other * dimension + column]) return false;
  }
  return true;
}
