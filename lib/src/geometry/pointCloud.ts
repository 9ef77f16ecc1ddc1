import { UserError } from "../support/errors";

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
export function checkCloud({ values, points, dimension }: PointCloud, name: string): void {
  if (points < FEWEST_POINTS)
    throw new UserError(`${name}: has ${points} points; at least ${FEWEST_POINTS} are needed`);
  if (dimension < 1) throw new UserError(`${name}: its points have no coordinates`);
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

/** Squared length of each point, in float64 [points]. */
export function squaredLengths({ values, points, dimension }: PointCloud): Float64Array {
  const lengths = new Float64Array(points);
  for (let point = 0; point < points; point++) {
    let [a, b, c, d] = [0, 0, 0, 0];
    let i = point * dimension;
    const end = i + dimension;
    for (; i + 3 < end; i += 4) {
      a += values[i] * values[i];
      b += values[i + 1] * values[i + 1];
      c += values[i + 2] * values[i + 2];
      d += values[i + 3] * values[i + 3];
    }
    for (; i < end; i++) a += values[i] * values[i];
    lengths[point] = a + b + (c + d);
  }
  return lengths;
}

/**
 * The cloud with every set of exactly coinciding points reduced to its first one. Between equal points all distances are
 * 0 and their ratios say nothing, so dimension estimates leave the copies out (METHOD of the paper's DADApy: the same).
 * Returns the cloud itself if all points differ.
 *
 * @param lengths squared length of each point: points that coincide have the same
 */
export function distinctPoints(cloud: PointCloud, lengths: Float64Array = squaredLengths(cloud)): PointCloud {
  const { values, points, dimension } = cloud;
  const ofLength = new Map<number, number[]>();
  const kept: number[] = [];
  for (let point = 0; point < points; point++) {
    const alike = ofLength.get(lengths[point]);
    if (alike?.some((other) => coincide(cloud, point, other))) continue;
    kept.push(point);
    if (alike) alike.push(point);
    else ofLength.set(lengths[point], [point]);
  }
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
