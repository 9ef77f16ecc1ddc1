import { UserError } from "./errors";

/** N points in D dimensions: the token vectors of a prompt at one layer, as the model hands them out, or what a file of vectors holds. */
export interface Cloud<Values extends Float32Array | Float64Array = Float32Array | Float64Array> {
  /** [points, dimension] in C order. */
  values: Values;
  points: number;
  dimension: number;
}

/** A cloud with the name that a report calls it by. */
export interface NamedCloud {
  name: string;
  cloud: Cloud;
}

/** Two neighbors are the least that a local estimate needs. */
export const FEWEST_POINTS = 3;

/** @throws UserError if there are fewer than three points, no dimension, or a value that is not a finite number */
export function checkCloud(cloud: Cloud, name: string): void {
  checkSize(cloud, name);
  checkValues(cloud, name);
}

/** @throws UserError if there are fewer than three points, no dimension, or another number of values */
export function checkSize({ values, points, dimension }: Cloud, name: string): void {
  if (points < FEWEST_POINTS)
    throw new UserError(`${name}: has ${points} points; at least ${FEWEST_POINTS} are needed`);
  if (dimension < 1) throw new UserError(`${name}: its points have no coordinates`);
  if (values.length !== points * dimension) {
    throw new UserError(
      `${name}: has ${values.length} values; ${points} points in ${dimension} dimensions have ${points * dimension}`,
    );
  }
}

/** @throws UserError if a value is not a finite number */
export function checkValues({ values, dimension }: Cloud, name: string): void {
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
