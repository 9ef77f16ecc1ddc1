import type { Cloud } from "../machine/support/cloud";
import { sumUp } from "./cloudSums";
import { pointsAt } from "./pointsAt";

/**
 * For each point the first one that coincides with it exactly: itself, if none before it does.
 *
 * @param lengths squared length of each point as of {@link sumUp}: points that coincide have the same
 */
export function firstOnes(cloud: Cloud, lengths: Float64Array): Int32Array {
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
 * 0 and their ratios say nothing, so dimension estimates leave the copies out (DADApy does the same for the paper).
 * Returns the cloud itself if all points differ.
 *
 * @param firsts as of {@link firstOnes}
 * @example distinctPoints({ values: Float64Array.of(0, 1, 0, 7), points: 4, dimension: 1 }).points; // 3
 */
export function distinctPoints(
  cloud: Cloud,
  firsts: Int32Array = firstOnes(cloud, sumUp({ ...cloud }).squaredLengths),
): Cloud {
  const kept = Array.from(firsts.keys()).filter((point) => firsts[point] === point);
  return kept.length === cloud.points ? cloud : pointsAt(cloud, kept);
}

/** 0 and -0 are the same coordinate. */
function coincide({ values, dimension }: Cloud, one: number, other: number): boolean {
  for (let column = 0; column < dimension; column++) {
    if (values[one * dimension + column] !== values[other * dimension + column]) return false;
  }
  return true;
}
