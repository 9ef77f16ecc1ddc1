import type { Cloud } from "../machine/support/cloud";
import { inKernelMemory } from "./kernels";

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
export function sumUp(cloud: Cloud, weights?: Float64Array): CloudSums {
  const { points, dimension } = cloud;
  return inKernelMemory(cloud, (memory, valuesAt, isDouble) => {
    const weightsAt = memory.place(weights ?? new Float64Array(points).fill(1));
    const lengthsAt = memory.reserve(8 * points);
    const sumAt = memory.place(new Float64Array(dimension));
    memory.call.sumUp(valuesAt, isDouble, points, dimension, weightsAt, lengthsAt, sumAt);
    return { squaredLengths: memory.float64(lengthsAt, points).slice(), sum: memory.float64(sumAt, dimension).slice() };
  });
}
