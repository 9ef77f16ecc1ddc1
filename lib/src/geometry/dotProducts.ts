import type { Cloud } from "../machine/support/cloud";
import { sumUp } from "./cloudSums";
import { inKernelMemory } from "./kernels";

/**
 * A cloud with its mean taken off, twice: of points far from the origin the first time leaves what rounding has made of their mean.
 */
export function centeredCloud(cloud: Cloud): Cloud<Float64Array> {
  return withoutMean(withoutMean(cloud));
}

function withoutMean(cloud: Cloud): Cloud<Float64Array> {
  const { values, points, dimension } = cloud;
  const mean = sumUp(cloud).sum.map((total) => total / points);
  const centered = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) centered[i] = values[i] - mean[i % dimension];
  return { points, dimension, values: centered };
}

/**
 * Dot products of all pairs of rows, in float64: the lower triangle of the matrix [count, count].
 *
 * @param rows [count, any] in C order
 * @throws UserError if they are too many for WebAssembly's memory
 */
export function dotProducts(rows: Float64Array, count: number): Float64Array {
  const length = rows.length / count;
  const cloud: Cloud = { values: rows, points: count, dimension: length };
  return inKernelMemory(cloud, (memory, rowsAt) => {
    const productsAt = memory.reserve(8 * count * count);
    memory.float64(productsAt, count * count).fill(0);
    memory.call.dotProducts(rowsAt, count, length, productsAt);
    return memory.float64(productsAt, count * count).slice();
  });
}
