import type { Cloud } from "../machine/support/cloud";
import { sumUp } from "./cloudSums";

/** Rows that are multiplied with all others at a time: they stay in the processor's cache. */
const BLOCK = 16;

/**
 * A cloud with its mean taken off, twice: of points far from the origin the first time leaves what rounding has made of their mean.
 */
export function centeredCloud(cloud: Cloud): Cloud<Float64Array> {
  return withoutMean(withoutMean(cloud));
}

function withoutMean(cloud: Cloud): Cloud<Float64Array> {
  const { values, points, dimension } = cloud;
  const mean = sumUp(cloud).sum.map((total) => total / points);
  return { points, dimension, values: Float64Array.from(values, (value, i) => value - mean[i % dimension]) };
}

/**
 * Dot products of all pairs of rows, in float64: the lower triangle of the matrix [count, count].
 *
 * @param rows [count, any] in C order
 */
export function dotProducts(rows: Float64Array, count: number): Float64Array {
  const length = rows.length / count;
  const products = new Float64Array(count * count);
  for (let top = 0; top < count; top += BLOCK) {
    const bottom = Math.min(count, top + BLOCK);
    for (let other = 0; other < bottom; other++) {
      for (let row = Math.max(top, other); row < bottom; row++) {
        products[row * count + other] = dotOfRows(rows, row * length, other * length, length);
      }
    }
  }
  return products;
}

/** In four sums, which do not wait for each other. */
function dotOfRows(rows: Float64Array, one: number, other: number, length: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < length; i += 4) {
    a += rows[one + i] * rows[other + i];
    b += rows[one + i + 1] * rows[other + i + 1];
    c += rows[one + i + 2] * rows[other + i + 2];
    d += rows[one + i + 3] * rows[other + i + 3];
  }
  for (; i < length; i++) a += rows[one + i] * rows[other + i];
  return a + b + c + d;
}
