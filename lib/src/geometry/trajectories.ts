import { median } from "simple-statistics";
import type { Cloud } from "../machine/support/cloud";
import { UserError } from "../machine/support/errors";
import type { Metric } from "./metric";
import { fields, number } from "./quantities";

/**
 * Lengths of the steps from each point to the next one, of points in their order: tokens along the text, or layers along depth
 * ({@link depthTrajectory}).
 *
 * @returns [N - 1]
 * @throws UserError with fewer than two points
 * @example stepLengths({ values: Float64Array.of(0, 0, 3, 4, 3, 4), points: 3, dimension: 2 }); // [5, 0]
 */
export function stepLengths(path: Cloud): Float64Array {
  checkPoints(path, 2);
  return Float64Array.from({ length: path.points - 1 }, (_, i) => Math.sqrt(productOfSteps(path, i, i)));
}

/**
 * Angles between successive displacements of points in their order: entry i is that between x[i + 1] - x[i] and x[i + 2] - x[i + 1], so a
 * line has 0 and the way back 180 degrees. Independent points of one distribution have 120 in many dimensions (a cosine of -1/2: both
 * displacements share a point, to which one goes and from which the other comes), a random walk 90. (Papers that take the angle
 * inside the bend, between x[i] - x[i + 1] and x[i + 2] - x[i + 1], have 180 less this.)
 *
 * @returns degrees [N - 2], 0 to 180; NaN where one of the two displacements is zero
 * @throws UserError with fewer than three points
 * @see Hosseini and Fedorenko 2023 (arXiv 2311.04930), section 3, whose curvature is its mean along a text
 * @example
 * turningAngles({ values: Float64Array.of(0, 0, 1, 0, 2, 0, 2, 1), points: 4, dimension: 2 }); // [0, 90]
 */
export function turningAngles(path: Cloud): Float64Array {
  checkPoints(path, 3);
  return Float64Array.from({ length: path.points - 2 }, (_, i) => {
    const [before, after] = [productOfSteps(path, i, i), productOfSteps(path, i + 1, i + 1)];
    const cosine = productOfSteps(path, i, i + 1) / Math.sqrt(before) / Math.sqrt(after);
    return (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI;
  });
}

/**
 * The way of one token through the layers: its vectors as a cloud, a point a layer.
 *
 * @param hidden the layers, as `model.run` gives them
 * @param token which point of each
 * @returns [layers, width]
 * @throws UserError if there is no such token
 * @example
 * const layers = [0, 5].map((first) => ({ values: Float64Array.of(first, first + 1), points: 2, dimension: 1 }));
 * depthTrajectory(layers, 1).values; // [1, 6]
 */
export function depthTrajectory(hidden: readonly Cloud[], token: number): Cloud<Float64Array> {
  const dimension = hidden[0]?.dimension ?? 0;
  const values = new Float64Array(hidden.length * dimension);
  hidden.forEach((cloud, layer) => {
    if (!(Number.isInteger(token) && token >= 0 && token < cloud.points && cloud.dimension === dimension)) {
      throw new UserError(
        `token ${token} of layer ${layer}: it has ${cloud.points} points of ${cloud.dimension} coordinates`,
      );
    }
    values.set(cloud.values.subarray(token * dimension, (token + 1) * dimension), layer * dimension);
  });
  return { values, points: hidden.length, dimension };
}

/** Scalar product of the displacements that begin at two points. */
function productOfSteps({ values, dimension }: Cloud, one: number, other: number): number {
  let sum = 0;
  for (let i = 0; i < dimension; i++) {
    const [a, b] = [one * dimension + i, other * dimension + i];
    sum += (values[a + dimension] - values[a]) * (values[b + dimension] - values[b]);
  }
  return sum;
}

function checkPoints({ points }: Cloud, fewest: number): void {
  if (points < fewest) throw new UserError(`a path of ${points} points: at least ${fewest} are needed`);
}

/** The way of a text through a layer, from token to token. */
export interface Trajectory {
  /** The mean angle between successive displacements, in degrees; where one is zero there is none. */
  turn: number;
  /** The median length of a step over the median length of a vector: neither notices a first token that is far longer. */
  step: number;
}

export const trajectoryMetric = {
  version: 1,
  quantities: fields({ turn: number("turnAlongText"), step: number("stepAlongText") }),
  async measure({ cloud, squaredLengths }) {
    const turns = turningAngles(cloud).filter((angle) => !Number.isNaN(angle));
    return {
      turn: turns.reduce((sum, angle) => sum + angle, 0) / turns.length,
      step: median(Array.from(stepLengths(cloud))) / median(Array.from(squaredLengths, Math.sqrt)),
    };
  },
} satisfies Metric<Trajectory>;
